"""Labels and the titles of recorded names."""

from __future__ import annotations

from monitor.labels import metric_title, model_title, set_title


def test_names_in_words() -> None:
    """Metrics and data sets have a title for people, also those that were recorded under a former name."""
    names = ("auc", "accuracy_on_surest_80", "sensitivity_at_specificity_0.90")
    titles = ["AUC", "accuracy at 80 % coverage", "sensitivity at specificity 0.90"]
    assert [metric_title(name) for name in names] == titles
    assert set_title("sounds that are no heart") == "non-cardiac sounds"
    assert set_title("clinic") == "clinic"
    assert [model_title("mine", engine) for engine in ("litert", "keras")] == ["mine", "mine (keras)"]
