"""A run on a real MQTT broker."""

from __future__ import annotations

import json
import signal
import subprocess
import sys

import pytest

pytest.importorskip("paho.mqtt", reason="MQTT needs its extra")

from monitor.serve.feed import Feed
from monitor.serve.senders.mqtt import MqttSender
from monitor.serve.senders.sender import BackOff
from monitor.serve.senders.targets import mqtt_target, trusting
from tests.monitor.serve.conftest import Run, device, snapshot
from tests.monitor.serve.senders.conftest import PASSWORD, USER, free_port

SETTLE_S = 10.0


def published(feed, told, broker, **options):
    """Return a sender to a broker without a password."""
    target = mqtt_target(f"mqtt://127.0.0.1:{broker.port}?id=bed-3")
    return MqttSender(feed, target, told, back_off=BackOff(0.05, 0.1), **options)


def events(listener):
    """Return the events that were heard."""
    return [json.loads(text) for text in listener.on("auscult/bed-3/event")]


def kinds(listener):
    """Return their types."""
    return [event["type"] for event in events(listener)]


def test_state_events_and_availability(run, feed, told, broker, listener, wait_until):
    """On topics of their own; the first and the last word is the availability, and all of them arrive."""
    here = broker()
    heard = listener(here)
    with published(feed, told, here) as sender:
        run.judge(0)
        run.judge(1)
        run.judge(2, label="murmur", heart_rate_bpm=None)
        wait_until(lambda: kinds(heard) == ["start", "verdict"])
        states = [json.loads(text) for text in heard.wait("auscult/bed-3/state")]
    assert states[-1]["state"] == "verdict"
    assert states[-1]["shown"] == states[-1]["label"] == "murmur"
    assert states[-1]["score"] == 0.9
    assert states[-1]["sound"] is True
    assert heard.wait("auscult/bed-3/availability", lambda texts: len(texts) == 2) == ["online", "offline"]
    assert events(heard)[1]["before"] == {"state": "listening", "label": None}
    assert told.lines == []
    assert (sender.sent, sender.sentence()) == (2, None)


def test_state_and_availability_are_kept_for_those_who_come_later(run, feed, told, broker, listener):
    """They are retained; an event is not."""
    here = broker()
    first = listener(here)
    with published(feed, told, here):
        run.judge(0)
        first.wait("auscult/bed-3/event", lambda texts: len(texts) == 2)
        first.wait("auscult/bed-3/state", lambda texts: texts and json.loads(texts[-1])["label"] == "murmur")
        later = listener(here)
        assert json.loads(later.wait("auscult/bed-3/state")[0])["label"] == "murmur"
        assert later.wait("auscult/bed-3/availability") == ["online"]
        assert later.on("auscult/bed-3/event") == []


def test_home_assistant_learns_of_the_device_and_again_when_it_starts(run, feed, told, broker, listener):
    """One retained payload with every component; sent again, with the state, on homeassistant/status."""
    here = broker()
    heard = listener(here)
    topic = "homeassistant/device/auscult_bed-3/config"
    with published(feed, told, here):
        payload = json.loads(heard.wait(topic)[0])
        assert {name: part["p"] for name, part in payload["cmps"].items()} == {
            "verdict": "sensor",
            "score": "sensor",
            "heart_rate": "sensor",
            "sound": "binary_sensor",
        }
        states = len(heard.wait("auscult/bed-3/state"))
        heard.client.publish("homeassistant/status", "online", qos=1)
        heard.wait(topic, lambda texts: len(texts) == 2)
        heard.wait("auscult/bed-3/state", lambda texts: len(texts) > states)
        assert json.loads(listener(here).wait(topic)[0]) == payload


def test_without_discovery_nothing_is_said_to_home_assistant(run, feed, told, broker, listener):
    """An empty prefix turns it off."""
    here = broker()
    heard = listener(here)
    target = mqtt_target(f"mqtt://127.0.0.1:{here.port}/a/b?id=x&discovery=")
    with MqttSender(feed, target, told):
        heard.wait("a/b/x/event")
    assert not [topic for topic, _ in heard.heard if topic.startswith("homeassistant")]


def test_tls_and_a_password(run, feed, told, guarded, certificates, listener):
    """A self-made certificate is trusted where it is named."""
    heard = listener(guarded, user=USER, password=PASSWORD, authority=str(certificates / "ours.pem"))
    target = mqtt_target(f"mqtts://{USER}@127.0.0.1:{guarded.port}?id=bed-3", PASSWORD)
    with MqttSender(feed, target, told, trust=trusting(certificates / "ours.pem")):
        heard.wait("auscult/bed-3/event")
    assert told.lines == []


