"""Fills a path template: one parameter is one segment, or the request is refused."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from urllib.parse import quote

from sentry_governed._values import Pairs, Request
from sentry_governed.errors import RequestRefused

_NAME = re.compile(r"\{([a-z][a-z0-9_]*)\}")
_PLAIN = re.compile(r"[A-Za-z0-9._~-]+")
_UNSAFE = re.compile(r"[\x00-\x1f\x7f-\x9f/\\\ud800-\udfff]")
_DOTS = frozenset({".", ".."})


def render(request: Request) -> str:
    """The percent-encoded path of a request, below its service's base URL.

    Raises:
        RequestRefused: The template is malformed, a parameter is missing or unknown, or one is not a string,
            empty, a dot segment, or holds a control character, a slash or a backslash. The message does not
            show it.
    """
    try:
        return _render(request.template, request.params)
    except (TypeError, ValueError) as error:
        reason = str(error)
    raise RequestRefused(request.method, request.template, reason)


def _render(template: str, params: Pairs) -> str:
    literals, names = _compile(template)
    values = dict(params)
    if len(values) != len(params):
        raise ValueError("a parameter is given twice")
    if values.keys() != set(names):
        raise ValueError(f"parameters {_listed(values)} do not fit the template's {_listed(names)}")
    pieces = [literals[0]]
    for name, literal in zip(names, literals[1:], strict=True):
        pieces += (_encoded(name, values[name]), literal)
    return "".join(pieces)


def _encoded(name: str, value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"parameter {name!r} is not a string")
    if not value:
        raise ValueError(f"parameter {name!r} is empty")
    if value in _DOTS:
        raise ValueError(f"parameter {name!r} is a dot segment")
    unsafe = _UNSAFE.search(value)
    if unsafe:
        raise ValueError(f"parameter {name!r} holds {unsafe.group()!a}")
    return quote(value, safe="")


@lru_cache(maxsize=512)
def _compile(template: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The texts around the parameters, and the parameters' names."""
    root, *segments = template.split("/")
    if root or not segments:
        raise ValueError("the template does not start with '/'")
    for place, segment in enumerate(segments):
        if segment == "" and place == len(segments) - 1:
            continue
        if not (_NAME.fullmatch(segment) or (_PLAIN.fullmatch(segment) and segment not in _DOTS)):
            raise ValueError(f"template segment {segment!r} is neither plain text nor one parameter")
    pieces = _NAME.split(template)
    return tuple(pieces[::2]), tuple(pieces[1::2])


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)) or "none"
