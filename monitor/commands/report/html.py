"""HTML that needs nothing else: made by jinja2 from a template of ours, with every text escaped.

A policy in it forbids every request, and every script but its own, whose digest it names. Imports jinja2 when asked.
"""

from __future__ import annotations

import base64
import datetime
import hashlib
from importlib.resources import files
from typing import Any

from monitor._version import __version__
from monitor.output import printable_lines
from monitor.text.text_lines import DISCLAIMER

__all__ = ["SHOWN_DISCLAIMER", "render", "template_text"]

SHOWN_DISCLAIMER = DISCLAIMER[0].upper() + DISCLAIMER[1:]


def template_text(name: str) -> str:
    """Return a file of the folder ``template``."""
    return (files("monitor.commands.report") / "template" / name).read_text(encoding="utf-8")


def render(template: str, script: str, *, made: datetime.datetime, **values: Any) -> str:
    """Return a page.

    Parameters
    ----------
    template : str
        Name of its file.
    script : str
        The only script that may run; empty for none.
    made : datetime
        When.
    **values
        What the template needs besides; only values of markupsafe's ``Markup`` are taken as HTML.
    """
    import jinja2
    from markupsafe import Markup

    environment = jinja2.Environment(
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: (
            value if isinstance(value, Markup) or not isinstance(value, str) else printable_lines(value)
        ),
    )
    return environment.from_string(template_text(template)).render(
        policy=_policy(script),
        version=__version__,
        script=Markup(script),  # noqa: S704 - a file of ours
        disclaimer=SHOWN_DISCLAIMER,
        made=f"{made:%Y-%m-%d %H:%M}",
        **values,
    )


def _policy(script: str) -> str:
    """Return the content security policy: no request, and no script but this one."""
    digest = base64.b64encode(hashlib.sha256(f"\n{script}\n".encode()).digest()).decode("ascii")
    allowed = {
        "default-src": "'none'",
        "script-src": f"'sha256-{digest}'" if script else "'none'",
        "style-src": "'unsafe-inline'",
        "img-src": "data:",
        "media-src": "data: blob:",
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    return "; ".join(f"{name} {value}" for name, value in allowed.items())
