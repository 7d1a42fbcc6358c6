"""Keys that sign, and what each signature is for."""

from __future__ import annotations

import hmac
from typing import Final

from sentry_governed._secret import Secret
from sentry_governed.errors import ConfigError

_SHORTEST: Final = 32


def check_key(key: Secret, what: str) -> None:
    """Refuse a key that could be guessed.

    Raises:
        ConfigError: It has fewer than 32 characters.
    """
    if len(key.reveal()) < _SHORTEST:
        raise ConfigError(
            f"{what} has fewer than {_SHORTEST} characters; make one with `openssl rand -hex 32`"
        )


def sign(key: Secret, purpose: str, message: bytes) -> str:
    """HMAC-SHA256 in hexadecimal digits; a signature for one purpose is none for another."""
    return hmac.digest(
        key.reveal().encode(), b"sentry_governed " + purpose.encode() + b"\0" + message, "sha256"
    ).hex()


def same(left: str, right: str) -> bool:
    """Whether two texts are equal, in a time that does not tell where they differ."""
    return hmac.compare_digest(left.encode(errors="surrogatepass"), right.encode(errors="surrogatepass"))
