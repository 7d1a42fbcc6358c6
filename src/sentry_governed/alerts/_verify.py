"""Who sent these bytes: signatures and shared secrets, before anything is decoded."""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final, Protocol, TypeAlias, cast

import attrs

from sentry_governed._secret import Secret
from sentry_governed.alerts._alert import Source
from sentry_governed.errors import ConfigError, SignatureError

HeaderValue: TypeAlias = str | bytes | list[str] | tuple[str, ...] | None
"""A header's value; a sequence is several headers of one name, and None is none."""


class HasItems(Protocol):
    """A mapping of headers, or one of the collections in which a name may come again."""

    def items(self) -> Iterable[tuple[str | bytes, HeaderValue]]:
        """Each header as a name and a value."""
        ...


Headers: TypeAlias = HasItems | Iterable[tuple[str | bytes, HeaderValue]]
"""Headers of a request in any case; bytes are Latin-1. Pairs keep a header that came twice."""

RESOURCE: Final = "sentry-hook-resource"
SIGNATURE: Final = "sentry-hook-signature"
DATADOG: Final = "datadog-secret-token"
_HEX_DIGEST = re.compile(r"[0-9a-f]{64}")
_HEADER_NAME = re.compile(r"[a-z0-9!#$%&'*+.^_`|~-]+")


Secrets: TypeAlias = str | Secret | Iterable[str | Secret]
"""One secret or several, as texts or wrapped."""


def _wrapped(sender: str, values: Secrets, problems: list[str]) -> tuple[Secret, ...]:
    """The sound secrets; the problems of others are noted, as an error raised here would show their text."""
    secrets: list[Secret] = []
    for value in [values] if isinstance(values, str | Secret) else values:
        try:
            secrets.append(value if isinstance(value, Secret) else Secret(value))
        except ConfigError as error:
            problems.append(f"{sender}: {error}")
    return tuple(secrets)


@attrs.frozen(init=False)
class WebhookSecrets:
    """What genuine webhooks are recognised by.

    Several secrets of one sender are all valid, so that one can be rotated without a gap. A sender without
    secrets is refused.

    Attributes:
        sentry: Client secrets of the Sentry integration; they key the signature.
        datadog: Values of the secret header that the Datadog webhook sets.
        datadog_header: The name of that header, in any case.

    Raises:
        ConfigError: A secret or the header's name cannot be sent in a header.
    """

    sentry: tuple[Secret, ...]
    datadog: tuple[Secret, ...]
    datadog_header: str

    def __init__(self, sentry: Secrets = (), datadog: Secrets = (), datadog_header: str = DATADOG) -> None:
        problems: list[str] = []
        header = datadog_header.lower()
        object.__setattr__(self, "sentry", _wrapped("sentry", sentry, problems))
        object.__setattr__(self, "datadog", _wrapped("datadog", datadog, problems))
        object.__setattr__(self, "datadog_header", header)
        del sentry, datadog  # a traceback that shows locals would show them
        if not _HEADER_NAME.fullmatch(header) or header.startswith("sentry-hook-"):
            problems.append(f"{header!r} cannot be the name of Datadog's secret header")
        if problems:
            raise ConfigError("; ".join(problems))


def by_name(headers: Headers) -> dict[str, list[str]]:
    """All values of each header, by its name in lower case.

    Raises:
        ConfigError: The headers, a name or a value are of a type that no headers have.
    """
    values: dict[str, list[str]] = {}
    for name, value in _pairs(headers):
        several = cast("list[object]", value) if isinstance(value, list | tuple) else [value]
        texts = [_text(each, "value") for each in several if each is not None]
        if texts:
            values.setdefault(_text(name, "name").lower(), []).extend(texts)
    return values


def _pairs(headers: object) -> Iterator[tuple[object, object]]:
    items = getattr(headers, "items", None)
    for pair in _each(items() if callable(items) else headers, "headers are"):
        match tuple(_each(pair, "a header is")):
            case name, value:
                yield name, value
            case parts:
                raise ConfigError(f"a header has {len(parts)} parts, where a name and a value belong")


def _each(found: object, what: str) -> Iterable[object]:
    if isinstance(found, Iterable) and not isinstance(found, str | bytes):
        return cast("Iterable[object]", found)
    raise ConfigError(
        f"{what} a {type(found).__name__}; headers are a mapping, or pairs of a name and a value"
    )


def _text(found: object, what: str) -> str:
    if isinstance(found, str):
        return found
    if isinstance(found, bytes):
        return found.decode("latin-1")
    raise ConfigError(f"a header's {what} is a {type(found).__name__} where text belongs")


def verify(body: bytes, headers: Headers, secrets: WebhookSecrets) -> tuple[Source, list[str]]:
    """Tell who sent the bytes, from one authentic header, and the Sentry resources that are named.

    The resource is not signed: what reads the body must find that resource's fields in it.

    Raises:
        SignatureError: Nobody whose secrets are known vouches for these bytes.
    """
    values = by_name(headers)
    resources = values.get(RESOURCE, [])
    from_sentry = SIGNATURE in values or RESOURCE in values
    from_datadog = secrets.datadog_header in values
    if from_sentry and from_datadog:
        raise SignatureError("the request carries the headers of both Sentry and Datadog")
    if from_sentry:
        _verify_sentry(body, values, secrets.sentry)
        return "sentry", resources
    if from_datadog:
        _verify_datadog(values, secrets)
        return "datadog", resources
    raise SignatureError(
        f"the request has neither a Sentry-Hook-Signature nor a {secrets.datadog_header} header"
        " (Sentry's legacy WebHooks plugin signs nothing: use an internal integration)"
    )


def _verify_sentry(body: bytes, values: Mapping[str, list[str]], secrets: tuple[Secret, ...]) -> None:
    """Sentry signs the raw body alone: hexadecimal HMAC-SHA256 keyed with the client secret."""
    given = _only_value(values, SIGNATURE)
    if not _HEX_DIGEST.fullmatch(given):
        raise SignatureError(f"the {SIGNATURE} header is not 64 lower-case hexadecimal digits")
    if not secrets:
        raise SignatureError("no Sentry client secret is configured, so nothing from Sentry is accepted")
    digests = (hmac.digest(secret.reveal().encode(), body, "sha256") for secret in secrets)
    if not _any_equal(digests, bytes.fromhex(given)):
        raise SignatureError("the Sentry signature does not fit the body and any configured client secret")


def _verify_datadog(values: Mapping[str, list[str]], secrets: WebhookSecrets) -> None:
    given = _only_value(values, secrets.datadog_header)
    if not secrets.datadog:
        raise SignatureError("no Datadog webhook secret is configured, so nothing from Datadog is accepted")
    wanted = (secret.reveal().encode() for secret in secrets.datadog)
    if not _any_equal(wanted, given.encode("utf-8", "surrogatepass")):
        raise SignatureError(f"the {secrets.datadog_header} header is not a configured secret")


def _only_value(values: Mapping[str, list[str]], name: str) -> str:
    found = values.get(name, [])
    if len(found) != 1:
        raise SignatureError(f"{len(found)} {name} headers where exactly one belongs")
    return found[0]


def _any_equal(wanted: Iterable[bytes], given: bytes) -> bool:
    """Compare with each in constant time, and with all of them whichever fits."""
    equal = False
    for each in wanted:
        equal |= hmac.compare_digest(each, given)
    return equal
