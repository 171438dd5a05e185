"""Configuration of the docs: Sphinx, Markdown through MyST, the furo theme."""

from __future__ import annotations

import importlib.metadata
import re
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

project = "handlerid"
author = "The handlerid authors"
copyright = "The handlerid authors"  # noqa: A001 Sphinx's name for it
release = importlib.metadata.version("handlerid")
language = "en"

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.intersphinx",
    "sphinx.ext.napoleon",
    "sphinx_copybutton",
]
exclude_patterns = ["_build"]
myst_heading_anchors = 3
suppress_warnings = ["config.cache"]
nitpicky = True
nitpick_ignore = [
    ("py:class", "handlerid._registry.registry.F"),  # a type variable
    ("py:exc", "NoMatchFound"),  # Starlette's
]
# Starlette publishes no inventory of its names.
nitpick_ignore_regex = [("py:class", r"starlette\..*")]

autodoc_typehints = "signature"
python_maximum_signature_line_length = 88  # else a parameter a line
autodoc_member_order = "bysource"
autodoc_default_options = {"members": True}
autodoc_mock_imports = ["mesop", "flask"]  # the page of the API reads the integration
autodoc_type_aliases = {
    name: f"handlerid.{name}"
    for name in ("Captures", "Payload", "Resolver", "Stale", "Unstable")
}
napoleon_numpy_docstring = False
napoleon_use_ivar = True

# Names in Python's docs that these pages use, in a file: a build needs no network.
# A new name is a new line: Sphinx's first format of inventories is text.
intersphinx_mapping = {"python": ("https://docs.python.org/3", "python.inv")}

# Copy what was typed: no prompt, and no output.
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True

html_theme = "furo"
html_title = "handlerid"
html_static_path = ["_static"]
html_css_files = ["tables.css"]
html_js_files = ["tables.js"]
html_search_scorer = str(Path(__file__).with_name("search.js"))
html_sourcelink_suffix = ""  # _sources/index.md

# Objects that the library makes: how it does that is no part of the API.
MADE_BY_THE_LIBRARY = {
    "handlerid.RegisteredHandler",
    "handlerid.Scope",
    "handlerid.manifest.ClickCounter",
    "handlerid.manifest.History",
    "handlerid.web.Request",
}


def end_blocks(_app: Sphinx, _page: str, source: list[str]) -> None:
    """Drop the blank line that a doctest needs at the end of its block."""
    source[0] = re.sub(r"\n\n```\n", "\n```\n", source[0])


def tidy_signature(
    _app: Sphinx,
    what: str,
    name: str,
    obj: Any,
    _options: Any,
    signature: Any,
    returns: Any,
) -> tuple[str, Any] | None:
    """Show the public names of types, and no constructor that nobody calls."""
    if not signature:
        return None
    inherited = what == "exception" and "__init__" not in vars(obj)
    if name in MADE_BY_THE_LIBRARY or inherited:
        return "", returns
    return with_public_names(signature), returns and with_public_names(returns)


def with_public_names(text: str) -> str:
    """Return a signature without what stands elsewhere, or for no value."""
    text = re.sub(r"TypeAliasForwardRef\('([\w.]+)'\)", r"\1", text)
    text = re.sub(r"(?<![~\w.])handlerid\.", "~handlerid.", text)
    text = re.sub(r" ?= ?(Ellipsis|<factory>)", " = ...", text)
    return text.replace("futures._base.", "futures.")


def skip_tuple_fields(
    _app: Sphinx, _what: str, _name: str, obj: Any, _skip: bool, _options: Any
) -> bool | None:
    """Leave fields of named tuples to the signature: they are "Alias for field 0"."""
    return True if type(obj).__name__ == "_tuplegetter" else None


def write_llms_txt(app: Sphinx, error: Exception | None) -> None:
    """Write a table of contents for language models: https://llmstxt.org."""
    if error or app.builder.name != "html":
        return
    env = app.env
    start = env.get_doctree(env.config.root_doc)
    lines = [f"# {project}", "", f"> {first_paragraph(start)}"]
    for tree in start.findall(lambda node: node.tagname == "toctree"):
        lines += ["", f"## {tree['caption']}", ""]
        for page in with_parts(env, tree["includefiles"]):
            # A page that Sphinx makes of other files is whole as HTML alone.
            source = Path(env.doc2path(page)).read_text("utf-8")
            made = re.search(r"^```{(eval-rst|include)}", source, re.MULTILINE)
            link = f"{page}.html" if made else f"_sources/{page}.md"
            text = first_sentence(env.get_doctree(page))
            lines.append(f"- [{env.titles[page].astext()}]({link}): {text}")
    Path(app.outdir, "llms.txt").write_text("\n".join(lines) + "\n", "utf-8")


def with_parts(env: Any, pages: list[str]) -> list[str]:
    """Return pages, each followed by those of its own table of contents."""
    found = []
    for page in pages:
        found += [page, *with_parts(env, env.toctree_includes.get(page, []))]
    return found


def first_paragraph(page: nodes.document) -> str:
    """Return the text of the first paragraph of a page."""
    return " ".join(next(page.findall(nodes.paragraph)).astext().split())


def first_sentence(page: nodes.document) -> str:
    """Return the first sentence of a page."""
    return re.split(r"(?<=[.:]) ", first_paragraph(page))[0].rstrip(".:") + "."


def setup(app: Sphinx) -> None:
    """Connect to Sphinx's events."""
    app.connect("source-read", end_blocks)
    app.connect("autodoc-process-signature", tidy_signature)
    app.connect("autodoc-skip-member", skip_tuple_fields)
    app.connect("build-finished", write_llms_txt)
