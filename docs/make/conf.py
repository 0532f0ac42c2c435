"""Settings of Sphinx for the site that docs/make/make_site.py builds."""

import pydoc

from pygments.lexers.special import TextLexer
from sphinx.highlighting import lexers

import monitor
from monitor._version import __version__

project = "auscult"
copyright = "the auscult authors, MIT licence"
version = release = __version__
html_title = f"auscult {__version__}"
html_theme = "furo"
smartquotes = False  # two hyphens begin a flag
html_show_sourcelink = html_show_sphinx = html_copy_source = False

root_doc = "docs/index"
extensions = ["myst_parser", "sphinx.ext.autodoc", "numpydoc"]
myst_enable_extensions = ["deflist"]
myst_heading_anchors = 6
lexers["csv"] = TextLexer()

autodoc_typehints = "none"  # the docstrings say type, shape and unit
autodoc_member_order = "bysource"
numpydoc_show_class_members = False

# names of other packages are not looked up: the site is built and read without a network
nitpick_ignore_regex = [(r"py:.*", r"(?!monitor|training).*")]


def resolve(app, env, node, contnode):
    """Return what a docstring names: a link where the reference has it, plain where it is elsewhere in the code."""
    target = node.get("reftarget", "")
    found = pydoc.locate(target) if target.startswith(("monitor.", "training.")) else None
    if found is None and target.startswith(("monitor.", "training.")):
        owner, _, name = target.rpartition(".")
        return contnode if name in getattr(pydoc.locate(owner), "__annotations__", {}) else None
    public = next((name for name in monitor.__all__ if found is not None and getattr(monitor, name) is found), None)
    if public is None:
        return contnode if found is not None else None
    python = env.domains["py"]
    link = python.resolve_xref(env, node["refdoc"], app.builder, "obj", f"monitor.{public}", node, contnode)
    return link if link is not None else contnode


def setup(app):
    """Look up names that the reference does not have in the code itself: one that is not there stays a warning."""
    app.connect("missing-reference", resolve)
