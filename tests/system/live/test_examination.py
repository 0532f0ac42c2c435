"""An examination on a virtual stethoscope: it goes on by itself, and a device that is unplugged costs no site."""

from __future__ import annotations

import pytest

SITES = ("PV", "MV")
GOOD_S = 6


@pytest.fixture(scope="module")
def examination(stethoscope, heart_files, tmp_path_factory):
    """Return an examination whose device is unplugged at the second site; its exit code, errors and session."""
    kept = tmp_path_factory.mktemp("kept")
    stethoscope.plug_in()
    examining = stethoscope.examine(
        "--sites", ",".join(SITES), "--good", GOOD_S, "--rate", 4000, "--session", "--session-dir", kept
    )
    examining.until_state("open")
    first = stethoscope.play(heart_files(10))
    first.wait(timeout=40)  # then it hears nothing, as a chest piece that is lifted
    examining.until(lambda line: line["type"] == "site" and line["site"] == SITES[1])
    stethoscope.play(heart_files(10))
    examining.until(lambda line: line["type"] == "window" and line["rolling"]["state"] == "verdict")
    stethoscope.unplug()
    examining.until_state("lost")
    stethoscope.plug_in()
    examining.until_state("open")
    stethoscope.play(heart_files(10))
    code, errors = examining.ended(timeout_s=60)
    (session,) = kept.iterdir()
    stethoscope.unplug()
    return examining, code, errors, session


def test_it_ends_by_itself(examination):
    """With exit code 0, the examination as its last line, and a session."""
    examining, code, errors, session = examination
    assert (code, examining.lines[-1]["type"]) == (0, "examination")
    assert f": {session}" in errors
    assert examining.lines[-1]["complete"]


def test_both_sites_have_enough_sound(examination):
    """Also the one that lost its device: what was collected before counts, lost sound does not."""
    examining, *_ = examination
    lost = [line for line in examining.of("window") if line["gap"]]
    sites = examining.lines[-1]["sites"]
    assert lost
    assert [site["site"] for site in sites] == list(SITES)
    for site in sites:
        assert site["state"] in ("verdict", "uncertain")
        assert site["judged_s"] >= GOOD_S
        assert site["reason"] is None


def test_a_site_counts_from_the_move_on(examination):
    """The second one begins where nothing was heard, and not before the first has enough."""
    examining, *_ = examination
    first, second = examining.lines[-1]["sites"]
    changes = examining.of("site")
    assert [line["site"] for line in changes] == list(SITES)
    assert second["start_s"] == pytest.approx(changes[1]["at_s"])
    assert second["start_s"] >= first["end_s"]
    before = [line for line in examining.of("window") if line["end_s"] <= second["start_s"]]
    assert before[-1]["state"] in ("no-signal", "poor-signal")