def refusal(feed, told, target, trust=None):
    """Return the lines told of a broker that cannot be used, over several attempts, while the run goes on."""
    sender = MqttSender(feed, target, told, trust=trust, back_off=BackOff(0.01, 0.01))
    before = feed.newest
    sender.start(SETTLE_S)
    for index in range(3):
        Run(feed).judge(index)
    sender.stop()
    assert not sender._thread.is_alive()
    assert feed.newest == before + 3
    return told.lines


def test_a_wrong_password(run, feed, told, guarded, certificates):
    """One line with the next step."""
    target = mqtt_target(f"mqtts://{USER}@localhost:{guarded.port}", "wrong")
    assert refusal(feed, told, target, trusting(certificates / "ours.pem")) == [
        f"MQTT localhost:{guarded.port}: the broker refused the connection (not authorized); is the user right, "
        "and the password in --mqtt-password-file or AUSCULT_MQTT_PASSWORD?"
    ]


@pytest.mark.parametrize("authority", [None, "theirs.pem"])
def test_a_wrong_certificate(run, feed, told, guarded, certificates, authority):
    """One line with the next step."""
    trust = trusting(None if authority is None else certificates / authority)
    lines = refusal(feed, told, mqtt_target(f"mqtts://{USER}@localhost:{guarded.port}", PASSWORD), trust)
    assert len(lines) == 1
    assert (
        "its certificate is not trusted (self-signed certificate); --ca-file names a certificate to trust" in lines[0]
    )


def test_a_certificate_of_another_name(run, feed, told, broker, certificates):
    """To trust it would not help: the address is to be written as the certificate has it."""
    other = broker(f"certfile {certificates}/other.pem", f"keyfile {certificates}/other.key")
    target = mqtt_target(f"mqtts://127.0.0.1:{other.port}")
    (line,) = refusal(feed, told, target, trusting(certificates / "other.pem"))
    assert "IP address mismatch, certificate is not valid for '127.0.0.1'" in line
    assert line.endswith("write the address with a name that the certificate has")


def test_no_tls_where_the_broker_wants_it(run, feed, told, guarded):
    """One line that asks for it."""
    lines = refusal(feed, told, mqtt_target(f"mqtt://{USER}@localhost:{guarded.port}", PASSWORD))
    assert len(lines) == 1
    assert "is TLS (mqtts://) as it wants?" in lines[0]


def test_an_unknown_host_and_a_closed_port(run, feed, told):
    """One line each."""
    refusal(feed, told, mqtt_target("mqtt://no-such-host.invalid"))
    port = free_port()
    assert refusal(feed, told, mqtt_target(f"mqtt://127.0.0.1:{port}"))[0] == (
        "MQTT no-such-host.invalid:1883: no such host"
    )
    assert told.lines[1] == f"MQTT 127.0.0.1:{port}: nothing answers there (connection refused)"
    assert len(told.lines) == 2


def test_a_broker_that_restarts_misses_nothing(run, feed, told, broker, listener, wait_until):
    """What happened meanwhile is sent when it is back; gone and back are told once each."""
    here = broker()
    with published(feed, told, here) as sender:
        wait_until(lambda: sender.sent == 1)
        here.stop()
        wait_until(lambda: len(told.lines) >= 1)
        run.judge(0)
        run.judge(1, label="normal")
        here.start()
        heard = listener(here)
        wait_until(lambda: sender.sent == 3)
        heard.wait("auscult/bed-3/availability")
    assert told.lines[0].endswith("connection lost; trying again")
    assert told.lines[-1].endswith("connected again")
    assert told.over[-1]
    assert sender.sentence() is None


def test_while_the_broker_is_away_the_newest_win(run, feed, told, broker, listener, wait_until):
    """The queue is bounded; what is dropped is counted and told."""
    here = broker()
    with published(feed, told, here, limit=3) as sender:
        wait_until(lambda: sender.sent == 1)
        here.stop()
        wait_until(lambda: len(told.lines) >= 1)
        for number in range(8):
            feed.publish(f'{{"type":"site","at_s":{number}.0,"sample":0,"site":"MV"}}')
        wait_until(lambda: sender.outbox.dropped == 5)
        here.start()
        wait_until(lambda: sender.sent == 4)
    assert told.lines[-1].endswith("connected again, 5 messages dropped")
    assert sender.sentence().endswith("4 messages sent, 5 not")


