"""How a request is spelled on the wire."""

from __future__ import annotations

from urllib.parse import quote, urlencode

from sentry_governed._http.endpoint import Endpoint
from sentry_governed._http.path import render
from sentry_governed._values import Request
from sentry_governed.errors import RequestRefused


def target(endpoint: Endpoint, request: Request) -> str:
    """The path below the host, and the query.

    Raises:
        RequestRefused: One of them cannot be sent safely.
    """
    return endpoint.origin.path + render(request) + _query(request)


def headers(endpoint: Endpoint, request: Request) -> list[tuple[str, str]]:
    """All header lines, with the credentials."""
    lines = [
        ("Host", endpoint.origin.authority),
        ("User-Agent", endpoint.user_agent),
        ("Accept", endpoint.accept),
        ("Accept-Encoding", "gzip"),
        *endpoint.headers,
    ]
    if request.body is not None:
        lines += [("Content-Type", "application/json"), ("Content-Length", str(len(request.body)))]
    elif request.method != "GET":
        lines.append(("Content-Length", "0"))
    lines += [(one.header, one.prefix + one.secret.reveal()) for one in endpoint.credentials]
    return lines


def _query(request: Request) -> str:
    if not request.query:
        return ""
    try:
        return "?" + urlencode(request.query, quote_via=quote, safe="")
    except UnicodeEncodeError:
        pass
    raise RequestRefused(request.method, request.template, "the query holds a lone surrogate")
