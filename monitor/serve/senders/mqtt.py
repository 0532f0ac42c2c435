"""A run on an MQTT broker: ``PREFIX/NAME/state``, ``/event`` and ``/availability``, and a device for Home Assistant.

Each of several devices has a state and events of its own, below ``PREFIX/NAME-DEVICE``, and is a device for Home
Assistant; all go over one connection, whose end is told by the one availability.

The client of paho-mqtt runs inside this sender's own thread; each connection has a new one, so nothing is kept in two
places: what the broker has not acknowledged goes back into the outbox.
"""

from __future__ import annotations

import dataclasses
import time
from typing import TYPE_CHECKING, Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion

from monitor.serve.feed import Feed
from monitor.serve.senders.messages import RunState, discovery
from monitor.serve.senders.outbox import Message
from monitor.serve.senders.sender import ANSWER_S, BackOff, Sender, Tell, reason_of
from monitor.serve.senders.targets import MqttTarget
from monitor.serve.state import health_of
from monitor.text.json_lines import json_line

if TYPE_CHECKING:
    import ssl

    from paho.mqtt.properties import Properties
    from paho.mqtt.reasoncodes import ReasonCode

__all__ = ["MqttSender"]

LIMIT = 1000
"""Events that wait for a broker that is away."""
IN_FLIGHT = 20
"""Messages that the broker has not acknowledged yet."""
KEEP_ALIVE_S = 30
LOOP_S = 0.1
STATE_S = 1.0
"""Seconds between two states whose verdict is the same."""
REFUSED = "the broker refused the connection ({}); is the user right, and the password in {}?"
PASSWORD_PLACES = "--mqtt-password-file or AUSCULT_MQTT_PASSWORD"  # noqa: S105  # where to look for it


@dataclasses.dataclass(slots=True)
class _Topics:
    """The topics of a device, and what was published there on this connection.

    Attributes
    ----------
    target : MqttTarget
    title : str or None
        What a person calls the device, where there are several.
    known : tuple or None
        Labels and model that Home Assistant knows.
    state : dict
        The newest, and ``state_at``, when it was published.
    """

    target: MqttTarget
    title: str | None = None
    known: tuple[tuple[str, ...], str] | None = None
    state: dict[str, Any] = dataclasses.field(default_factory=dict)
    state_at: float = 0.0


