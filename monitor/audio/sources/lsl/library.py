"""The library pylsl; no other file imports it. Importing this module does not."""

from __future__ import annotations

import os
from typing import Any

from monitor.errors import AuscultError, check_installed

__all__ = ["load_pylsl"]

QUIET = "[log]\nlevel = -3\n"
"""Its own messages would be written over the dashboard; a configuration that the user names says itself what is."""


def load_pylsl(what: str) -> Any:
    """Return the module pylsl.

    Parameters
    ----------
    what : str
        The flag that needs it.

    Raises
    ------
    MissingExtraError
        If it is not installed.
    AuscultError
        If it finds no liblsl, the library that it stands on.
    """
    check_installed("pylsl", what, "lsl")
    try:
        import pylsl
    except (RuntimeError, OSError) as error:
        raise AuscultError(
            f"{what}: the library liblsl is not installed",
            "see https://github.com/sccn/liblsl/releases, or set PYLSL_LIB",
        ) from error
    if "LSLAPICFG" not in os.environ and hasattr(pylsl, "set_config_content"):
        pylsl.set_config_content(QUIET)
    return pylsl
