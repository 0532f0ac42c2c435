"""The routes: what each answers, and that nothing else is served."""

from __future__ import annotations

import base64
import hashlib
import json
import re

import pytest

from monitor.serve.app import page, page_policy
from tests.monitor.serve.conftest import device, snapshot
from tests.monitor.serve.test_picture import decoded


def test_health(run, feed, served):
    """200 while samples come, else 503, with the same keys."""
    client = served()
    status, headers, body = client.ask("/health")
    assert (status, headers["content-type"]) == (200, "application/json")
    assert json.loads(body).keys() == {"healthy", "last_sample_age_s", "state", "device", "lost_s"}
    feed.snapshot = snapshot(device=device("lost", lost_s=1.0))
    status, _, body = client.ask("/health")
    assert (status, json.loads(body)["state"], json.loads(body)["lost_s"]) == (503, "lost", 1.0)


def test_metrics_count_what_is_judged(run, served):
    """From the moment that the server runs."""
    client = served()
    run.judge(0)
    run.judge(1)
    status, headers, body = client.ask("/metrics")
    assert (status, headers["content-type"].partition(";")[0]) == (200, "text/plain")
    assert b'auscult_windows_total{label="murmur",state="verdict"} 2.0' in body


def test_snapshot_and_picture(run, served):
    """JSON and PNG."""
    client = served()
    assert client.json("/api/snapshot")["labels"] == ["normal", "murmur", "extrastole"]
    status, headers, body = client.ask("/picture.png")
    assert (status, headers["content-type"]) == (200, "image/png")
    decoded(body)


@pytest.mark.parametrize(
    "path",
    [
        "/index.html",
        "/page.html",
        "/../feed.py",
        "/%2e%2e/feed.py",
        "//etc/passwd",
        "/static/",
        "/docs",
        "/openapi.json",
    ],
)
def test_no_folder_is_served(run, served, path):
    """There are seven routes."""
    assert served().ask(path)[0] in (404, 405)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "TRACE"])
def test_nothing_can_be_changed(run, served, method):
    """Every route only tells."""
    client = served()
    for path in ("/", "/health", "/metrics", "/api/snapshot", "/picture.png"):
        assert client.ask(path, method)[0] == 405


def test_the_page_needs_nothing_else(run, served):
    """No address of another server, no script and no style beside its own, whose digests the policy names."""
    status, headers, body = served().ask("/")
    text = body.decode()
    assert (status, text) == (200, page())
    assert not re.findall(r"(?:src|href)=\"(?!data:)|https?://|@import|url\(", text)
    policy = headers["content-security-policy"]
    for element in ("script", "style"):
        (inside,) = re.findall(rf"<{element}[^>]*>(.*?)</{element}>", text, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(inside.encode()).digest()).decode()
        assert f"{element}-src 'sha256-{digest}'" in policy
    assert not re.findall(r"\son[a-z]+=|\sstyle=", text)
    assert "%" + "INFERNO" not in text
    assert "not for diagnosis" in text


def test_a_changed_page_has_another_policy():
    """A script that somebody adds does not run."""
    assert page_policy(page()) != page_policy(page().replace('"use strict";', '"use strict"; alert(1);'))


def test_several_devices_over_http(several, several_served):
    """Health says which is down; snapshot and picture are of the one that is asked for."""
    _, runs = several
    assert several_served.ask("/health")[0] == 200
    runs[1].feed.snapshot = snapshot(runs[1].feed.playing.start, device=device("lost"))
    status, _, body = several_served.ask("/health")
    assert (status, json.loads(body)["down"]) == (503, ["bed 2"])
    assert [one["stream"] for one in several_served.json("/api/snapshot")["devices"]] == ["bed 1", "bed 2"]
    assert several_served.json("/api/snapshot?device=bed%202")["source"] == "Device 2"
    pictures = [several_served.ask(f"/picture.png{query}")[2] for query in ("", "?device=bed%201", "?device=bed%202")]
    assert pictures[0] == pictures[1]
    decoded(pictures[2])
    assert b'auscult_device_up{device="bed 1"} 1.0' in several_served.ask("/metrics")[2]


def test_a_device_that_is_none_is_refused_with_the_names(several_served, run, served):
    """404, and what there is."""
    for path in ("/api/snapshot", "/picture.png", "/events"):
        status, _, body = several_served.ask(f"{path}?device=bed%203")
        assert (status, body) == (404, b"no such device; there are: bed 1, bed 2\n")
    assert served().ask("/picture.png?device=x")[::2] == (
        404,
        b"no such device; leave out device=: there is one alone\n",
    )
