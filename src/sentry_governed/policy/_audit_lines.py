"""The bytes of an audit file and of its head file: how they are written, signed and read."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final, TypeAlias

import attrs

from sentry_governed._secret import Secret
from sentry_governed._values import AuditRecord
from sentry_governed.errors import AuditError
from sentry_governed.policy._keys import same, sign
from sentry_governed.typing import JsonValue

Content: TypeAlias = Mapping[str, JsonValue]

LONGEST_LINE: Final = 1024 * 1024
RECOVERED: Final = "recovered"

_HEX: Final = rb'"([0-9a-f]{64})"'
_COUNT: Final = rb"(0|[1-9][0-9]{0,17})"
_LINE: Final = re.compile(
    rb'(\{"n":' + _COUNT + rb',"prev":' + _HEX + rb",[^\n]*)" + rb',"mac":' + _HEX + rb"\}"
)
_HEAD: Final = re.compile(
    rb'(\{"version":1,"start":' + _HEX + rb',"records":' + _COUNT + rb',"size":' + _COUNT + rb',"mac":' + _HEX
    + rb"),\"seal\":" + _HEX + rb"\}\n"
)  # fmt: skip


@attrs.frozen
class Line:
    """One whole line of an audit file that its signature vouches for.

    Attributes:
        number: 1 for the file's first record.
        prev: The `mac` of the record before it; of the first, the head's `start`.
        mac: Its own signature, which covers all else in it.
        raw: The line without its newline.
    """

    number: int
    prev: str
    mac: str
    raw: bytes


@attrs.frozen
class Head:
    """What the head file says: how far the audit file goes.

    Attributes:
        start: A random text that the first record names as the one before it.
        records: How many there are.
        size: How many bytes they fill.
        mac: The last record's signature, or `start`.
    """

    start: str
    records: int
    size: int
    mac: str

    def after(self, line: Line) -> Head:
        """The head once a line is added."""
        return attrs.evolve(
            self, records=line.number, size=self.size + len(line.raw) + len(b"\n"), mac=line.mac
        )

    def precedes(self, line: Line) -> bool:
        """Whether a line is the next one."""
        return line.number == self.records + 1 and line.prev == self.mac


def head_of(file: Path) -> Path:
    """The head file of an audit file."""
    return file.with_name(f"{file.name}.head")


def content_of(record: AuditRecord) -> Content:
    """A record as JSON, without what is not known."""
    return {name: value for name, value in attrs.asdict(record).items() if value is not None}


def next_line(head: Head, content: Content, key: Secret) -> Line:
    """Sign a record as the next one.

    Raises:
        AuditError: It is above 1 MiB.
    """
    number = head.records + 1
    body = json.dumps({"n": number, "prev": head.mac, **content}, separators=(",", ":"))[:-1].encode()
    mac = sign(key, "audit line", body)
    raw = body + b',"mac":"' + mac.encode() + b'"}'
    if len(raw) > LONGEST_LINE:
        raise AuditError(f"an audit record has {len(raw)} bytes, more than the {LONGEST_LINE} of a line")
    return Line(number, head.mac, mac, raw)


def read_line(raw: bytes, key: Secret) -> Line | None:
    """Read a line without its newline, or None if this key did not sign it as it is."""
    found = _LINE.fullmatch(raw)
    if found is None or not same(found[4].decode(), sign(key, "audit line", found[1])):
        return None
    return Line(int(found[2]), found[3].decode(), found[4].decode(), raw)


def write_head(head: Head, key: Secret) -> bytes:
    """The bytes of a head file."""
    body = json.dumps({"version": 1, **attrs.asdict(head)}, separators=(",", ":"))[:-1].encode()
    return body + b',"seal":"' + sign(key, "audit head", body).encode() + b'"}\n'


def read_head(raw: bytes, key: Secret) -> Head | None:
    """Read a head file, or None if this key did not sign it as it is."""
    found = _HEAD.fullmatch(raw)
    if found is None or not same(found[6].decode(), sign(key, "audit head", found[1])):
        return None
    return Head(found[2].decode(), int(found[3]), int(found[4]), found[5].decode())
