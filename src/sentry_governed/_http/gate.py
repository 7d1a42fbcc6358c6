"""The last look at a request before it leaves: does it go where the configuration says, and nowhere else?"""

from __future__ import annotations

import re
from ipaddress import IPv6Address
from typing import Final
from urllib.parse import quote, urlsplit

import attrs

from sentry_governed._values import Request
from sentry_governed.errors import ConfigError, RequestRefused

_PORTS: Final = {"https": 443, "http": 80}
_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_HOST = re.compile(rf"{_LABEL}(?:\.{_LABEL})*\.?")
_LONGEST_HOST: Final = 253
_PATH = re.compile(r"(?:/[A-Za-z0-9._~-]+)*")
_VISIBLE = re.compile(r"[!-~]*")
_DOTS = frozenset({"", ".", ".."})
_METHODS = frozenset({"GET", "POST", "PUT", "DELETE", "PATCH"})


@attrs.frozen
class Origin:
    """A checked base URL in its parts.

    Attributes:
        scheme: `https`, or `http` when that was asked for.
        host: Lower case; an IPv6 address has no brackets here.
        port: The scheme's own port when the URL names none.
        path: What comes before every path, without a slash at its end; often empty.
    """

    scheme: str
    host: str
    port: int
    path: str = ""

    @property
    def authority(self) -> str:
        """The value of the Host header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"


def parse_origin(base_url: str, *, allow_http: bool = False) -> Origin:
    """Check and split a service's base URL.

    Raises:
        ConfigError: It is not plain `https://host[:port][/path]`. The message does not show the URL, which
            may hold a password.
    """
    try:
        return _origin(base_url, allow_http=allow_http)
    except ValueError as error:
        reason = str(error)
    raise ConfigError(f"base_url {reason[:1].lower()}{reason[1:]}")


def _origin(base_url: str, *, allow_http: bool) -> Origin:
    if not all("!" <= character <= "~" for character in base_url) or "\\" in base_url:
        raise ValueError("holds whitespace, a backslash or a character outside printable ASCII")
    if "@" in base_url:
        raise ValueError("holds a user name or a password; pass the token as a secret")
    if "?" in base_url or "#" in base_url:
        raise ValueError("holds a query or a fragment; leave them out")
    parts = urlsplit(base_url)
    if parts.scheme not in _PORTS or not parts.netloc:
        raise ValueError("is not of the form https://host[:port][/path]")
    if parts.scheme == "http" and not allow_http:
        raise ValueError("is not https; say allow_http if the token may travel in clear text")
    path = parts.path.rstrip("/")
    if not _PATH.fullmatch(path) or _DOTS & set(path.split("/")[1:]):
        raise ValueError("has a path that is not plain segments")
    port = _PORTS[parts.scheme] if parts.port is None else parts.port
    if port == 0:
        raise ValueError("has port 0")
    return Origin(parts.scheme, _host(parts.hostname or "", bracketed="[" in parts.netloc), port, path)


def _host(host: str, *, bracketed: bool) -> str:
    if bracketed:
        return str(IPv6Address(host))
    if len(host) > _LONGEST_HOST or not _HOST.fullmatch(host):
        raise ValueError("has a host that is not a plain ASCII name")
    return host


def check(
    origin: Origin, request: Request, *, scheme: bytes, host: bytes, port: int | None, target: bytes
) -> None:
    """Compare what is about to be sent with what was configured and asked.

    It reads the template by itself, so that a mistake in building the path shows here.

    Args:
        origin: Where requests of this service may go.
        request: What was asked, and authorized.
        scheme: Of the built request, like the following.
        host: As in the URL.
        port: As in the URL.
        target: The raw path and query.

    Raises:
        RequestRefused: They differ.
    """
    if (scheme, host, port) != (origin.scheme.encode(), origin.host.encode(), origin.port):
        problem = "the built request leaves the configured origin"
    elif request.method not in _METHODS:
        problem = f"the method is not one of {', '.join(sorted(_METHODS))}"
    elif not _is_what_was_asked(origin, request, target):
        problem = "the built path differs from the template"
    else:
        return
    raise RequestRefused(request.method, request.template, problem)


def _is_what_was_asked(origin: Origin, request: Request, target: bytes) -> bool:
    params = {f"{{{name}}}": value for name, value in request.params}
    if not _DOTS.isdisjoint(params.values()):
        return False
    asked = [
        quote(params.get(segment, segment), safe="", errors="surrogatepass")
        for segment in request.template.split("/")
    ]
    path, _, query = target.decode("latin-1").partition("?")
    return origin.path.split("/") + asked[1:] == path.split("/") and bool(_VISIBLE.fullmatch(query))
