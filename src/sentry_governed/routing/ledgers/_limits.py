"""What every ledger accepts, so that a record fits all of them."""

from __future__ import annotations

import math
import re

from sentry_governed.errors import LedgerError

MAX_VALUE_BYTES = 64 * 1024

_KEY = re.compile(r"[A-Za-z0-9._-]{1,200}")
_SHOWN = 60


def check_key(key: str) -> None:
    """Refuse what cannot be a key.

    Raises:
        LedgerError: It is not 1 to 200 of letters, digits, `.`, `_` and `-`.
    """
    if _KEY.fullmatch(key) is None:
        shown = key if len(key) <= _SHOWN else f"{key[:_SHOWN]}..."
        raise LedgerError(f"{shown!a} cannot be a ledger key: use 1 to 200 of A-Z a-z 0-9 . _ -")


def check_record(key: str, value: str, expires_at: float) -> None:
    """Refuse what cannot be a record.

    Raises:
        LedgerError: The key is refused, the value is not text or above 64 KiB of UTF-8, or the expiry is
            not a finite number.
    """
    check_key(key)
    size = len(value.encode(errors="surrogatepass"))
    if size > MAX_VALUE_BYTES:
        raise LedgerError(f"the value for {key} has {size} bytes; a ledger keeps at most {MAX_VALUE_BYTES}")
    if any("\ud800" <= letter <= "\udfff" for letter in value):
        raise LedgerError(f"the value for {key} holds half a surrogate pair; a ledger keeps UTF-8")
    if not math.isfinite(expires_at):
        raise LedgerError(f"the record of {key} cannot expire at {expires_at}; give seconds since the epoch")
