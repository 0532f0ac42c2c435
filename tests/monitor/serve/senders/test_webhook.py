"""A run on a webhook: a real HTTP server takes the requests."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import ssl

import pytest

from monitor.serve.senders.sender import BackOff
from monitor.serve.senders.targets import trusting, webhook_target
from monitor.serve.senders.webhook import WebhookSender, signature
from tests.monitor.serve.conftest import Run, device, snapshot
from tests.monitor.serve.senders.conftest import free_port

SETTLE_S = 10.0


def posting(feed, told, receiver, path="/hook", **options):
    """Return a sender to the server."""
    target = webhook_target(f"http://127.0.0.1:{receiver.port}{path}")
    return WebhookSender(feed, target, told, **{"back_off": BackOff(0.01, 0.05), **options})


def bodies(receiver):
    """Return what was posted."""
    return [json.loads(body) for _, _, body in receiver.requests]


def test_changes_alone_are_posted(run, feed, told, receiver, wait_until):
    """Of the verdict, and of the state of the device; no window as such, and no mark."""
    with posting(feed, told, receiver, "/hook?to=ward") as sender:
        for index in range(3):
            run.judge(index)
        feed.publish('{"type":"mark","at_s":1.0,"number":1}')
        run.judge(3, label="normal")
        for state in ("open", "lost"):
            run.lines.snapshot(snapshot(device=device(state)))
        run.lines.snapshot(snapshot(device=device("lost", message="looking for it")))
        wait_until(lambda: sender.sent == 5)
    assert [(body["type"], body.get("label") or body.get("state")) for body in bodies(receiver)] == [
        ("start", None),
        ("verdict", "murmur"),
        ("verdict", "normal"),
        ("device", "open"),
        ("device", "lost"),
    ]
    path, headers, _ = receiver.requests[0]
    assert path == "/hook?to=ward"
    assert headers["Content-Type"] == "application/json"
    assert headers["Webhook-Id"] == f"{feed.run}-1"
    assert "Webhook-Signature" not in headers
    assert (told.lines, sender.sentence()) == ([], None)


@pytest.mark.parametrize(
    ("secret", "key"), [("a plain secret", b"a plain secret"), ("whsec_MDEyMzQ1Njc4OWFiY2RlZg==", b"0123456789abcdef")]
)
def test_a_request_is_signed(run, feed, told, receiver, wait_until, secret, key):
    """By the scheme of Standard Webhooks, computed here again."""
    with posting(feed, told, receiver, secret=secret):
        wait_until(lambda: receiver.requests)
    _, headers, body = receiver.requests[0]
    signed = f"{headers['Webhook-Id']}.{headers['Webhook-Timestamp']}.".encode() + body
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert headers["Webhook-Signature"] == f"v1,{expected}"


def test_a_signature_of_the_standard():
    """The example of the specification's own libraries."""
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    text = b'{"test": 2432232314}'
    wanted = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert signature(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, text) == wanted


def test_it_is_tried_again(run, feed, told, receiver, wait_until):
    """After an answer of a server in trouble, with the same id; told once, and once that it is over."""
    receiver.answers = [503, 429, 500]
    with posting(feed, told, receiver) as sender:
        wait_until(lambda: sender.sent == 1)
    assert {headers["Webhook-Id"] for _, headers, _ in receiver.requests} == {f"{feed.run}-1"}
    assert len(receiver.requests) == 4
    assert [line.partition(": ")[2] for line in told.lines] == [
        "it answers 503 (service unavailable); trying again",
        "it answers 429 (too many requests); trying again",
        "it answers 500 (internal server error); trying again",
        "connected again",
    ]


@pytest.mark.parametrize("status", [301, 307, 404, 410])
def test_an_address_that_is_wrong_is_not_tried_again(run, feed, told, receiver, wait_until, status):
    """No redirect is followed: the body would go to an address that nobody named."""
    receiver.answers = [status]
    with posting(feed, told, receiver) as sender:
        run.judge(0)
        wait_until(lambda: sender.sent == 1)
    assert [body["type"] for body in bodies(receiver)] == ["start", "verdict"]
    assert f"it answers {status} (" in told.lines[0]
    assert "is the address right?" in told.lines[0]
    assert sender.sentence().endswith("1 message sent, 1 not")


def test_a_server_that_is_away_costs_the_run_nothing(run, feed, told):
    """One line, the newest events are kept, what is dropped is counted, and the end does not wait long."""
    target = webhook_target(f"http://127.0.0.1:{free_port()}/")
    sender = WebhookSender(feed, target, told, limit=2, back_off=BackOff(0.01, 0.01))
    sender.start(SETTLE_S)
    for index in range(8):
        run.judge(index, label=("murmur", "normal")[index % 2])
    sender.stop()
    assert not sender._thread.is_alive()
    assert told.lines == [f"Webhook {target}: nothing answers there (connection refused); trying again"]
    assert (len(sender.outbox), sender.outbox.dropped) == (2, 7)
    assert sender.sentence().endswith("0 messages sent, 9 not")


def test_an_unknown_host(run, feed, told):
    """One line."""
    sender = WebhookSender(feed, webhook_target("http://no-such-host.invalid/"), told)
    sender.start(SETTLE_S)
    sender.stop()
    assert told.lines[0] == "Webhook no-such-host.invalid:80: no such host; trying again"


def test_the_certificate_is_checked(run, feed, told, receiver, certificates, wait_until):
    """One line where nobody trusts it; with the file that names it, requests arrive."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates / "ours.pem", certificates / "ours.key")
    receiver.socket = context.wrap_socket(receiver.socket, server_side=True)
    target = webhook_target(f"https://localhost:{receiver.port}/")
    wary = WebhookSender(feed, target, told, trust=trusting(None), back_off=BackOff(0.01, 0.01))
    wary.start(SETTLE_S)
    wary.stop()
    assert receiver.requests == []
    assert told.lines[0].endswith("--ca-file names a certificate to trust; trying again")
    with WebhookSender(feed, target, told, trust=trusting(certificates / "ours.pem")) as sender:
        wait_until(lambda: sender.sent == 1)


def test_user_and_password_of_the_address(run, feed, told, receiver, wait_until):
    """By basic authentication."""
    target = webhook_target(f"http://eva:geheim@127.0.0.1:{receiver.port}/")
    with WebhookSender(feed, target, told):
        wait_until(lambda: receiver.requests)
    assert receiver.requests[0][1]["Authorization"] == "Basic " + base64.b64encode(b"eva:geheim").decode()


def test_the_end_of_a_run_is_posted(told, receiver, feed):
    """What was published just before the end arrives."""
    sender = posting(feed, told, receiver)
    sender.start()
    Run(feed).begin()
    feed.publish('{"type":"summary","source":"steth","windows":3}')
    sender.stop()
    assert [body["type"] for body in bodies(receiver)] == ["start", "summary"]


def test_a_change_of_any_device_is_posted_with_its_name(several, told, receiver, wait_until):
    """One device that is lost hides no other: what counts as a change is its own."""
    feed, (first, second) = several
    with posting(feed, told, receiver) as sender:
        first.judge(0)
        second.judge(0)
        for run in (first, second, second, first):
            run.feed.snapshot = snapshot(run.feed.playing.start, device=device("lost"))
            run.lines.snapshot(run.feed.snapshot)
        wait_until(lambda: sender.sent == 6)
    assert [(body["type"], body["stream"]) for body in bodies(receiver)] == [
        ("start", "bed 1"),
        ("start", "bed 2"),
        ("verdict", "bed 1"),
        ("verdict", "bed 2"),
        ("device", "bed 1"),
        ("device", "bed 2"),
    ]
