"""The newest state of a run as JSON values: ``/api/snapshot`` and ``/health``. Belongs to the server's thread."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

from monitor.archive.segment_styles import segment_styles
from monitor.messages.rounding import TIME_DIGITS, rounded
from monitor.serve.feed import Feed, Playing
from monitor.text.alerts import alerts
from monitor.text.json_lines import window_line
from monitor.text.label_details import label_details
from monitor.text.shown import missing_text, rate_remark, shown_score, shown_scores

__all__ = ["STALLED_S", "Health", "SeveralHealth", "health_of", "snapshot_values"]

STALLED_S = 3.0
"""Seconds without a sample from which a run is not healthy."""
LEVEL_DIGITS = 1
NAMING_ALERTS = ("recording", "session", "marks")
"""Alerts whose sentences may hold a path."""


def snapshot_values(feed: Feed) -> dict[str, Any]:
    """Return all that a screen shows, but for picture and sound; see docs/guides/serving.md.

    Of several devices it has ``devices``, an entry for each, with ``stream`` and the keys of one device.
    """
    values: dict[str, Any] = {"type": "snapshot", "run": feed.run, "newest": feed.newest}
    if feed.several:
        return values | {"devices": [_part_values(part) for part in feed.parts]}
    return values | _part_values(feed)


def _part_values(feed: Feed) -> dict[str, Any]:
    """Return what a screen shows of one device."""
    playing, snapshot = feed.playing, feed.snapshot
    values: dict[str, Any] = {} if feed.name is None else {"stream": feed.name}
    values["playing"] = playing is not None
    if feed.share_subject:
        values["subject"] = feed.subject
    if playing is None:
        return values
    start = playing.start
    styles = segment_styles(start.labels)
    values |= {
        "source": start.source if playing.live or feed.share_subject else None,
        "live": playing.live,
        "number": playing.number,
        "model": start.model_title,
        "labels": list(start.labels),
        "window_s": float(start.window_s),
        "hop_s": float(start.hop_s),
        "duration_s": rounded(start.duration_s, TIME_DIGITS),
        "styles": {key: {"colour": style.colour, "letter": style.letter} for key, style in styles.items()},
        "at_s": None,
    }
    if snapshot is None or snapshot.start is not start:
        return values
    window, device, shown = snapshot.window, snapshot.device, alerts(snapshot)
    site = start.site if snapshot.site is None else snapshot.site.site
    values |= {
        "at_s": rounded(snapshot.elapsed_s, TIME_DIGITS),
        "note": snapshot.note,
        "finished": snapshot.finished,
        "site": site,
        "history": list(snapshot.history),
        "level": {
            "rms_db": rounded(snapshot.level.rms_db, LEVEL_DIGITS),
            "peak_db": rounded(snapshot.level.peak_db, LEVEL_DIGITS),
            "clipped": snapshot.level.clipped,
        },
        "alerts": [text for kind, text in shown.items() if feed.share_subject or kind not in NAMING_ALERTS],
        "device": None if device is None else {"state": device.state, "name": device.name, "lost_s": device.lost_s},
        "hop_p95_ms": rounded(snapshot.hop_p95_ms, 3),
        "skipped": snapshot.skipped,
        "overruns": snapshot.overruns,
        "gaps": snapshot.gaps,
        "overloaded": snapshot.overloaded,
        "window": None if window is None else json.loads(window_line(window)),
    }
    if window is not None:
        verdict = window.rolling
        values["shown"] = {
            "state": verdict.state,
            "label": verdict.label,
            "score": rounded(shown_score(verdict), 4),
            "scores": {label: rounded(score, 4) for label, score in (shown_scores(verdict) or {}).items()},
            "loudness": verdict.loudness,
            "remark": None if verdict.label else missing_text(verdict, start.acoustic_thresholds),
            "details": label_details(verdict),
            "rate_remark": rate_remark(window),
        }
    return values


def health_of(feed: Feed) -> Health | SeveralHealth:
    """Return what watches a feed, of one device or of several."""
    return SeveralHealth(feed) if feed.several else Health(feed)


class Health:
    """Watches whether samples arrive.

    Parameters
    ----------
    feed : Feed
    clock : callable
        Seconds of a monotonic clock; a test passes its own.
    """

    def __init__(self, feed: Feed, clock: Callable[[], float] = time.monotonic) -> None:
        self._feed, self._clock = feed, clock
        self._playing: Playing | None = None
        self._end_sample = 0
        self._moved_at = clock()

    def of(self, part: Feed) -> Health:
        """Return what watches a part of the feed."""
        return self

    def look(self) -> None:
        """Note whether samples have arrived since the last call; several times a second."""
        playing = self._feed.playing
        if playing is None:
            return
        end_sample = playing.ring.end_sample
        if playing is not self._playing or (
            end_sample != self._end_sample and self._state() not in ("lost", "opening")  # those samples are zeros
        ):
            self._moved_at = self._clock()
        self._playing, self._end_sample = playing, end_sample

    def _state(self) -> str:
        """Return the state of the input: of a device its own; of any other source waiting, playing or ended."""
        playing, snapshot = self._feed.playing, self._feed.snapshot
        if playing is None or snapshot is None:
            return "waiting"
        if snapshot.finished:
            return "ended"
        return "playing" if snapshot.device is None else snapshot.device.state

    @property
    def up(self) -> bool:
        """Whether the input delivers samples."""
        return self._state() in ("playing", "open") and self.last_sample_age_s < STALLED_S

    @property
    def last_sample_age_s(self) -> float:
        """Seconds since the last sample was seen to arrive."""
        return self._clock() - self._moved_at

    def values(self) -> dict[str, Any]:
        """Return the body of ``/health``."""
        snapshot, playing = self._feed.snapshot, self._feed.playing
        device = None if snapshot is None else snapshot.device
        named = playing is not None and (playing.live or self._feed.share_subject)
        return {
            "healthy": self.up,
            "last_sample_age_s": round(self.last_sample_age_s, 3),
            "state": self._state(),
            "device": playing.start.source if named and playing is not None else None,
            "lost_s": 0.0 if device is None else round(device.lost_s, TIME_DIGITS),
        }


class SeveralHealth:
    """Watches whether samples arrive from each of several devices.

    Parameters
    ----------
    feed : Feed
        A :class:`~monitor.serve.feed.SeveralFeed`.
    clock : callable
        As of :class:`Health`.
    """

    def __init__(self, feed: Feed, clock: Callable[[], float] = time.monotonic) -> None:
        self._feed, self._clock = feed, clock
        self._parts: dict[str | None, Health] = {}

    def of(self, part: Feed) -> Health:
        """Return what watches a device."""
        if part.name not in self._parts:
            self._parts[part.name] = Health(part, self._clock)
        return self._parts[part.name]

    def look(self) -> None:
        """Note whether samples have arrived since the last call; several times a second."""
        for part in self._feed.parts:
            self.of(part).look()

    @property
    def down(self) -> list[str | None]:
        """The devices that deliver no samples."""
        return [part.name for part in self._feed.parts if not self.of(part).up]

    @property
    def up(self) -> bool:
        """Whether every device delivers samples."""
        return bool(self._feed.parts) and not self.down

    def values(self) -> dict[str, Any]:
        """Return the body of ``/health``: which devices are down, and for each what it says of one."""
        devices = [{"stream": part.name, **self.of(part).values()} for part in self._feed.parts]
        return {"healthy": self.up, "down": self.down, "devices": devices}
