"""The lines of an examination, and what is kept of it."""

from __future__ import annotations

import pytest

from monitor.commands.exam.guide import Step
from monitor.commands.exam.progress import Progress
from monitor.commands.exam.views import Guidance, JsonExamView, PlainExamView, collected_text, step_text
from monitor.messages import Summary, Verdict
from monitor.process.interrupts import Interrupts


@pytest.fixture
def kept():
    """Return the lines that the session gets."""
    return []


@pytest.fixture
def guidance(guided, decision, kept):
    """Return the guidance of two sites, attached."""
    guidance = Guidance(Progress(("AV", "PV"), 10.0, decision), decision, "P-017", None, kept.append)
    guidance.attach(guided, Interrupts())
    return guidance


def test_there_is_no_guide_before_there_is_a_pipeline(decision):
    """Asking for it earlier is a mistake of the caller."""
    with pytest.raises(ValueError, match="after attach"):
        _ = Guidance(Progress(("AV",), 10.0, decision), decision, None, None).guide


def test_the_end_is_kept(guidance, kept):
    """The session gets the same line as standard output, and the result can be read."""
    guidance.guide.begin()
    result = guidance.end()
    assert guidance.result is result
    assert (result.subject, result.source) == ("P-017", "steth")
    assert len(kept) == 1
    assert kept[0].startswith('{"type":"examination"')


def test_steps_in_words(guidance):
    """Where to go, that it listens, and the row of a site that was left."""
    guide = guidance.guide
    guide.begin()
    guide.key("s")
    assert step_text(Step("place", "AV", 0.0), guidance).startswith("place the chest piece: aortic (AV)")
    assert step_text(Step("arrived", "AV", 0.0), guidance) == "listening at AV"
    assert step_text(Step("left", "AV", 0.0), guidance).startswith("AV  aortic     not judged")


def test_what_is_collected(decision, window):
    """Of how much; or that the chest piece is waited for; nothing at the end."""
    progress = Progress(("AV",), 10.0, decision)
    assert collected_text(progress) == "AV: waits until the chest piece is moved"
    progress.arrive(0.0)
    progress.window(window(0.0))
    assert collected_text(progress) == "AV: 5.0 of 10 s"
    progress.leave(6.0)
    assert collected_text(progress) == ""


@pytest.mark.parametrize("view", [JsonExamView, PlainExamView])
def test_a_view_from_start_to_end(view, decision, guided, window, snapshot, kept, capsys):
    """The same windows and steps in both; the result is the end, on standard output and in the session."""
    shown = view(Guidance(Progress(("AV",), 10.0, decision), decision, None, None, kept.append))
    interrupts = Interrupts()
    shown.attach(guided, interrupts)
    shown.begin(guided.start_message)
    for index in range(11):
        shown.window(window(index / 2))
        guided.newest_sample = 4000 * (5 + index // 2)
        shown.snapshot(snapshot(5.0 + index / 2))
    assert interrupts.requested
    shown.end(Summary("steth", 11, 0, 0, Verdict("verdict", "normal", 0.9, {"normal": 0.9, "murmur": 0.1}), 70.0))
    out = capsys.readouterr().out.splitlines()
    assert len(kept) == 1
    assert ("examination" in out[-1]) is (view is JsonExamView)
    assert ("finding: normal" in out[-2]) is (view is PlainExamView)
    assert shown.own_key("s")
    assert not shown.own_key("m")
