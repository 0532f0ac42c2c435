"""Labels that the code itself refers to (all others come from the data sets), and titles of recorded names."""

from __future__ import annotations

__all__ = [
    "EXTRASTOLE",
    "NON_CARDIAC",
    "NON_CARDIAC_SET_TITLE",
    "NORMAL",
    "SITES",
    "SITE_TITLES",
    "metric_title",
    "set_title",
]

NORMAL = "normal"

SITES = ("AV", "PV", "TV", "MV")
"""Auscultation sites, named by the valve that is heard best: aortic, pulmonary, tricuspid, mitral."""
SITE_TITLES = {
    "AV": "aortic valve area",
    "PV": "pulmonary valve area",
    "TV": "tricuspid valve area",
    "MV": "mitral valve area",
}

EXTRASTOLE = "extrastole"
"""Extrasystole, in the spelling of PASCAL set B."""

NON_CARDIAC = "not-heart"
"""Non-cardiac sounds: trained as an output of its own, never shown as a label."""

NON_CARDIAC_SET_TITLE = "non-cardiac sounds"
FORMER_SET_TITLES = {"sounds that are no heart": NON_CARDIAC_SET_TITLE}
"""Names that shipped bundles and studies recorded, and what they are called today."""

METRIC_TITLES = {"macro_f1": "macro-F1", "accuracy_on_surest_80": "accuracy at 80 % coverage"}


def metric_title(name: str) -> str:
    """Return a metric's name as people write it.

    Examples
    --------
    >>> [metric_title(name) for name in ("macro_f1", "murmur_auc_clean", "balanced_accuracy")]
    ['macro-F1', 'murmur AUC clean', 'balanced accuracy']
    """
    words = ("AUC" if word == "auc" else word for word in name.split("_"))
    return METRIC_TITLES.get(name) or " ".join(words)


def set_title(name: str) -> str:
    """Return a data set's name as it is shown, whenever it was recorded."""
    return FORMER_SET_TITLES.get(name, name)
