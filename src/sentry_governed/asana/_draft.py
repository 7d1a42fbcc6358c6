"""A task before it exists."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Final

import attrs

from sentry_governed.asana._marker import marker_line, without_markers
from sentry_governed.asana._placement import Placement
from sentry_governed.asana._priority import Priority
from sentry_governed.asana._text import fit, shares, size
from sentry_governed.typing import JsonValue


def _bounded_notes(draft: TaskDraft) -> str:
    sections = [without_markers(section) for section in draft.sections]
    room = max(0, draft.budget - size(draft.marker) - len(sections))
    rooms = shares([size(section) for section in sections], room)
    fitted = [fit(section, room) for section, room in zip(sections, rooms, strict=True)]
    return "\n".join([*filter(None, fitted), draft.marker])


_COMMENT_BUDGET: Final = 20_000


@attrs.frozen(kw_only=True)
class TaskDraft:
    """What a task will be: everything that is sent, and what was decided on the way.

    Attributes:
        key: The alert's key, which the marker line holds.
        name: One visible line.
        sections: The notes' parts as they were written, before the budget.
        budget: The largest size of the notes.
        placement: The plan that says which projects.
        projects: The projects' ids, or None while the plan waits for Asana's answers.
        priority: How urgent it is.
        custom_fields: Values in the form in which Asana wants them, by the field's id.
        workspace: The workspace's id, or None.
        external: Whether `key` is set as Asana's external id too.
        notes: The plain text that is sent, within the budget. Its last line is the marker, never cut, and no
            other line can pass for one.
    """

    key: str
    name: str
    sections: tuple[str, ...]
    budget: int
    placement: Placement
    priority: Priority
    projects: tuple[str, ...] | None = None
    custom_fields: Mapping[str, JsonValue] = attrs.field(factory=dict[str, JsonValue], hash=False)
    workspace: str | None = None
    external: bool = False
    notes: str = attrs.field(init=False, default=attrs.Factory(_bounded_notes, takes_self=True))

    @property
    def marker(self) -> str:
        """The last line of the notes, by which the task is recognised."""
        return marker_line(self.key)

    @property
    def digest(self) -> str:
        """SHA-256 of the request's body, in hexadecimal: the same for the same content."""
        canonical = json.dumps(self.to_payload(), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(canonical.encode()).hexdigest()

    def to_payload(self) -> dict[str, JsonValue]:
        """The JSON body of `POST /tasks`; ids that nobody configured are left out."""
        data: dict[str, JsonValue] = {"name": self.name, "notes": self.notes}
        if self.workspace:
            data["workspace"] = self.workspace
        if self.projects:
            data["projects"] = list(self.projects)
        if self.custom_fields:
            data["custom_fields"] = dict(self.custom_fields)
        if self.external:
            data["external"] = {"gid": self.key}
        return {"data": data}

    def shortened(self) -> TaskDraft:
        """The same task with notes of half the size, for one more attempt after "too large"."""
        return attrs.evolve(self, budget=min(self.budget, size(self.notes)) // 2)

    def as_comment(self) -> str:
        """The same as the text of a comment on another task; its last line is the marker too."""
        budget = min(self.budget, _COMMENT_BUDGET)
        return attrs.evolve(self, sections=(self.name, *self.sections), budget=budget).notes
