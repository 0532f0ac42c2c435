"""The FHIR bundle, validated by fhir.resources (release 4B, whose resources here are those of R4)."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import json
import os
import sys

import pytest

from monitor.commands.export.fhir_bundle import fhir_bundle

REASON = "loud bumps: keep the chest piece and its cable still"


def rendered(timeline):
    """Return the bundle as text."""
    ((ending, content),) = fhir_bundle(timeline, "heart").items()
    assert ending == ".fhir.json"
    return content


def resources(timeline):
    """Return the resources by type, observations by the text of their code."""
    entries = [entry["resource"] for entry in json.loads(rendered(timeline))["entry"]]
    return {entry.get("code", {}).get("text") or entry["resourceType"]: entry for entry in entries}


@pytest.fixture
def rate():
    """Return the key of the heart rate."""
    return "Heart rate from heart sounds"


@pytest.fixture
def verdict():
    """Return the key of the verdict."""
    return "Classification of heart sounds by auscult"


def with_summary(timeline, **changes):
    """Return a timeline with another summary."""
    return dataclasses.replace(timeline, summary={**timeline.summary, **changes})


@pytest.mark.parametrize("ended", ["well", "crash", "murmur", "no label", "no sound"])
def test_it_is_valid(timeline, crashed, ended):
    """Every kind of bundle passes the validation, and comes out of it as it went in; references are in the bundle."""
    models = pytest.importorskip("fhir.resources.R4B.bundle", reason="fhir.resources validates bundles")
    found = {
        "well": timeline,
        "crash": crashed,
        "murmur": with_summary(timeline, loudness="soft", murmur_timing="diastolic"),
        "no label": with_summary(timeline, label=None, state="uncertain", heart_rate_bpm=None),
        "no sound": dataclasses.replace(timeline, sound=None),
    }[ended]
    text = rendered(found)
    bundle = models.Bundle.model_validate_json(text)
    assert json.loads(bundle.model_dump_json()) == json.loads(text)
    urls = {entry.fullUrl for entry in bundle.entry}
    assert len(urls) == len(bundle.entry) == (3 if ended == "no sound" else 4)
    for entry in bundle.entry:
        if entry.resource.get_resource_type() == "Observation":
            assert entry.resource.device.reference in urls
            assert {reference.reference for reference in entry.resource.derivedFrom or ()} <= urls


def test_values(timeline, rate, verdict):
    """Rate, verdict and scores are those of the summary, both preliminary; the code of the rate is LOINC 8867-4."""
    found = resources(timeline)
    assert found[rate]["valueQuantity"] == {
        "value": 70.5,
        "unit": "beats/minute",
        "system": "http://unitsofmeasure.org",
        "code": "/min",
    }
    assert found[rate]["code"]["coding"][0]["code"] == "8867-4"
    assert found[verdict]["valueCodeableConcept"] == {"text": "murmur"}
    scores = {part["code"]["text"]: part["valueQuantity"]["value"] for part in found[verdict]["component"]}
    assert scores == {"Score of normal": 0.1, "Score of murmur": 0.9}
    for key in (rate, verdict):
        assert found[key]["status"] == "preliminary"
        assert "not for diagnosis" in found[key]["note"][0]["text"]
        assert found[key]["bodySite"] == {"text": "aortic valve area"}
        assert found[key]["effectivePeriod"]["start"] == "2026-01-02T03:04:05+01:00"
        assert "dataAbsentReason" not in found[key]
    assert found["Device"]["note"] == [{"text": f"Model heart-sounds, sha256 {'ab' * 32}"}]


def test_what_is_known_of_a_murmur(timeline, verdict):
    """Loudness and timing are components of the verdict, as texts; a label that is possible is the reason for none."""
    details = {"loudness": "soft", "murmur_timing": "diastolic"}
    found = resources(with_summary(timeline, **details))[verdict]["component"]
    texts = {part["code"]["text"]: part["valueString"] for part in found if "valueString" in part}
    assert texts == {"Loudness of the murmur": "soft", "Timing of the murmur": "diastolic"}
    unsure = with_summary(timeline, label=None, state="uncertain", possible="murmur", withheld={}, **details)
    found = resources(unsure)[verdict]
    assert found["dataAbsentReason"]["text"] == "uncertain: possible murmur"
    assert {"code": {"text": "Possible label"}, "valueString": "murmur"} in found["component"]


def test_another_engine_is_named(timeline):
    """The device is the network that ran."""
    int8 = dataclasses.replace(timeline, start={**timeline.start, "engine": "litert-int8"})
    assert resources(int8)["Device"]["note"][0]["text"].startswith("Model heart-sounds (litert-int8), sha256 ")


def test_no_verdict_has_its_reason(timeline, rate, verdict):
    """A value that is not there is never made up."""
    withheld = with_summary(timeline, label=None, state="poor-signal", heart_rate_bpm=None, acoustic_scores=None)
    found = resources(withheld)
    assert found[verdict]["dataAbsentReason"]["coding"][0]["code"] == "unknown"
    assert found[verdict]["dataAbsentReason"]["text"] == f"poor-signal; windows withheld: {REASON} (1)"
    assert found[rate]["dataAbsentReason"]["text"] == "no steady rate in enough of the sound"
    assert not {"valueCodeableConcept", "component", "valueQuantity"} & {*found[rate], *found[verdict]}


def test_after_a_crash(crashed, rate, verdict):
    """Neither value is given, and the period has no end."""
    found = resources(crashed)
    for key in (rate, verdict):
        absent = found[key]["dataAbsentReason"]
        assert (absent["coding"][0]["code"], absent["text"]) == ("error", "the session ended without its summary")
        assert "end" not in found[key]["effectivePeriod"]


def test_the_sound(timeline):
    """Name, size and digest of the file itself."""
    (content,) = resources(timeline)["DocumentReference"]["content"]
    data = timeline.sound.path.read_bytes()
    attachment = content["attachment"]
    assert (attachment["url"], attachment["contentType"], attachment["size"]) == ("sound.flac", "audio/flac", len(data))
    assert base64.b64decode(attachment["hash"]) == hashlib.sha1(data).digest()


@pytest.mark.skipif(sys.platform in ("darwin", "win32"), reason="there a name of a file is always text")
def test_a_name_that_is_no_text(timeline, tmp_path):
    """Bytes that are no UTF-8, as a name on Linux may hold, stand in the address as they are, escaped in the title."""
    path = tmp_path / os.fsdecode(b"bad\xff.flac")
    path.write_bytes(timeline.sound.path.read_bytes())
    named = dataclasses.replace(timeline, sound=dataclasses.replace(timeline.sound, path=path))
    (content,) = resources(named)["DocumentReference"]["content"]
    assert (content["attachment"]["url"], content["attachment"]["title"]) == ("bad%FF.flac", "bad\\udcff.flac")


def test_the_subject_is_named_only_if_given(timeline, crashed):
    """A code as an identifier, in every resource that has a subject; nothing otherwise."""
    found = resources(timeline)
    named = [resource["resourceType"] for resource in found.values() if "subject" in resource]
    assert sorted(named) == ["DocumentReference", "Observation", "Observation"]
    assert all(r["subject"] == {"identifier": {"value": "P7"}} for r in found.values() if "subject" in r)
    text = rendered(crashed)
    assert "subject" not in text
    assert "Patient" not in text + rendered(timeline)


def test_the_same_export_has_the_same_ids(timeline):
    """Twice the same text; another result has other ids."""
    assert rendered(timeline) == rendered(timeline)
    urls = [
        {entry["fullUrl"] for entry in json.loads(rendered(changed))["entry"]}
        for changed in (timeline, with_summary(timeline, label="normal"))
    ]
    assert not urls[0] & urls[1]


def test_the_variability_where_it_is_sure(timeline):
    """An Observation with a component for each metric; none where there are too few beats."""
    key = "Heart rate variability from the intervals between first heart sounds (S1)"
    beats = tuple(
        {"type": "beat", "s1_s": 0.2 + 0.4 * n, "s2_s": None, "confidence": 0.9, "rate_bpm": 150.0 if n else None}
        for n in range(24)
    )
    found = resources(dataclasses.replace(timeline, beats=beats))[key]
    values = {part["code"]["text"]: part["valueQuantity"]["value"] for part in found["component"]}
    assert values == {"Mean RR interval": 400.0, "SDNN": 0.0, "RMSSD": 0.0, "pNN50": 0.0}
    assert found["status"] == "preliminary"
    assert key not in resources(dataclasses.replace(timeline, beats=beats[:9]))
