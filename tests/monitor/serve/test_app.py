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
