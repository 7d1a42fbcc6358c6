"""Audit sinks that keep no file of their own."""

import json
import logging

import attrs
import pytest

from sentry_governed._secret import Secret
from sentry_governed._values import AuditRecord
from sentry_governed.errors import AuditError, ConfigError
from sentry_governed.policy import LoggingAudit, MemoryAudit

KEY = Secret("k" * 32)
CANARY = Secret("canary" * 6)
RECORD = AuditRecord(
    event="decided",
    call="c1",
    at=1_700_000_000.5,
    action="issues.resolve",
    intent="write",
    stage="act",
    effect="allow",
    reason="allowed by 'web'\nand more",
    policy_digest="sha256:00",
    claimed_projects=("wëb",),
    projects=("my-org/web", "my-org/api"),
    request_hash="0" * 64,
)


def test_memory() -> None:
    """Memory keeps the newest records, oldest first."""
    audit = MemoryAudit(keep=2)
    records = [attrs.evolve(RECORD, call=f"c{number}") for number in range(3)]
    for record in records:
        audit.write(record)

    assert audit.records == tuple(records[1:])
    assert audit.blocking is False


def test_memory_of_nothing() -> None:
    """A memory that keeps nothing is a mistake."""
    with pytest.raises(ConfigError, match="cannot keep 0"):
        MemoryAudit(keep=0)


def test_logging(caplog: pytest.LogCaptureFixture) -> None:
    """A logged record is one line of JSON."""
    caplog.set_level(logging.INFO, "audit")
    LoggingAudit(logging.getLogger("audit")).write(RECORD)
    (logged,) = caplog.records

    assert json.loads(logged.getMessage())["call"] == "c1"
    assert "\n" not in logged.getMessage()
    assert logged.levelname == "INFO"


def test_logging_dropped() -> None:
    """A logger that drops the record is found out."""
    logger = logging.getLogger("deaf")
    logger.setLevel(logging.ERROR)

    with pytest.raises(AuditError, match="'deaf' drops level WARNING"):
        LoggingAudit(logger, level=logging.WARNING).write(RECORD)
