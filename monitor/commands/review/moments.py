"""What the dashboard shows at a moment of a recording that was judged before: a snapshot, without judging again.

The verdict at a moment is that of the first window that ends at it or behind it, as in every export
(:mod:`monitor.archive.spans`): the sound around the moment is known. The spectrogram is computed from the sound; it is
the network's input image of that window. One thread.
"""

from __future__ import annotations

import bisect
import dataclasses
import math

import numpy as np
from numpy.typing import NDArray

from monitor.archive.beats import timeline_variability
from monitor.archive.timeline import Timeline
from monitor.archive.windows import heart_beat, start_message, window_event
from monitor.commands.review.sound_bins import SoundBins
from monitor.dashboard.trace import Ticks, detect_heart_sounds
from monitor.features.extractor import FeatureExtractor
from monitor.features.spec import HEART
from monitor.messages import HeartBeat, Level, PlaybackStatus, SiteChange, Snapshot, WindowEvent

__all__ = ["Moments"]

LEVEL_S = 0.1
FLOOR_DB = -120.0
FULL_SCALE = 0.999
HISTORY = 240
SNAP = 0.2
"""A heart cycle ends at a heart sound within this part of it."""


class Moments:
    """Snapshots of a timeline.

    Parameters
    ----------
    timeline : Timeline
    bins : SoundBins
        Reads its sound.
    """

    def __init__(self, timeline: Timeline, bins: SoundBins) -> None:
        self._timeline, self._bins = timeline, bins
        self.start = start_message(timeline)
        self._ends = [float(line["end_s"]) for line in timeline.windows]
        self._history = [
            "gap" if line["gap"] else str(line["rolling"].get("label") or line["rolling"].get("state"))
            for line in timeline.windows
        ]
        self._sites = [(span.start_s, span.text) for span in timeline.spans if span.kind == "site"]
        beats = [heart_beat(line) for line in timeline.beats]
        self._heart_sounds = sorted(sound for beat in beats for sound in beat.sounds)
        self._cycles = [_cycle(beat) for beat in beats if beat.s1_s is not None and beat.rate_bpm]
        self._variability = timeline_variability(timeline)
        self._image: tuple[int, NDArray[np.float32] | None, tuple[float, ...]] = (-1, None, ())

    def heart_sounds(self, start_s: float, end_s: float) -> Ticks:
        """Return S1 and S2 in a stretch, each with its name, ascending; none where no beat was found."""
        first, end = (bisect.bisect_left(self._heart_sounds, (edge_s,)) for edge_s in (start_s, end_s))
        return tuple(self._heart_sounds[first:end])

    def index(self, at_s: float) -> int | None:
        """Return the index of the window that a moment belongs to; None where nothing was judged."""
        if not self._ends:
            return None
        return min(bisect.bisect_left(self._ends, at_s - 1e-6), len(self._ends) - 1)

    def window(self, at_s: float) -> WindowEvent | None:
        """Return the result of the window that a moment belongs to."""
        index = self.index(at_s)
        return None if index is None else window_event(self._timeline.windows[index])

    def snapshot(
        self, at_s: float, *, speed: float = 1.0, note: str = "", playback: PlaybackStatus | None = None
    ) -> Snapshot:
        """Return what the dashboard shows at a moment.

        Parameters
        ----------
        at_s : float
            Seconds of the sound.
        speed : float
            At which it is played.
        note : str
            A short text for the header.
        playback : PlaybackStatus or None
        """
        index = self.index(at_s)
        past = () if index is None else tuple(self._history[max(0, index + 1 - HISTORY) : index + 1])
        return Snapshot(
            start=dataclasses.replace(self.start, speed=speed),
            elapsed_s=at_s,
            window=self.window(at_s),
            tensor=self._picture(index)[0],
            history=past,
            level=self._level(at_s),
            hop_p50_ms=None,
            hop_p95_ms=None,
            skipped=0,
            overruns=0,
            gaps=0,
            finished=False,
            site=self._site(at_s),
            note=note,
            playback=playback,
            variability=self._variability,
        )

    def cycle(self, at_s: float) -> tuple[float, float] | None:
        """Return the heart cycle around a moment; None where neither beats nor a rate are known.

        It lasts from S1 to the next S1 where both were found. Else it begins at the last heart sound of the envelope
        before the moment and is as long as the heart rate says; where a heart sound lies near that end, it ends there.
        """
        for start_s, end_s in self._cycles:
            if start_s <= at_s < end_s:
                return start_s, end_s
        window = self.window(at_s)
        if window is None or window.heart_rate_bpm is None:
            return None
        sounds = self._picture(self.index(at_s))[1]
        start_s = max((sound for sound in sounds if sound <= at_s), default=at_s)
        length_s = 60.0 / window.heart_rate_bpm
        near = [sound for sound in sounds if abs(sound - start_s - length_s) <= SNAP * length_s]
        end_s = min(near, key=lambda sound: abs(sound - start_s - length_s), default=start_s + length_s)
        return (start_s, end_s) if end_s <= self._timeline.duration_s else None

    def _picture(self, index: int | None) -> tuple[NDArray[np.float32] | None, tuple[float, ...]]:
        """Return the input image of a window and the times of its heart sounds; computed once per window."""
        if index is None:
            return None, ()
        if index != self._image[0]:
            self._image = (index, *self._computed(index))
        return self._image[1:]

    def _computed(self, index: int) -> tuple[NDArray[np.float32] | None, tuple[float, ...]]:
        """Compute the input image of a window and its heart sounds from its sound."""
        line, rate = self._timeline.windows[index], self._timeline.sample_rate
        start, samples = round(line["start_s"] * rate), math.ceil(HEART.window_s * rate)
        waveform = self._bins.samples(start, start + samples)
        if line["gap"] or len(waveform) < rate // 10:
            return None, ()
        whole = np.resize(waveform, samples)  # a clip shorter than the window is looped, as when it was judged
        extractor = FeatureExtractor(HEART, rate)
        extractor.push(whole.astype(np.float32), last=True)
        try:
            frames = extractor.frames(0)
        except ValueError:
            return None, ()
        known = line.get("heart_rate_bpm") is not None and len(waveform) == samples
        sounds = detect_heart_sounds(frames.envelope, float(line["start_s"])) if known else ()
        return extractor.image(0, frames).copy(), sounds

    def _level(self, at_s: float) -> Level:
        """Return how loud the last tenth of a second is."""
        rate = self._timeline.sample_rate
        end = round(at_s * rate)
        waveform = self._bins.samples(end - round(LEVEL_S * rate), end)
        if not len(waveform):
            return Level(FLOOR_DB, FLOOR_DB, clipped=False)
        peak = float(np.abs(waveform).max())
        return Level(_db(float(waveform.std())), _db(peak), clipped=peak >= FULL_SCALE)

    def _site(self, at_s: float) -> SiteChange | None:
        """Return the site that was heard at a moment."""
        before = [(start_s, site) for start_s, site in self._sites if start_s <= at_s]
        if before:
            return SiteChange(before[-1][1], before[-1][0], round(before[-1][0] * self._timeline.sample_rate))
        first = self.start.site
        return None if first is None else SiteChange(first, 0.0, 0)


def _cycle(beat: HeartBeat) -> tuple[float, float]:
    """Return the cycle that ends with the S1 of a beat, seconds; it follows another."""
    end_s = beat.s1_s or 0.0
    return max(0.0, end_s - 60.0 / (beat.rate_bpm or math.inf)), end_s


def _db(amplitude: float) -> float:
    """Return an amplitude in dB of full scale."""
    return max(FLOOR_DB, 20.0 * math.log10(amplitude)) if amplitude > 0 else FLOOR_DB
