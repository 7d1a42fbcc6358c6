"""Strict YAML: what people wrote and where they wrote it, with nothing made up.

Text is taken as written and never resolved to numbers, booleans or dates. Aliases, tags, duplicate keys,
directives and several documents are problems. Size and depth are bounded while reading.
"""

from sentry_governed._yaml._hints import did_you_mean, double_quoted, mistaken_for, quoted
from sentry_governed._yaml._nodes import Fields, Items, Node, Scalar
from sentry_governed._yaml._read import MAX_BYTES, MAX_DEPTH, MAX_PROBLEMS, Loader, best_loader, read

__all__ = [
    "MAX_BYTES",
    "MAX_DEPTH",
    "MAX_PROBLEMS",
    "Fields",
    "Items",
    "Loader",
    "Node",
    "Scalar",
    "best_loader",
    "did_you_mean",
    "double_quoted",
    "mistaken_for",
    "quoted",
    "read",
]
