"""A FHIR R4 Bundle: the program as a Device, heart rate and verdict as preliminary Observations, and the sound.

It names no patient; a session's subject, a code, becomes an identifier. Nothing of it is a diagnosis, which a note in
each Observation says. Ids follow from the sound and the result alone: the same export gives the same ids.
Source: https://hl7.org/fhir/R4/; LOINC 8867-4 (heart rate), UCUM.
"""

from __future__ import annotations

import base64
import datetime
import hashlib
import json
import os
import uuid
from pathlib import Path
from typing import Any
from urllib.parse import quote

from monitor._version import __version__
from monitor.archive.beats import timeline_variability
from monitor.archive.timeline import Timeline
from monitor.atomic_write import Content
from monitor.labels import DEFAULT_ENGINE, SITE_TITLES, model_title
from monitor.messages import HeartRateVariability
from monitor.output import printable
from monitor.text.shown import possible_of, possible_text
from monitor.text.variability_text import variability_text

__all__ = ["fhir_bundle"]

Resource = dict[str, Any]

CATEGORIES = "http://terminology.hl7.org/CodeSystem/observation-category"
ABSENT = "http://terminology.hl7.org/CodeSystem/data-absent-reason"
UCUM = "http://unitsofmeasure.org"
HEART_RATE = {
    "coding": [{"system": "http://loinc.org", "code": "8867-4", "display": "Heart rate"}],
    "text": "Heart rate from heart sounds",
}
VARIABILITY = {"text": "Heart rate variability from the intervals between first heart sounds (S1)"}
VERDICT = {"text": "Classification of heart sounds by auscult"}
DETAILS = {"Possible label": "possible", "Loudness of the murmur": "loudness", "Timing of the murmur": "murmur_timing"}
"""Components of the verdict besides its scores, and their keys in the summary."""
NOTE = "Computed from heart sounds by a program for research use; not for diagnosis."
MEDIA_TYPES = {".flac": "audio/flac", ".wav": "audio/wav", ".mp3": "audio/mpeg", ".ogg": "audio/ogg"}


def fhir_bundle(timeline: Timeline, name: str) -> dict[str, Content]:
    """Return the bundle as JSON."""
    digests = _digests(timeline.sound.path) if timeline.sound else None
    seed = json.dumps([digests, timeline.summary, timeline.start.get("model_sha256")], sort_keys=True)
    urls = {what: f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, f'auscult:{what}:{seed}')}" for what in _KINDS}
    resources = {
        "device": _device(timeline),
        "rate": _heart_rate(timeline, urls),
        "verdict": _verdict(timeline, urls),
    }
    variability = timeline_variability(timeline)
    if variability is not None and variability.sdnn_ms is not None:
        resources["variability"] = _variability(timeline, urls, variability)
    if timeline.sound is not None and digests is not None:
        resources["sound"] = _document(timeline, timeline.sound.path, digests[0])
    bundle: Resource = {"resourceType": "Bundle", "type": "collection"}
    bundle["entry"] = [{"fullUrl": urls[what], "resource": resource} for what, resource in resources.items()]
    return {".fhir.json": json.dumps(bundle, allow_nan=False, indent=2) + "\n"}


_KINDS = ("device", "rate", "verdict", "variability", "sound")


def _device(timeline: Timeline) -> Resource:
    """Return the program and its model."""
    start = timeline.start
    name, digest, engine = (start.get(key) or timeline.text(key) for key in ("model", "model_sha256", "engine"))
    model = model_title(str(name or "unknown"), str(engine or DEFAULT_ENGINE))
    return {
        "resourceType": "Device",
        "deviceName": [{"name": "auscult", "type": "model-name"}],
        "type": {"text": "Heart sound classifier, research use only"},
        "version": [{"value": str(start.get("version") or timeline.text("version") or __version__)}],
        "note": [{"text": f"Model {model}, sha256 {digest or 'unknown'}"}],
    }


def _observation(timeline: Timeline, urls: dict[str, str], code: Resource) -> Resource:
    """Return what both Observations have."""
    resource: Resource = {"resourceType": "Observation", "status": "preliminary", "code": code}
    resource |= _subject(timeline)
    started, ended = (_instant(timeline.text(key)) for key in ("started", "ended"))
    if started is not None:
        resource["effectivePeriod"] = {"start": started} | ({"end": ended} if ended else {})
    site = timeline.text("site")
    if site is not None:
        resource["bodySite"] = {"text": SITE_TITLES.get(site, site)}
    resource |= {"device": {"reference": urls["device"]}, "note": [{"text": NOTE}]}
    if timeline.sound is not None:
        resource["derivedFrom"] = [{"reference": urls["sound"]}]
    return resource


