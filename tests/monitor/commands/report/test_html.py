"""HTML of a template."""

from __future__ import annotations

import base64
import datetime
import hashlib
import re

import pytest

from monitor.commands.report.html import SHOWN_DISCLAIMER, render, template_text

jinja2 = pytest.importorskip("jinja2", reason="a report needs its extra")

MADE = datetime.datetime(2026, 1, 2, 3, 4, tzinfo=datetime.UTC)
TEMPLATE = "<meta content='{{ policy }}'><script>\n{{ script }}\n</script>{{ text }}{{ made }}{{ disclaimer }}"


@pytest.fixture
def made(monkeypatch):
    """Return a function that renders a small template."""
    monkeypatch.setattr("monitor.commands.report.html.template_text", lambda _: TEMPLATE)
    return lambda script="", **values: render("page", script, made=MADE, **values)


def test_text_is_escaped_and_holds_no_control_character(made):
    """Whatever it is; line feeds stay."""
    page = made(text="<b>\x1b[2J\n\u202e")
    assert "&lt;b&gt;" in page
    assert not re.search("[\x1b\u202e]", page)
    assert f"2026-01-02 03:04{SHOWN_DISCLAIMER}" in page


def test_the_policy_names_the_only_script(made):
    """By the digest of what stands between its tags; without a script there is none."""
    digest = base64.b64encode(hashlib.sha256(b"\nlet a = '<';\n").digest()).decode().replace("+", "&#43;")
    page = made("let a = '<';", text="")
    assert digest.replace("&#43;", "+") in page.replace("&#43;", "+")
    assert "let a = '<';" in page
    assert "script-src &#39;none&#39;" in made(text="")


def test_what_a_template_lacks_is_an_error(made):
    """Not an empty place."""
    with pytest.raises(jinja2.UndefinedError):
        made()


def test_the_templates_are_there():
    """As files of the package."""
    assert "<!DOCTYPE html>" in template_text("scan.html.jinja")
