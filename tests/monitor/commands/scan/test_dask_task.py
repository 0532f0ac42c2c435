"""A task on a Dask worker: the rows of a scan, and one true reason where it cannot be judged there."""

from __future__ import annotations

import dataclasses
import json
import threading

import pytest

from monitor.archive.recordings import find_recordings
from monitor.commands.scan import dask_task
from monitor.commands.scan.dask_task import Order, judge_batch, pack
from monitor.commands.scan.rows import judge_recording
from monitor.commands.scan.worker import WorkerSetup
from monitor.inference.bundle import digest_of_settings, load_bundle


@pytest.fixture(autouse=True)
def fresh_process(monkeypatch):
    """Forget bundles of other tests, as a new worker process does."""
    monkeypatch.setattr(dask_task, "_bundles", {})
    monkeypatch.setattr(dask_task, "_thread", threading.local())


@pytest.fixture(scope="module")
def bundle():
    """Return the bundle of the scan."""
    return load_bundle()


@pytest.fixture
def order(bundle):
    """Return what the scan asks of each task."""
    setup = WorkerSetup(str(bundle.path), bundle.model_sha256, windows=True)
    return Order(setup, digest_of_settings(bundle.settings))


def as_json(recordings):
    """Return recordings as they are sent."""
    return json.dumps([dataclasses.asdict(recording) for recording in recordings])


def test_the_rows_are_those_of_a_scan_here(ward, bundle, order, monkeypatch, tmp_path):
    """In order, a file that is none as well, under the names as given, whatever folder the worker is in."""
    monkeypatch.chdir(ward.parent)
    recordings = find_recordings(["ward"]).recordings
    expected = [judge_recording(recording, bundle, channel=None, hop_s=None, windows=True) for recording in recordings]
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    answer = judge_batch(as_json(recordings), order.to_json(), pack(bundle))
    assert [tuple(judged) for judged in expected] == answer["judged"]
    assert b"ward/z.wav: not a recording" in answer["judged"][-1][0]
    assert str(tmp_path).encode() not in answer["judged"][-1][0].partition(b'"path"')[0]


def test_a_process_loads_the_bundle_once_and_a_thread_has_its_own_engine(ward, bundle, order, monkeypatch):
    """However many tasks come, also at the same time."""
    loads = []
    monkeypatch.setattr(
        dask_task, "load_bundle", lambda *args, **options: loads.append(1) or load_bundle(*args, **options)
    )
    engines = []
    monkeypatch.setattr(
        dask_task,
        "judged_by_worker",
        lambda recording, bundle, setup, place: engines.append(bundle.engine) or (b"", 0.0, False),
    )
    recordings = as_json(find_recordings([str(ward / "a.wav")]).recordings)

    def twice():
        for _ in range(2):
            judge_batch(recordings, order.to_json(), pack(bundle))

    threads = [threading.Thread(target=twice) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert len(loads) == 1
    assert len(engines) == 6
    assert len(set(map(id, engines))) == 3


def test_another_version_is_refused(ward, bundle, order):
    """Before anything of the order is used."""
    answer = judge_batch("no JSON", json.dumps({"version": "0.0.1"}), {})
    assert answer["refused"].startswith("has auscult ")
    assert answer["refused"].endswith("and the scan is of 0.0.1")


def test_another_bundle_is_refused(ward, bundle, order):
    """Its digests are compared with those of the scan, and its files with its own."""
    recordings = as_json(find_recordings([str(ward)]).recordings)
    for change in ({"settings_sha256": "0" * 64}, {"setup": dataclasses.replace(order.setup, model_sha256="0" * 64)}):
        other = dataclasses.replace(order, **change)
        answer = judge_batch(recordings, other.to_json(), pack(bundle))
        assert "it is not the bundle of the scan (its sha256 differs)" in answer["refused"]
    damaged = {**pack(bundle), "model.tflite": b"damaged"}
    assert "model.tflite is damaged" in judge_batch(recordings, order.to_json(), damaged)["refused"]


def test_files_that_a_worker_does_not_see(ward, bundle, order):
    """All of a batch: said as such, not as rows; some: rows with an error."""
    gone, there = find_recordings([str(ward / "b.FLAC"), str(ward / "a.wav")]).recordings
    (ward / "b.FLAC").unlink()
    assert judge_batch(as_json([gone]), order.to_json(), pack(bundle)) == {"unseen": str(ward / "b.FLAC")}
    judged = judge_batch(as_json([gone, there]), order.to_json(), pack(bundle))["judged"]
    assert [failed for _, _, failed in judged] == [True, False]
    assert b"b.FLAC: no such file" in judged[0][0]
