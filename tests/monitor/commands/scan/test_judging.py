"""What judges is ended with its context, and a recording that is given up is a row."""

from __future__ import annotations

import json

import pytest

from monitor.commands.scan.judging import Judges, given_up


class Counting(Judges):
    """Judges nothing, and counts how often it is ended."""

    kills = 0

    def run(self, recordings, stopping=bool):
        """Yield nothing."""
        yield from ()

    def kill(self):
        """Count."""
        self.kills += 1


def test_it_ends_with_its_context():
    """Also where the context ends with an error."""
    judges = Counting()
    with judges as entered:
        assert entered is judges
    with pytest.raises(KeyError), judges:
        raise KeyError
    assert judges.kills == 2


def test_what_is_given_up_is_a_row_with_the_next_step(make_recording):
    """On one line, whatever the name."""
    judged = given_up(make_recording("a\n.wav"), "the process ended twice")
    assert judged.failed
    assert json.loads(judged.lines)["error"] == (
        r"a\n.wav: the process ended twice; try it alone with auscult replay, it may need more memory"
    )
