"""Sphinx configuration."""

project = "sentry-governed"
author = "the sentry_governed authors"
copyright = "2026, the sentry_governed authors"  # noqa: A001 - Sphinx's name
extensions = ["myst_parser"]
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
html_theme = "furo"
html_title = "sentry-governed"
exclude_patterns = ["_build"]
nitpicky = True
