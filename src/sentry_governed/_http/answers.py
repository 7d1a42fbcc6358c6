"""From a response to a value, or to the error that its status means."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Final, TypeAlias, TypeVar

from sentry_governed._convert import is_list, is_object, structure
from sentry_governed._http.flow import Flow, now, send
from sentry_governed._http.retry import wait_asked
from sentry_governed._operation import Operation
from sentry_governed._values import Request, Response
from sentry_governed.errors import (
    ApiError,
    BadRequest,
    Gone,
    NoAccess,
    NotFound,
    PayloadError,
    PlanTooSmall,
    RateLimited,
    Redirected,
    ServiceFailed,
    TokenRefused,
    UnexpectedAnswer,
)

M = TypeVar("M")
Refine: TypeAlias = Callable[[int, str], type[ApiError] | None]
"""Names a service's own kind of error for a status and its words, or None for the usual one."""

_LONGEST_DETAIL: Final = 500
_LONGEST_ID: Final = 100
_LARGEST_ERROR: Final = 256 * 1024
_DEEPEST: Final = 4
_NO_ACCESS: Final = 403
_SUCCESSES: Final = range(200, 300)
_CLIENT: Final = 400
_SERVER: Final = 500
_KINDS: Final[dict[int, type[ApiError]]] = {
    401: TokenRefused,
    402: PlanTooSmall,
    _NO_ACCESS: NoAccess,
    404: NotFound,
    410: Gone,
    429: RateLimited,
}
_ID_HEADERS: Final = ("x-request-id", "x-sentry-request-id", "request-id", "x-amzn-requestid")
_NAMELESS: Final = frozenset({"nonFieldErrors", "non_field_errors", "detail", "message"})
_HTML: Final = "a web page instead of JSON; is base_url the service's own?"


def _as_usual(_status: int, _detail: str) -> None:
    """No service of its own."""


def ask(
    service: str,
    operation: Operation,
    request: Request,
    *,
    refine: Refine = _as_usual,
    token_scopes: tuple[str, ...] = (),
) -> Flow[Response]:
    """Send a request, and return what comes back if it is a success.

    Args:
        service: The name that the driver knows the service by.
        operation: What has to be allowed.
        request: What is sent.
        refine: The service's own kinds of errors.
        token_scopes: Named when the token may not do it: any one of them is enough.

    Raises:
        ApiError: The service says no; the class says how.
        Denied: Policy refused.
        TransportError: There is no whole answer.
    """
    response = yield from send(service, operation, request)
    if response.status not in _SUCCESSES:
        moment = yield from now()
        raise error_of(request, response, now=moment, refine=refine, token_scopes=token_scopes)
    return response


def error_of(
    request: Request,
    response: Response,
    *,
    now: float,
    refine: Refine = _as_usual,
    token_scopes: tuple[str, ...] = (),
) -> ApiError:
    """The error that a response is, whatever shape its body has; `now` is in seconds since the epoch."""
    status, body = response.status, _error_body(response)
    detail = _one_line("; ".join(_words(body)), _LONGEST_DETAIL)
    kind = refine(status, detail) or _kind(status)
    if status == _NO_ACCESS and token_scopes:
        hint = f" (the token needs {' or '.join(token_scopes)})"
        detail = detail[: _LONGEST_DETAIL - len(hint)] + hint
    wait = wait_asked(response, now)
    return kind(
        request.method,
        request.template,
        status,
        detail,
        _request_id(response, body),
        None if wait is None else max(0.0, wait),
    )


def decoded(request: Request, response: Response) -> object:
    """The JSON value of a success's body.

    Raises:
        UnexpectedAnswer: It is not JSON.
    """
    value = _json(response.body)
    if isinstance(value, _Unreadable):
        raise unexpected(request, response, f"the body is {value}")
    return value


def structured(request: Request, response: Response, value: object, model: type[M]) -> M:
    """A model of a part of a success's body.

    Raises:
        UnexpectedAnswer: The part lacks what the model needs.
    """
    try:
        return structure(value, model)
    except PayloadError as error:
        problem = str(error)
    raise unexpected(request, response, problem)


def unexpected(request: Request, response: Response, problem: str) -> UnexpectedAnswer:
    """The error for a success that is not what the service documents."""
    detail = _one_line(problem, _LONGEST_DETAIL)
    request_id = _request_id(response, None)
    return UnexpectedAnswer(request.method, request.template, response.status, detail, request_id)


def request_id_of(response: Response) -> str | None:
    """The service's name for a request that it answered, for its support, or None."""
    return _request_id(response, None)


class _Unreadable(str):
    """What a body is, in words, when it is not JSON."""

    __slots__ = ()


def _json(body: bytes) -> object:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        pass
    start = body.lstrip()[:1]
    return _Unreadable(_HTML if start == b"<" else "not JSON" if start else "empty")


def _error_body(response: Response) -> object:
    return _json(response.body) if len(response.body) <= _LARGEST_ERROR else None


def _kind(status: int) -> type[ApiError]:
    if status >= _SERVER:
        return ServiceFailed
    return _KINDS.get(status, Redirected if status < _CLIENT else BadRequest)


def _words(body: object) -> Iterator[str]:
    """What a body says: Asana's list of errors, Sentry's `detail` in its forms, or a map of fields."""
    if isinstance(body, _Unreadable):
        if body == _HTML:
            yield body
        return
    if is_object(body):
        errors = body.get("errors")
        if is_list(errors):
            for error in errors:
                yield from _said(error.get("message") if is_object(error) else error, "", 1)
            return
        body = {name: value for name, value in body.items() if name != "errorId"}
    yield from _said(body, "", 0)


def _said(value: object, name: str, depth: int) -> Iterator[str]:
    """The texts in a value, each after the name of its field."""
    if isinstance(value, str) and value.strip():
        yield f"{name}: {value}" if name else value
    elif is_list(value) and depth < _DEEPEST:
        for item in value:
            yield from _said(item, name, depth + 1)
    elif is_object(value) and depth < _DEEPEST:
        for key, item in value.items():
            path = name if key in _NAMELESS else f"{name}.{key}" if name else key
            yield from _said(item, path, depth + 1)


def _request_id(response: Response, body: object) -> str | None:
    """What a service's support asks for: a header, Sentry's `errorId`, or Asana's `phrase`."""
    found: object = next(filter(None, map(response.header, _ID_HEADERS)), None)
    if is_object(body):
        errors = body.get("errors")
        first = errors[0] if is_list(errors) and errors else None
        found = body.get("errorId") or (first.get("phrase") if is_object(first) else None) or found
    return _one_line(found, _LONGEST_ID) if isinstance(found, str) else None


def _one_line(text: str, longest: int) -> str:
    printable = "".join(character if character.isprintable() else " " for character in text[: 4 * longest])
    return " ".join(printable.split())[:longest]
