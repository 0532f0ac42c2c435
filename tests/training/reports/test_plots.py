"""The plots of an evaluation."""

from __future__ import annotations

import struct
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from monitor.errors import MissingExtraError
from training.evaluation.bootstrap import Bootstrap
from training.evaluation.evaluation import Evaluation, EvaluationInfo, evaluate
from training.evaluation.scoring import ScoredRecording
from training.reports import plots
from training.reports.plots import check_matplotlib, write_plots

EVEN = (0.4, 0.3, 0.3)


@pytest.fixture
def with_matplotlib() -> None:
    """Skip where matplotlib is not installed."""
    pytest.importorskip("matplotlib", reason="plots need the training extra")


def size_of(path: Path) -> tuple[int, int]:
    """Return width and height of a PNG."""
    content = path.read_bytes()
    assert content[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = struct.unpack(">II", content[16:24])
    return width, height


@pytest.mark.usefixtures("with_matplotlib")
class TestWithMatplotlib:
    """With the training extra installed."""

    def test_four_plots(self, evaluation: Evaluation, tmp_path: Path) -> None:
        """Confusion, ROC, reliability and coverage are written to a folder that is created."""
        paths = write_plots(evaluation, tmp_path / "new" / "plots")
        assert [path.name for path in paths] == ["confusion.png", "roc.png", "reliability.png", "coverage.png"]
        assert all(min(size_of(path)) > 400 for path in paths)

    def test_a_roc_curve_for_each_label(self, evaluation: Evaluation) -> None:
        """Each label has a curve from corner to corner, beside the diagonal and the line of the specificity."""
        from matplotlib.figure import Figure

        axes = Figure().subplots()
        plots._roc(evaluation, axes)
        curves = [line for line in axes.lines if str(line.get_label()).startswith(evaluation.info.labels)]
        assert len(curves) == len(evaluation.info.labels)
        assert all(line.get_xydata()[[0, -1]].tolist() == [[0, 0], [1, 1]] for line in curves)

    def test_the_same_evaluation_the_same_files(self, evaluation: Evaluation, tmp_path: Path) -> None:
        """The same evaluation gives the same files: no time, nothing of the machine."""
        first, second = (write_plots(evaluation, tmp_path / name) for name in ("a", "b"))
        for one, other in zip(first, second, strict=True):
            assert one.read_bytes() == other.read_bytes()

    def test_not_held_out_is_in_the_title(
        self, evaluation: Evaluation, seen_evaluation: Evaluation, tmp_path: Path
    ) -> None:
        """The same metrics give another plot where they are not held out: the title says so."""
        held_out = write_plots(evaluation, tmp_path / "a")[0].read_bytes()
        assert write_plots(seen_evaluation, tmp_path / "b")[0].read_bytes() != held_out

    def test_partial_labels_give_a_roc_alone(
        self, make_scored: Callable[..., ScoredRecording], make_info: Callable[..., EvaluationInfo], tmp_path: Path
    ) -> None:
        """Of partially labelled sets there is the ROC curve of the known label alone."""
        scored = [make_scored("normal or extrastole", EVEN, "a"), make_scored("murmur", EVEN, "b")]
        paths = write_plots(evaluate(scored, make_info(scored), Bootstrap(0, 10)), tmp_path)
        assert [path.name for path in paths] == ["roc.png"]

    def test_nothing_to_plot(
        self, make_scored: Callable[..., ScoredRecording], make_info: Callable[..., EvaluationInfo], tmp_path: Path
    ) -> None:
        """Non-cardiac sounds alone give no plot."""
        scored = [make_scored("not-heart", EVEN)]
        assert write_plots(evaluate(scored, make_info(scored), Bootstrap(0, 10)), tmp_path) == []

    def test_one_recording(
        self, make_scored: Callable[..., ScoredRecording], make_info: Callable[..., EvaluationInfo], tmp_path: Path
    ) -> None:
        """Metrics without an interval are plotted without one, and without a warning."""
        scored = [make_scored("murmur", EVEN)]
        paths = write_plots(evaluate(scored, make_info(scored), Bootstrap(0, 10)), tmp_path)
        assert [path.name for path in paths] == ["confusion.png", "reliability.png", "coverage.png"]

    def test_names_are_not_read_as_formulas(
        self, make_scored: Callable[..., ScoredRecording], make_info: Callable[..., EvaluationInfo], tmp_path: Path
    ) -> None:
        """A data set whose name looks like mathematics is shown as it is."""
        scored = [make_scored("murmur", EVEN, "a", source="$x^$"), make_scored("normal", EVEN, "b", source="$y")]
        assert len(write_plots(evaluate(scored, make_info(scored), Bootstrap(0, 10)), tmp_path)) == 4


def test_without_matplotlib(evaluation: Evaluation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One line names the extra to install, and nothing is written."""
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingExtraError, match=r"--plots needs matplotlib; pip install 'auscult-monitor\[train\]'"):
        check_matplotlib()
    with pytest.raises(MissingExtraError):
        write_plots(evaluation, tmp_path / "plots")
    assert not (tmp_path / "plots").exists()