def _heart_rate(timeline: Timeline, urls: dict[str, str]) -> Resource:
    """Return the heart rate: the median over the windows that have one, as in the summary."""
    resource = _observation(timeline, urls, HEART_RATE)
    resource["category"] = [{"coding": [{"system": CATEGORIES, "code": "vital-signs"}]}]
    rate = (timeline.summary or {}).get("heart_rate_bpm")
    if rate is None:
        return resource | {"dataAbsentReason": _absent(timeline, "no steady rate in enough of the sound")}
    return resource | {"valueQuantity": {"value": rate, "unit": "beats/minute", "system": UCUM, "code": "/min"}}


def _variability(timeline: Timeline, urls: dict[str, str], found: HeartRateVariability) -> Resource:
    """Return the metrics of the heart rate variability as components; what is not sure is left out."""
    resource = _observation(timeline, urls, VARIABILITY)
    resource["note"].append({"text": variability_text(found)})
    values = found.to_dict()
    milliseconds = {"Mean RR interval": "mean_rr_ms", "SDNN": "sdnn_ms", "RMSSD": "rmssd_ms"}
    parts = [(name, values[key], "ms") for name, key in milliseconds.items()] + [("pNN50", values["pnn50"], "1")]
    resource["component"] = [
        {"code": {"text": name}, "valueQuantity": {"value": value, "system": UCUM, "code": unit}}
        for name, value, unit in parts
        if value is not None
    ]
    return resource


def _verdict(timeline: Timeline, urls: dict[str, str]) -> Resource:
    """Return the verdict on the whole sound, and how likely each label is heard."""
    resource = _observation(timeline, urls, VERDICT)
    summary = timeline.summary or {}
    if summary.get("label") is None:
        resource["dataAbsentReason"] = _absent(timeline, _why(summary))
    else:
        resource["valueCodeableConcept"] = {"text": summary["label"]}
    scores = summary.get("acoustic_scores") or summary.get("scores") or {}
    components: list[Resource] = [
        {"code": {"text": f"Score of {label}"}, "valueQuantity": {"value": score, "system": UCUM, "code": "1"}}
        for label, score in scores.items()
    ]
    components += [
        {"code": {"text": name}, "valueString": summary[key]} for name, key in DETAILS.items() if summary.get(key)
    ]
    return resource | ({"component": components} if components else {})


def _why(summary: Resource) -> str:
    """Return why there is no verdict, with the reasons for which windows were withheld."""
    withheld = summary.get("withheld")
    reasons = (
        "; ".join(f"{reason} ({count})" for reason, count in withheld.items()) if isinstance(withheld, dict) else ""
    )
    possible = possible_of(summary)
    words = str(summary.get("state", "")) + ("" if possible is None else f": {possible_text(possible)}")
    return words + (f"; windows withheld: {reasons}" if reasons else "")


def _absent(timeline: Timeline, reason: str) -> Resource:
    """Return why a value is absent."""
    if timeline.summary is None:
        return {"coding": [{"system": ABSENT, "code": "error"}], "text": "the session ended without its summary"}
    return {"coding": [{"system": ABSENT, "code": "unknown"}], "text": reason}


def _document(timeline: Timeline, path: Path, sha1: str) -> Resource:
    """Return the sound as a document beside the bundle."""
    name = os.fsencode(path.name)  # a name may hold bytes that are no UTF-8, which a bundle's text cannot
    attachment: Resource = {"url": quote(name), "size": path.stat().st_size, "hash": sha1}
    attachment |= {"title": printable(path.name)}
    media_type = MEDIA_TYPES.get(path.suffix.lower())
    started = _instant(timeline.text("started"))
    attachment |= {"contentType": media_type} if media_type else {}
    attachment |= {"creation": started} if started else {}
    document: Resource = {"resourceType": "DocumentReference", "status": "current", "docStatus": "preliminary"}
    document |= {"type": {"text": "Phonocardiogram"}, "content": [{"attachment": attachment}]}
    return document | _subject(timeline)


def _subject(timeline: Timeline) -> Resource:
    """Return the subject's code, where the session has one."""
    subject = timeline.text("subject")
    return {"subject": {"identifier": {"value": subject}}} if subject else {}


def _instant(text: str | None) -> str | None:
    """Return a time with its offset from UTC, which FHIR asks for; this machine's where it has none.

    Examples
    --------
    >>> _instant("2026-01-02T03:04:05.678+01:00")
    '2026-01-02T03:04:05+01:00'
    """
    if text is None:
        return None
    time = datetime.datetime.fromisoformat(text)
    return (time if time.tzinfo else time.astimezone()).isoformat(timespec="seconds").replace("+00:00", "Z")


def _digests(path: Path) -> tuple[str, str]:
    """Return the SHA-1 of a file in Base64, which FHIR asks for, and its SHA-256."""
    with path.open("rb") as file:
        sha1 = hashlib.file_digest(file, lambda: hashlib.sha1(usedforsecurity=False))
        file.seek(0)
        sha256 = hashlib.file_digest(file, "sha256")
    return base64.b64encode(sha1.digest()).decode(), sha256.hexdigest()
