"""Strict JSON from bytes that strangers may have written."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable
from typing import NoReturn

from sentry_governed._convert import JsonObject, is_list, is_object
from sentry_governed.errors import PayloadError
from sentry_governed.typing import JsonValue

DEEPEST = 200

_PAIR = re.compile(rb"\\u[dD][89abAB][0-9a-fA-F]{2}(?<!\\.{6})\\u[dD][c-fC-F][0-9a-fA-F]{2}", re.DOTALL)
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")


def decode_object(body: bytes, *, max_bytes: int, verified: bool) -> JsonObject:
    """Decode one JSON object: UTF-8 only, bounded in size, finite numbers, no lone surrogates.

    Args:
        body: The bytes as received.
        max_bytes: The largest body that is read at all.
        verified: A known sender's encoder wrote it. Otherwise an object that has a key twice is refused, and
            more than 200 levels: looking for them would cost a webhook as much as decoding it.

    Raises:
        PayloadError: The bytes are anything else.
    """
    check_size(body, max_bytes)
    value = _decode(body, _PLAIN if verified else _UNIQUE)
    if not verified:
        _check_depth(value)
    if not is_object(value):
        raise PayloadError("the body is JSON but not an object")
    return value


def check_size(body: bytes, max_bytes: int) -> None:
    """Refuse a body that is empty or larger than the bound."""
    if not body:
        raise PayloadError("the body is empty")
    if len(body) > max_bytes:
        raise PayloadError(f"the body has {len(body)} bytes, more than the {max_bytes} allowed")


def _decode(body: bytes, decoder: json.JSONDecoder) -> object:
    try:
        value: object = decoder.decode(body.decode("utf-8"))
        if _may_hold_lone_surrogate(body):
            value = _without_lone_surrogates(value)
    except UnicodeDecodeError as error:
        problem = f"the body is not UTF-8 at byte {error.start}"
    except json.JSONDecodeError as error:
        what = error.msg.lower().removesuffix(" at")
        problem = f"the body is not JSON: {what} at line {error.lineno} column {error.colno}"
    except RecursionError:
        problem = "the body is nested too deeply"
    except ValueError:  # an integer of thousands of digits
        problem = "the body holds a number that is too large"
    else:
        return value
    raise PayloadError(problem)  # outside the handler: the decoder's errors keep the whole body


def _check_depth(value: object) -> None:
    level: list[JsonObject | list[JsonValue]] = [value] if is_object(value) or is_list(value) else []
    for _ in range(DEEPEST):
        level = [
            child
            for node in level
            for child in (node.values() if type(node) is dict else node)
            if type(child) is dict or type(child) is list
        ]
        if not level:
            return
    raise PayloadError(f"the body is nested too deeply, in more than {DEEPEST} levels")


def _may_hold_lone_surrogate(body: bytes) -> bool:
    """Never wrongly no: a pair counts only right after something that is no backslash."""
    return _SURROGATE.search(body) is not None and _SURROGATE.search(_PAIR.sub(b"", body)) is not None


def _without_lone_surrogates(value: object) -> object:
    """Half an emoji, which JSON can escape but UTF-8 cannot hold, becomes a question mark."""
    return json.loads(json.dumps(value, ensure_ascii=False).encode("utf-8", "replace"))


def _refuse_constant(name: str) -> NoReturn:
    raise PayloadError(f"the body holds {name}, which is not JSON")


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise PayloadError("the body holds a number that is too large")
    return number


def _unique(pairs: Iterable[tuple[str, JsonValue]]) -> JsonObject:
    pairs = list(pairs)
    value = dict(pairs)
    if len(value) != len(pairs):
        raise PayloadError("an object of the body has a key twice")
    return value


_PLAIN = json.JSONDecoder(parse_constant=_refuse_constant, parse_float=_finite)
_UNIQUE = json.JSONDecoder(parse_constant=_refuse_constant, parse_float=_finite, object_pairs_hook=_unique)
