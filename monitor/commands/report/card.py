"""The model card that belongs to what a session was judged with, if that model is installed."""

from __future__ import annotations

from monitor.errors import AuscultError
from monitor.inference.bundle import find_bundle, read_settings
from monitor.text.model_card import readable_card

__all__ = ["model_card"]


def model_card(model: str, model_sha256: str | None) -> str | None:
    """Return the card of an installed bundle whose network has a digest; None where there is none.

    Parameters
    ----------
    model : str
        Name or folder of the bundle.
    model_sha256 : str or None
        Digest of ``model.tflite``.
    """
    try:
        path = find_bundle(model)
        digests = read_settings(path).get("sha256", {})
        if model_sha256 is None or digests.get("model.tflite") != model_sha256:
            return None
        return readable_card((path / "CARD.md").read_text(encoding="utf-8"))
    except (AuscultError, OSError, UnicodeDecodeError):
        return None
