"""A live input that is served: its health and its metrics while it is unplugged and when it is back."""

from __future__ import annotations

import json
import threading
import urllib.error
import urllib.request

import pytest

from monitor.serve.address import Address, listening_socket

pytest.importorskip("uvicorn", reason="serving needs its extra")


def asked(address, path):
    """Return status and body of an answer."""
    try:
        with urllib.request.urlopen(f"http://{address}{path}", timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def health_until(address, status):
    """Return the health once it has a status."""
    pause = threading.Event()
    for _ in range(200):
        code, body = asked(address, "/health")
        if code == status:
            return json.loads(body)
        pause.wait(0.1)
    pytest.fail(f"the health was never {status}")


def test_the_health_of_a_device_that_is_unplugged(stethoscope, heart_files):
    """200, then 503 with what was lost, then 200 again; the listener is not disturbed."""
    with listening_socket(Address("127.0.0.1", 0)) as free:
        address = f"127.0.0.1:{free.getsockname()[1]}"
    stethoscope.plug_in()
    listening = stethoscope.listen("--rate", 4000, "--serve", address)
    try:
        listening.until_state("open")
        stethoscope.play(heart_files(30))
        well = health_until(address, 200)
        assert (well["state"], well["healthy"]) == ("open", True)
        listening.until_window(6.0)
        stethoscope.unplug()
        listening.until_state("lost")
        lost = health_until(address, 503)
        assert lost["state"] == "lost"
        assert "auscult_device_up 0.0" in asked(address, "/metrics")[1]
        stethoscope.plug_in()
        listening.until_state("open")
        assert health_until(address, 200)["lost_s"] > 0
        metrics = asked(address, "/metrics")[1]
        lost_samples = next(line for line in metrics.splitlines() if line.startswith("auscult_lost_samples_total"))
        assert float(lost_samples.split()[1]) > 0
        code, errors = listening.end()
    finally:
        stethoscope.unplug()
    assert code == 130
    assert f"serving on http://{address}/" in errors
    assert "Traceback" not in errors
