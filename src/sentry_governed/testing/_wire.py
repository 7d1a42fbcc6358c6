"""What both fakes share about requests and responses: calls, routes, refusals."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Generic, TypeAlias, TypeVar
from urllib.parse import unquote

import attrs

from sentry_governed._values import Pairs, Response
from sentry_governed.typing import JsonValue

Record: TypeAlias = dict[str, JsonValue]
WorldT = TypeVar("WorldT")


@attrs.frozen
class Call:
    """One request as a fake received it, without its credentials.

    Attributes:
        method: Upper case.
        path: The whole path as it was sent, percent-encoded, without the query.
        query: Decoded name and value pairs.
        body: The exact bytes, or None.
    """

    method: str
    path: str
    query: Pairs = ()
    body: bytes | None = attrs.field(default=None, repr=False)

    @property
    def is_write(self) -> bool:
        """Whether the method is one that changes something."""
        return self.method not in {"GET", "HEAD", "OPTIONS"}

    def json(self) -> JsonValue:
        """The body, decoded.

        Raises:
            ValueError: There is no body, or it is not JSON.
        """
        value: JsonValue = json.loads(self.body or b"")
        return value


@attrs.frozen
class Ask:
    """A call as a route sees it: with the path's parameters, the caller and the origin it came to."""

    call: Call
    params: Mapping[str, str]
    origin: str
    token: str | None = attrs.field(default=None, repr=False)

    def __getitem__(self, name: str) -> str:
        return self.params[name]

    def all(self, name: str) -> tuple[str, ...]:
        """Every value of a query parameter."""
        return tuple(value for key, value in self.call.query if key == name)

    def first(self, name: str) -> str | None:
        """The first value of a query parameter, or None."""
        return next(iter(self.all(name)), None)


class Refused(Exception):
    """A route's way to answer with an error from deep inside."""

    def __init__(self, response: Response) -> None:
        super().__init__(response)
        self.response = response


Handler: TypeAlias = Callable[[WorldT, Ask], Response]


@attrs.frozen
class Routes(Generic[WorldT]):
    """A table of routes; the first whose method and path fit answers.

    A template's `{name}` stands for one whole segment, which is percent-decoded for the handler.
    """

    rows: tuple[tuple[str, str, Handler[WorldT]], ...]

    def find(self, method: str, path: str) -> tuple[Handler[WorldT], Mapping[str, str]] | None:
        """The handler of a path below the service's base path, and its parameters."""
        for wanted, template, handler in self.rows:
            params = _fit(template, path) if wanted == method else None
            if params is not None:
                return handler, params
        return None


def _fit(template: str, path: str) -> Mapping[str, str] | None:
    names, segments = template.split("/"), path.split("/")
    if len(names) != len(segments):
        return None
    params: dict[str, str] = {}
    for name, segment in zip(names, segments, strict=True):
        if name.startswith("{"):
            params[name[1:-1]] = unquote(segment)
        elif name != segment:
            return None
    return params if all(params.values()) else None


def as_json(status: int, value: JsonValue, headers: Pairs = ()) -> Response:
    """A JSON response."""
    body = json.dumps(value, separators=(",", ":")).encode()
    return Response(status, (("content-type", "application/json"), *headers), body)


def as_html(status: int, title: str, headers: Pairs = ()) -> Response:
    """What a proxy in front of the service answers."""
    return Response(status, (("content-type", "text/html"), *headers), f"<html>{title}</html>".encode())
