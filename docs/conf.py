"""Configuration of the docs: Sphinx, Markdown through MyST, the furo theme."""

import importlib.metadata

project = "handlerid"
author = "The handlerid authors"
copyright = "The handlerid authors"  # noqa: A001 Sphinx's name for it
release = importlib.metadata.version("handlerid")

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["_build"]
myst_heading_anchors = 3
suppress_warnings = ["config.cache"]

autodoc_typehints = "signature"
autodoc_member_order = "bysource"
autodoc_default_options = {"members": True}
napoleon_numpy_docstring = False
napoleon_use_ivar = True

html_theme = "furo"
html_title = "handlerid"
