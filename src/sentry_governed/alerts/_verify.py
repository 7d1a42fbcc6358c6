"""Who sent these bytes: signatures and shared secrets, before anything is decoded."""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterable, Mapping
from typing import TypeAlias, cast

import attrs

from sentry_governed._secret import Secret
from sentry_governed.alerts._alert import Source
from sentry_governed.errors import ConfigError, SignatureError

Headers: TypeAlias = Mapping[str, str] | Iterable[tuple[str, str]]
"""Headers of a request in any case; pairs keep a header that came twice."""

RESOURCE = "sentry-hook-resource"
_SIGNATURE = "sentry-hook-signature"
_HEX_DIGEST = re.compile(r"[0-9a-f]{64}")
_HEADER_NAME = re.compile(r"[a-z0-9!#$%&'*+.^_`|~-]+")


def _secrets(values: str | Secret | Iterable[str | Secret]) -> tuple[Secret, ...]:
    several = [values] if isinstance(values, str | Secret) else values
    return tuple(value if isinstance(value, Secret) else Secret(value) for value in several)


def _lower(name: str) -> str:
    return name.lower()


def _check_header(_secrets: object, _field: object, name: str) -> None:
    if not _HEADER_NAME.fullmatch(name) or name.startswith("sentry-hook-"):
        raise ConfigError(f"{name!r} cannot be the name of Datadog's secret header")


@attrs.frozen
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

    sentry: tuple[Secret, ...] = attrs.field(default=(), converter=_secrets)
    datadog: tuple[Secret, ...] = attrs.field(default=(), converter=_secrets)
    datadog_header: str = attrs.field(
        default="datadog-secret-token", converter=_lower, validator=_check_header
    )


def by_name(headers: Headers) -> dict[str, list[str]]:
    """All values of each header, by its name in lower case."""
    values: dict[str, list[str]] = {}
    pairs = cast("Mapping[str, str]", headers).items() if isinstance(headers, Mapping) else headers
    for name, value in pairs:
        values.setdefault(name.lower(), []).append(value)
    return values


def verify(body: bytes, headers: Headers, secrets: WebhookSecrets) -> tuple[Source, list[str]]:
    """Tell who sent the bytes, from one authentic header, and the Sentry resources that are named.

    The resource is not signed: what reads the body must find that resource's fields in it.

    Raises:
        SignatureError: Nobody whose secrets are known vouches for these bytes.
    """
    values = by_name(headers)
    resources = values.get(RESOURCE, [])
    from_sentry = _SIGNATURE in values or RESOURCE in values
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
    given = _only_value(values, _SIGNATURE)
    if not _HEX_DIGEST.fullmatch(given):
        raise SignatureError(f"the {_SIGNATURE} header is not 64 lower-case hexadecimal digits")
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
