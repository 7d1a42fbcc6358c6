"""Puts a body together piece by piece, so that its decoded size is bounded at every moment."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from typing import Final

from sentry_governed._values import Request
from sentry_governed.errors import ReplyLost, ResponseTooLarge

_GZIP: Final = 16 + zlib.MAX_WBITS
_SLICE: Final = 64 * 1024
_LONGEST_CODING: Final = 40
_GZIP_NAMES = frozenset({"gzip", "x-gzip"})


class Body:
    """Collects one response's body.

    Args:
        request: For messages.
        headers: The response's headers as they came.
        limit: How many decoded bytes are borne.

    Raises:
        ResponseTooLarge: It has several content codings or an unknown one, or grows over the limit.
    """

    def __init__(self, request: Request, headers: Iterable[tuple[bytes, bytes]], limit: int) -> None:
        self._request = request
        self._limit = limit
        self._decoded = bytearray()
        codings = _codings(headers)
        if len(codings) > 1 or not _GZIP_NAMES.issuperset(codings):
            named = ", ".join(codings)[:_LONGEST_CODING]
            raise self._too_large(f"the reply's coding {named!a} hides its size")
        self._inflater = zlib.decompressobj(_GZIP) if codings else None
        self._touched = False

    def feed(self, raw: bytes) -> None:
        """Take the next bytes from the connection."""
        if self._inflater is None:
            self._keep(raw)
            return
        self._touched = self._touched or bool(raw)
        while raw:
            try:
                piece = self._inflater.decompress(raw, _SLICE)
            except zlib.error:
                piece = None
            if piece is None or self._inflater.unused_data:
                raise self._lost("the reply is not one whole gzip stream")
            self._keep(piece)
            raw = self._inflater.unconsumed_tail

    def finish(self) -> bytes:
        """The whole body.

        Raises:
            ReplyLost: The compressed stream is cut short.
        """
        if self._inflater is not None and self._touched:
            self._keep(self._inflater.flush())
            if not self._inflater.eof:
                raise self._lost("the reply's gzip stream is cut short")
        return bytes(self._decoded)

    def _keep(self, piece: bytes) -> None:
        if len(self._decoded) + len(piece) > self._limit:
            raise self._too_large(f"the reply is larger than {self._limit} bytes")
        self._decoded += piece

    def _too_large(self, reason: str) -> ResponseTooLarge:
        return ResponseTooLarge(self._request.method, self._request.template, reason)

    def _lost(self, reason: str) -> ReplyLost:
        return ReplyLost(self._request.method, self._request.template, reason)


def _codings(headers: Iterable[tuple[bytes, bytes]]) -> list[str]:
    values = (value.decode("latin-1") for name, value in headers if name.lower() == b"content-encoding")
    names = (name.strip().lower() for value in values for name in value.split(","))
    return [name for name in names if name not in ("", "identity")]