class MqttSender(Sender):
    """Publishes a run.

    Parameters
    ----------
    feed : Feed
    target : MqttTarget
    tell : Tell
    trust : ssl.SSLContext or None
        Checks the broker's certificate; needed for ``mqtts``.
    limit : int
        Events that wait at most.
    back_off : BackOff or None
        Between attempts to connect.
    """

    def __init__(
        self,
        feed: Feed,
        target: MqttTarget,
        tell: Tell,
        *,
        trust: ssl.SSLContext | None = None,
        limit: int = LIMIT,
        back_off: BackOff | None = None,
    ) -> None:
        super().__init__(feed, f"MQTT {target}", tell, limit=limit, back_off=back_off)
        self._target, self._trust, self._health = target, trust, health_of(feed)
        self._in_flight: dict[int, Message | None] = {}
        self._answer: ReasonCode | None = None
        self._topics: dict[str | None, _Topics] = {}

    def _run(self) -> None:
        """Connect again and again until told to stop."""
        while not self._stopping.is_set():
            client = self._client()
            try:
                if self._connected(client):
                    self._succeeded()
                    self._publish_until_lost(client)
            except (OSError, ValueError) as error:  # ValueError: a host that is no name, of the standard library
                self._failed(reason_of(error))
            finally:
                self._put_back()
            if not self._stopping.is_set():
                self._pause()
        self._take()

    def _client(self) -> paho.Client:
        """Return a client that has not connected."""
        target = self._target
        client = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id=f"auscult-{target.name}-{self._feed.run}",
            protocol=MQTTProtocolVersion.MQTTv311,
        )
        client.connect_timeout = ANSWER_S
        if target.user is not None:
            client.username_pw_set(target.user, target.password)
        if target.tls:
            client.tls_set_context(self._trust)
        client.will_set(target.topic("availability"), "offline", qos=1, retain=True)
        client.on_connect, client.on_message, client.on_publish = self._on_connect, self._on_message, self._on_publish
        return client

    def _connected(self, client: paho.Client) -> bool:
        """Connect; return whether the broker has accepted it.

        Raises
        ------
        OSError
            If there is no connection.
        """
        self._answer, answer_by = None, time.monotonic() + ANSWER_S
        client.connect(self._target.host, self._target.port, KEEP_ALIVE_S)
        while self._answer is None and not self._stopping.is_set():
            lost = client.loop(LOOP_S) is not MQTTErrorCode.MQTT_ERR_SUCCESS
            if self._answer is None and lost:
                self._failed(
                    "it ended the connection at once; is it an MQTT broker, and is TLS (mqtts://) as it wants?"
                )
                return False
            if time.monotonic() > answer_by:
                self._failed(reason_of(TimeoutError()))
                return False
        if self._answer is not None and self._answer.is_failure:
            self._failed(REFUSED.format(str(self._answer).lower(), PASSWORD_PLACES))
            return False
        return self._answer is not None

    def _publish_until_lost(self, client: paho.Client) -> None:
        """Publish what there is and what comes, until told to stop or the connection is lost."""
        if self._target.discovery:
            client.subscribe(f"{self._target.discovery}/status", qos=1)
        client.publish(self._target.topic("availability"), "online", qos=1, retain=True)
        self._say_again()
        while True:
            stopping = self._stopping.is_set()  # before the last lines are taken
            self._take()
            self._health.look()
            for part in self._feed.parts:
                now = {**self._states[part.name].values, "sound": self._health.of(part).up}
                self._publish_state(client, self._topics_of(part.name), self._states[part.name], now)
            self._publish_events(client)
            if client.loop(LOOP_S) is not MQTTErrorCode.MQTT_ERR_SUCCESS:
                self._failed("connection lost; trying again")
                return
            if stopping and (self._out_of_time or not (self.outbox or self._in_flight)):
                break
        self._leave(client)

    def _topics_of(self, name: str | None) -> _Topics:
        """Return the topics of a device, or of the one there is."""
        if name not in self._topics:
            others = [topics.target.name for topics in self._topics.values()]
            self._topics[name] = _Topics(self._target if name is None else self._target.device(name, others), name)
        return self._topics[name]

    def _say_again(self) -> None:
        """Let everything be published again that is retained."""
        for topics in self._topics.values():
            topics.known, topics.state = None, {}

    def _publish_state(self, client: paho.Client, topics: _Topics, run_state: RunState, now: dict[str, Any]) -> None:
        """Publish the state where it has changed, before it what Home Assistant must know to show it."""
        known = (run_state.labels, run_state.model)
        if self._target.discovery and known != topics.known and run_state.labels:
            topics.known = known
            client.publish(*discovery(topics.target, run_state, self._target, topics.title), qos=1, retain=True)
        old, at = topics.state, time.monotonic()
        firm = ("state", "label", "device", "sound")
        if any(now[key] != old.get(key) for key in firm) or (now != old and at >= topics.state_at + STATE_S):
            topics.state, topics.state_at = now, at
            client.publish(topics.target.topic("state"), json_line(now), qos=1, retain=True)

    def _publish_events(self, client: paho.Client) -> None:
        """Hand over events, as many as may be on their way at once."""
        while len(self._in_flight) < IN_FLIGHT and (message := self.outbox.take()) is not None:
            info = client.publish(self._topics_of(message.stream).target.topic("event"), message.text, qos=1)
            self._in_flight[info.mid] = message

    def _leave(self, client: paho.Client) -> None:
        """Say goodbye; the last will is for those who cannot."""
        info = client.publish(self._target.topic("availability"), "offline", qos=1, retain=True)
        self._in_flight[info.mid] = None
        while self._in_flight and not self._out_of_time and client.loop(LOOP_S) is MQTTErrorCode.MQTT_ERR_SUCCESS:
            pass
        client.disconnect()
        client.loop(LOOP_S)

    def _put_back(self) -> None:
        """Keep what the broker has not acknowledged for the next connection."""
        self.outbox.put_back([message for _, message in sorted(self._in_flight.items()) if message is not None])
        self._in_flight.clear()

    def _on_connect(
        self, client: paho.Client, data: object, flags: object, reason: ReasonCode, properties: Properties | None
    ) -> None:
        """Note the broker's answer."""
        self._answer = reason

    def _on_message(self, client: paho.Client, data: object, message: paho.MQTTMessage) -> None:
        """Tell Home Assistant again what there is, when it has started."""
        if message.payload == b"online":
            self._say_again()

    def _on_publish(
        self, client: paho.Client, data: object, mid: int, reason: ReasonCode, properties: Properties
    ) -> None:
        """Note that a message has arrived."""
        if self._in_flight.pop(mid, None) is not None:
            self.sent += 1