@pytest.mark.parametrize("share", [False, True])
def test_no_subject_leaves_unless_asked(share, told, broker, listener, wait_until):
    """Notes and names of files are null in every message."""
    feed = Feed(share_subject=share)
    here = broker()
    heard = listener(here)
    with published(feed, told, here):
        run = Run(feed)
        run.begin(live=False)
        feed.publish('{"type":"note","at_s":1.0,"path":"/home/eva/a.txt","text":"Eva M."}')
        wait_until(lambda: kinds(heard) == ["start", "note"])
    assert ("Eva M." in str(heard.heard)) is share
    assert ("steth" in str(events(heard))) is share


def test_sound_that_stops_is_a_change_of_state(run, feed, told, broker, listener):
    """A device that is unplugged."""
    heard = listener(here := broker())
    with published(feed, told, here):
        heard.wait("auscult/bed-3/state", lambda texts: texts and json.loads(texts[-1])["sound"])
        feed.snapshot = snapshot(device=device("lost"))
        run.lines.snapshot(feed.snapshot)
        heard.wait("auscult/bed-3/state", lambda texts: not json.loads(texts[-1])["sound"])
        heard.wait("auscult/bed-3/state", lambda texts: json.loads(texts[-1])["device"] == "lost")


def test_a_killed_program_leaves_its_last_will(broker, listener):
    """The broker says that it is offline."""
    here = broker()
    heard = listener(here)
    arguments = ["demo", "--json", "--mqtt", f"mqtt://127.0.0.1:{here.port}?id=bed-3"]
    program = subprocess.Popen([sys.executable, "-m", "monitor", *arguments], stdout=subprocess.DEVNULL)
    try:
        heard.wait("auscult/bed-3/availability")
    finally:
        program.send_signal(signal.SIGKILL)
        program.wait()
    assert heard.wait("auscult/bed-3/availability", lambda texts: len(texts) == 2) == ["online", "offline"]


def test_each_of_several_devices_has_its_topics(several, told, broker, listener, wait_until):
    """State, events and a device of Home Assistant; one availability tells the end of the connection."""
    feed, (first, second) = several
    here = broker()
    heard = listener(here)
    with published(feed, told, here) as sender:
        first.judge(0, label="normal")
        second.judge(0)
        second.feed.snapshot = snapshot(second.feed.playing.start, device=device("lost"))
        second.lines.snapshot(second.feed.snapshot)
        wait_until(lambda: sender.sent == 5)
        heard.wait("auscult/bed-3-bed-2/state", lambda texts: texts and not json.loads(texts[-1])["sound"])
        heard.wait("homeassistant/device/auscult_bed-3-bed-1/config")
        payload = json.loads(heard.wait("homeassistant/device/auscult_bed-3-bed-2/config")[-1])
    states = [json.loads(heard.on(f"auscult/bed-3-bed-{number}/state")[-1]) for number in (1, 2)]
    assert [(state["label"], state["sound"]) for state in states] == [("normal", True), ("murmur", False)]
    told_of = [json.loads(text) for text in heard.on("auscult/bed-3-bed-2/event")]
    assert [(event["type"], event["stream"]) for event in told_of] == [
        ("start", "bed 2"),
        ("verdict", "bed 2"),
        ("device", "bed 2"),
    ]
    assert (payload["dev"]["name"], payload["dev"]["ids"]) == ("auscult bed 2", ["auscult_bed-3-bed-2"])
    assert payload["state_topic"] == "auscult/bed-3-bed-2/state"
    assert payload["availability_topic"] == "auscult/bed-3/availability"
    assert heard.wait("auscult/bed-3/availability", lambda texts: len(texts) == 2) == ["online", "offline"]
    assert told.lines == []


def test_a_broker_that_restarts_is_told_once_of_several_devices(several, told, broker, wait_until):
    """They share one connection, and nothing of any is lost."""
    feed, (first, second) = several
    here = broker()
    with published(feed, told, here) as sender:
        wait_until(lambda: sender.sent == 2)
        here.stop()
        wait_until(lambda: len(told.lines) >= 1)
        first.judge(0)
        second.judge(0)
        here.start()
        wait_until(lambda: sender.sent == 4)
    assert [line.endswith("connection lost; trying again") for line in told.lines].count(True) == 1
    assert sender.sentence() is None
