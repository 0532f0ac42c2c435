"""The fitted gate separates hearts from other sounds, withholds few hearts, and is cross-validated."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from training.calibration import gate
from training.calibration.gate import GateWindows, fit_gate, gate_logits, measure_gate


def windows_of(kind: str, count: int, centre: float, *, heart: bool, clean: bool = True, seed: int = 0) -> GateWindows:
    """Return windows whose features and odds scatter about a centre; ten to a group, groups in three folds."""
    rng = np.random.default_rng([seed, count])
    groups = np.arange(count) // 10
    spread = np.array([1.0, 0.1, 0.1, 0.01])
    return GateWindows(
        features=np.array([1.0, 0.6, 1.2, 0.0]) + spread * (centre + rng.standard_normal((count, 4))),
        odds=2.0 * centre + rng.standard_normal(count),
        kinds=np.full(count, kind),
        hearts=np.full(count, heart),
        clean=np.full(count, heart and clean),
        groups=np.array([f"{kind} {group}" for group in groups]),
        folds=groups % 3,
    )


HEARTS = windows_of("set", 600, 1.0, heart=True)
OTHERS = windows_of("speech", 300, -1.0, heart=False)
BOTH = GateWindows.concatenated([HEARTS, OTHERS])


@pytest.fixture(autouse=True)
def fewer_resamples(monkeypatch: pytest.MonkeyPatch) -> None:
    """Resample groups 30 times."""
    monkeypatch.setattr(gate, "RESAMPLES", 30)


def scores_of(windows: GateWindows) -> np.ndarray:
    """Return the scores of the gate fitted to all windows, by the scalar code of the monitor."""
    gate = fit_gate(BOTH)
    rows = zip(windows.features.tolist(), windows.odds.tolist(), strict=True)
    return np.array([gate.score(type(gate.typical)(*features), odds) for features, odds in rows])


def test_hearts_score_above_other_sounds() -> None:
    """Nearly all hearts score above one half, nearly all others below."""
    assert (scores_of(HEARTS) > 0.5).mean() > 0.97
    assert (scores_of(OTHERS) > 0.5).mean() < 0.03


def test_logits_are_those_of_the_monitor() -> None:
    """The array code gives the scores of the monitor's scalar code."""
    logits = gate_logits(fit_gate(BOTH), BOTH)
    np.testing.assert_allclose(1.0 / (1.0 + np.exp(-logits)), scores_of(BOTH), atol=1e-9)


def test_few_hearts_are_withheld() -> None:
    """Where hearts and others overlap, the threshold is so low that 99 of 100 clean hearts of each set pass."""
    faint = windows_of("other set", 400, -0.2, heart=True, seed=1)
    windows = GateWindows.concatenated([HEARTS, faint, OTHERS])
    gate = fit_gate(windows)
    passing = 1.0 / (1.0 + np.exp(-gate_logits(gate, faint))) >= gate.poor_below
    assert gate.poor_below < 0.5
    assert passing.mean() == pytest.approx(0.99, abs=0.005)


def test_the_threshold_is_at_most_one_half() -> None:
    """However well the two are separated, the threshold is not above one half."""
    assert fit_gate(BOTH).poor_below == 0.5


def test_only_clean_hearts_set_the_threshold() -> None:
    """Noisy hearts, and those of other devices, are fitted but do not lower the threshold."""
    noisy = windows_of("phone", 400, -0.2, heart=True, clean=False, seed=1)
    assert fit_gate(GateWindows.concatenated([HEARTS, noisy, OTHERS])).poor_below == 0.5


def test_kinds_have_equal_weight() -> None:
    """A kind with ten times as many windows gives the same gate."""
    more = GateWindows.concatenated([OTHERS] * 10)
    once, often = fit_gate(BOTH), fit_gate(GateWindows.concatenated([HEARTS, more]))
    assert once.bias == pytest.approx(often.bias, abs=1e-4)
    np.testing.assert_allclose(once.weights, often.weights, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("windows", [HEARTS, OTHERS], ids=["hearts", "others"])
def test_needs_both(windows: GateWindows) -> None:
    """With one side alone there is nothing to separate."""
    with pytest.raises(ValueError, match="hearts and of other sounds"):
        fit_gate(windows)


def test_metrics_by_kind() -> None:
    """Each kind is counted, hearts first; 95 % of clean hearts pass where kinds are compared."""
    measured = measure_gate(BOTH)
    assert measured.windows == {"set": 600, "speech": 300}
    assert measured.auc.value > 0.99
    assert measured.auc.low <= measured.auc.value <= measured.auc.high
    assert measured.passing_at_95["set"].value == pytest.approx(0.95, abs=0.002)
    assert measured.passing_at_95["speech"].value < 0.02
    assert set(measured.to_json()["kinds"]["speech"]) == {"windows", "passing", "passing_where_95_of_clean_hearts_do"}


def test_metrics_are_cross_validated() -> None:
    """Other sounds with the features of hearts in one fold alone pass there: no other fold has such."""
    rng = np.random.default_rng(5)
    secret = dataclasses.replace(OTHERS, features=OTHERS.features.copy(), odds=OTHERS.odds.copy())
    fold = secret.folds == 0
    secret.features[fold, 0] = 40.0 + rng.standard_normal(int(fold.sum()))  # a value that only this fold has
    secret.features[fold, 1:] = HEARTS.features[: int(fold.sum()), 1:]
    secret.odds[fold] = 4.0
    windows = GateWindows.concatenated([HEARTS, secret])
    gate = fit_gate(windows)
    passing = 1.0 / (1.0 + np.exp(-gate_logits(gate, secret.only(fold)))) >= gate.poor_below
    assert passing.mean() < 0.1
    assert measure_gate(windows).passing["speech"].value == pytest.approx(1.0 / 3.0, abs=0.05)
