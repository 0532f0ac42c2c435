"""What is said about a run to other programs: its state, and its events. Pure; the words of docs/guides/sending.md."""

from __future__ import annotations

import json
from typing import Any

from monitor._version import __version__
from monitor.serve.feed import FedLine
from monitor.serve.senders.targets import MqttTarget
from monitor.text.json_lines import json_line

__all__ = ["EVENT_TYPES", "RunState", "discovery"]

EVENT_TYPES = ("start", "device", "overload", "mark", "note", "site", "summary")
"""Lines of a run that are events as they are; a change of verdict is one of our own."""
STATES = ("listening", "no-signal", "poor-signal", "uncertain")
DETAILS = ("possible", "loudness", "murmur_timing")
SCORE_DIGITS = 2


class RunState:
    """What holds now, from the lines of a run, or of one device of it, in their order.

    Attributes
    ----------
    values : dict
        ``state`` and ``label`` of the rolling verdict, ``shown`` (the label, or else the state), ``score`` of the label
        as on the screen, ``confidence``, what else is known of the verdict (:data:`DETAILS`), ``heart_rate_bpm``,
        ``quality``, ``reason``, ``device``, ``at_s``.
    labels : tuple of str
        Of the network.
    model : str
        Its name.
    """

    def __init__(self) -> None:
        self.values: dict[str, Any] = self._nothing()
        self.labels: tuple[str, ...] = ()
        self.model = ""

    def take(self, line: FedLine) -> list[dict[str, Any]]:
        """Take a line, and return the events that it is or brings about."""
        kind = line.kind
        if kind == "window":
            return self._window(json.loads(line.text), line.stream)
        if kind not in EVENT_TYPES:
            return []
        values = json.loads(line.text)
        if kind == "start":
            self.labels, self.model = tuple(values["labels"]), values["model"]
            self.values = self._nothing()
        elif kind == "device":
            self.values["device"] = values["state"]
        return [values]

    def _window(self, line: dict[str, Any], stream: str | None) -> list[dict[str, Any]]:
        """Take the result of a window; return the change of verdict, if it is one."""
        rolling, before = line["rolling"], self.values
        label = rolling["label"]
        acoustic = rolling["acoustic_scores"]
        now = {
            "state": rolling["state"],
            "label": label,
            "shown": label or rolling["state"],
            "score": None if label is None or acoustic is None else round(acoustic[label], SCORE_DIGITS),
            "confidence": None if rolling["confidence"] is None else round(rolling["confidence"], SCORE_DIGITS),
            **{key: rolling.get(key) for key in DETAILS},
            "heart_rate_bpm": None if line["heart_rate_bpm"] is None else round(line["heart_rate_bpm"]),
            "quality": round(line["quality"]["score"], SCORE_DIGITS),
            "reason": line["quality"]["reason"],
            "device": before["device"],
            "at_s": line["end_s"],
        }
        self.values = now
        if now["shown"] == before["shown"]:
            return []
        told = {key: before[key] for key in ("state", "label")}
        kind = {"type": "verdict"} if stream is None else {"type": "verdict", "stream": stream}
        return [kind | {key: now[key] for key in now if key != "device"} | {"before": told}]

    @staticmethod
    def _nothing() -> dict[str, Any]:
        """Return what holds before the first window."""
        keys = ("label", "score", "confidence", *DETAILS, "heart_rate_bpm", "quality", "reason", "device", "at_s")
        return {"state": "listening", "shown": "listening", **dict.fromkeys(keys)}


def discovery(
    target: MqttTarget, state: RunState, monitor: MqttTarget | None = None, title: str | None = None
) -> tuple[str, str]:
    """Return topic and payload by which Home Assistant learns of the monitor and what it shows: one device.

    Parameters
    ----------
    target : MqttTarget
        Of the device.
    state : RunState
    monitor : MqttTarget or None
        Of the program, whose availability is that of all its devices; None where they are the same.
    title : str or None
        What a person calls the device; None for its part of the topic.

    Notes
    -----
    The form is that of "device discovery", with abbreviated keys; https://www.home-assistant.io/integrations/mqtt.
    """
    own = f"auscult_{target.name}"

    def component(platform: str, key: str, name: str, template: str, **more: Any) -> dict[str, Any]:
        unique = f"{own}_{key}"
        return {
            "p": platform,
            "unique_id": unique,
            "default_entity_id": f"{platform}.{unique.lower().replace('-', '_')}",
            "name": name,
            "value_template": template,
            **more,
        }

    payload = {
        "dev": {
            "ids": [own],
            "name": f"auscult {target.name if title is None else title}",
            "mf": "auscult",
            "mdl": state.model,
            "sw": __version__,
        },
        "o": {"name": "auscult", "sw": __version__},
        "cmps": {
            "verdict": component(
                "sensor",
                "verdict",
                "Verdict",
                "{{ value_json.shown }}",
                device_class="enum",
                options=[*STATES, *state.labels],
                icon="mdi:stethoscope",
            ),
            "score": component(
                "sensor",
                "score",
                "Score",
                "{{ value_json.score }}",
                state_class="measurement",
                suggested_display_precision=SCORE_DIGITS,
            ),
            "heart_rate": component(
                "sensor",
                "heart_rate",
                "Heart rate",
                "{{ value_json.heart_rate_bpm }}",
                unit_of_measurement="bpm",
                state_class="measurement",
                icon="mdi:heart-pulse",
            ),
            "sound": component(
                "binary_sensor",
                "sound",
                "Sound",
                "{{ 'ON' if value_json.sound else 'OFF' }}",
                device_class="connectivity",
            ),
        },
        "state_topic": target.topic("state"),
        "availability_topic": (target if monitor is None else monitor).topic("availability"),
        "qos": 1,
    }
    return f"{target.discovery}/device/{own}/config", json_line(payload)
