"""What comes in, whoever sent it: the values that the rest of the library works on."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Literal, TypeAlias

import attrs

from sentry_governed.errors import ConfigError
from sentry_governed.typing import JsonValue

Source: TypeAlias = Literal["sentry", "datadog"]

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_KEY = re.compile(r"[A-Za-z0-9._-]{1,200}")
_BEHIND_TAGS = ("title", "environment", "message", "culprit", "release", "transaction", "url")
_BEFORE_TAGS = ("org", "project", "level", "platform", "logger", "source", "kind", "rule", "priority")
_OWN_NAMES = frozenset((*_BEHIND_TAGS, *_BEFORE_TAGS))


def _one_line(title: str) -> str:
    return " ".join(_CONTROL.sub(" ", title).split())


def _values(value: str | Iterable[str]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


def _view_of_tags(tags: Mapping[str, str | Iterable[str]]) -> Mapping[str, tuple[str, ...]]:
    return MappingProxyType({name: _values(value) for name, value in tags.items()})


def _view_of_own(own: Mapping[str, str]) -> Mapping[str, str]:
    unknown = sorted(set(own) - _OWN_NAMES)
    if unknown:
        raise ConfigError(
            f"unknown own facts {', '.join(unknown)}; known are {', '.join(sorted(_OWN_NAMES))}"
        )
    return MappingProxyType(dict(own))


def _check_key(_alert: object, _field: object, key: str) -> None:
    if not _KEY.fullmatch(key):
        raise ConfigError(f"alert key {key!r} is not 1 to 200 of A-Z a-z 0-9 . _ -")


@attrs.frozen
class Alert:
    """One alert, reduced to what routing and the task need.

    Attributes:
        source: Who sent it.
        kind: `<resource>.<action>` for Sentry, `datadog.<transition>` for Datadog.
        key: The same for every delivery of the same thing; `[A-Za-z0-9._-]{1,200}`.
        title: One line for people: blank space and control characters become single spaces.
        level: Sentry's level, in lower case.
        environment: Never an empty text: that is None.
        occurred_at: ISO 8601 in UTC, such as `2026-11-20T09:15:02.125000Z`.
        org: The Sentry organization's slug.
        project: The Sentry project's slug.
        issue_id: Sentry's issue, in decimal digits.
        event_id: The sender's id of the one event.
        link: Where a person opens it, an http or https URL.
        tags: Every value of each tag, in the order received; a single text may be given for one value.
        raw: The whole decoded body. It holds personal data, so a repr leaves it out.
        own_facts: What else the payload itself says (`message`, `culprit`, `rule`, ...), for `facts`.

    Raises:
        ConfigError: The key, or a name among `own_facts`, is outside its grammar.
    """

    source: Source
    kind: str
    key: str = attrs.field(validator=_check_key)
    title: str = attrs.field(converter=_one_line)
    level: str | None = attrs.field(default=None, kw_only=True)
    environment: str | None = attrs.field(default=None, kw_only=True)
    occurred_at: str | None = attrs.field(default=None, kw_only=True)
    org: str | None = attrs.field(default=None, kw_only=True)
    project: str | None = attrs.field(default=None, kw_only=True)
    issue_id: str | None = attrs.field(default=None, kw_only=True)
    event_id: str | None = attrs.field(default=None, kw_only=True)
    link: str | None = attrs.field(default=None, kw_only=True)
    tags: Mapping[str, tuple[str, ...]] = attrs.field(
        factory=dict[str, tuple[str, ...]], converter=_view_of_tags, hash=False, kw_only=True
    )
    raw: Mapping[str, JsonValue] = attrs.field(
        factory=dict[str, JsonValue], repr=False, hash=False, kw_only=True
    )
    own_facts: Mapping[str, str] = attrs.field(
        factory=dict[str, str], converter=_view_of_own, repr=False, hash=False, kw_only=True
    )

    @property
    def facts(self) -> Mapping[str, tuple[str, ...]]:
        """What rules are matched against: the tags and the payload's own facts.

        A tag comes before the payload's `title`, `environment`, `message`, `culprit`, `release`,
        `transaction` and `url` (the request's URL). The payload's `org`, `project`, `level`, `platform`,
        `logger`, `source`, `kind`, `rule` and `priority` come before a tag, because whoever can send an
        event chooses its tags. What the payload leaves out or empty is no fact of its own.
        """
        return self._facts

    @property
    def installation(self) -> str | None:
        """The uuid of the Sentry installation that sent it, or None."""
        installation = self.raw.get("installation")
        uuid = installation.get("uuid") if isinstance(installation, Mapping) else None
        return uuid if isinstance(uuid, str) and uuid else None

    @functools.cached_property
    def _facts(self) -> Mapping[str, tuple[str, ...]]:
        fields = {
            "title": self.title,
            "environment": self.environment,
            "org": self.org,
            "project": self.project,
            "level": self.level,
            "source": self.source,
            "kind": self.kind,
        }
        own = {**self.own_facts, **{name: value for name, value in fields.items() if value}}
        behind = {name: (own[name],) for name in _BEHIND_TAGS if own.get(name)}
        before = {name: (own[name],) for name in _BEFORE_TAGS if own.get(name)}
        return MappingProxyType({**behind, **self.tags, **before})

    def __reduce__(self) -> tuple[Callable[[dict[str, object]], Alert], tuple[dict[str, object]]]:
        state: dict[str, object] = {field.name: getattr(self, field.name) for field in attrs.fields(Alert)}
        return _restore, ({**state, "tags": dict(self.tags), "own_facts": dict(self.own_facts)},)


def _restore(state: dict[str, object]) -> Alert:
    """Views of mappings are not pickled, so an alert travels as its arguments."""
    return Alert(**state)  # type: ignore[arg-type]  # the state is the fields of an alert, by name


@attrs.frozen
class Ignored:
    """A delivery that is genuine and makes no alert.

    Attributes:
        reason: Why, in a few words.
        source: Who sent it.
        kind: As in `Alert`; only the resource when the delivery names no action.
    """

    reason: str
    source: Source
    kind: str
