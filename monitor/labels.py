"""Names that the code itself refers to (all other labels come from the data sets), and titles of recorded names."""

from __future__ import annotations

__all__ = [
    "DEFAULT_BUNDLE",
    "DEFAULT_ENGINE",
    "ENGINES",
    "EXTRASTOLE",
    "INT8_ENGINE",
    "KERAS_ENGINE",
    "MURMUR",
    "NON_CARDIAC",
    "NON_CARDIAC_SET_TITLE",
    "NORMAL",
    "ONNX_ENGINE",
    "SITES",
    "SITE_TITLES",
    "metric_title",
    "model_title",
    "set_title",
]

NORMAL = "normal"
MURMUR = "murmur"

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

DEFAULT_ENGINE = "litert"
"""What runs a bundle's network unless another engine is asked for: the float network in LiteRT."""
INT8_ENGINE = "litert-int8"
ONNX_ENGINE = "onnx"
KERAS_ENGINE = "keras"
ENGINES = {
    DEFAULT_ENGINE: "model.tflite",
    INT8_ENGINE: "model-int8.tflite",
    ONNX_ENGINE: "model.onnx",
    KERAS_ENGINE: "model.keras",
}
"""What may run a bundle's network, and the file of the bundle that each runs."""
DEFAULT_BUNDLE = "heart-sounds"

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


def model_title(name: str, engine: str) -> str:
    """Return a bundle's name as people read it: with the engine, unless that is the default.

    Examples
    --------
    >>> model_title("heart-sounds", "litert"), model_title("heart-sounds", "litert-int8")
    ('heart-sounds', 'heart-sounds (litert-int8)')
    """
    return name if engine == DEFAULT_ENGINE else f"{name} ({engine})"


def set_title(name: str) -> str:
    """Return a data set's name as it is shown, whenever it was recorded."""
    return FORMER_SET_TITLES.get(name, name)
