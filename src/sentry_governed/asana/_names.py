"""The names that switch sections of the notes on."""

from __future__ import annotations

from typing import Final

MARKER: Final = "marker"

SECTION_NAMES: Final = (
    "issue_url",
    "time",
    "customer",
    "environment",
    "runbook",
    "console_link",
    "trace_link",
    "related_tasks",
    "routing_reason",
    "previous_task",
    "root_task",
    MARKER,
)
"""All of them, in the order that is used unless another is asked for."""
