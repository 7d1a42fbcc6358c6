"""Hypothesis strategies: tags, alerts and teams files that belong together often enough to match.

They need Hypothesis, which the library itself does not depend on: `pip install hypothesis`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import cast

from hypothesis import strategies as st

from sentry_governed.alerts import Alert, decode_alert
from sentry_governed.testing._alerts import (
    EventParts,
    SentryParts,
    datadog_alert,
    sentry_error,
    sentry_event_alert,
    sentry_issue,
)
from sentry_governed.testing._wire import Record
from sentry_governed.typing import Tags

__all__ = ["alert_bodies", "alerts", "tag_keys", "tag_values", "tags", "teams_files", "terms"]

_KEYS = ("service", "region", "environment", "team", "url", "customer_name", "zap_service", "level")
_VALUES = (
    "cart",
    "shop",
    "orders",
    "eu-central-1",
    "production",
    "dev",
    "true",
    "https://shop.example.com/a",
)
_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-"
_LEVELS = ("fatal", "error", "warning", "info", "debug", "sample")
_PRINTABLE = st.characters(
    min_codepoint=32, max_codepoint=0x2FFF, exclude_categories=("Cc", "Cs", "Zl", "Zp")
)


def tag_keys() -> st.SearchStrategy[str]:
    """Names of tags, mostly from a few usual ones."""
    return st.sampled_from(_KEYS) | st.text(_LETTERS, min_size=1, max_size=12)


def tag_values() -> st.SearchStrategy[str]:
    """Values of tags, mostly from a few usual ones; some are empty."""
    return st.sampled_from(_VALUES) | st.text(_PRINTABLE, max_size=30)


def tags() -> st.SearchStrategy[Tags]:
    """Everything that `teams.route` takes as tags: texts, numbers, truth values, None, several of them."""
    single = st.one_of(tag_values(), st.booleans(), st.integers(-9, 9), st.none())
    found = st.dictionaries(tag_keys(), single | st.lists(single, max_size=3), max_size=8)
    return cast("st.SearchStrategy[Tags]", found)


def alert_bodies() -> st.SearchStrategy[Record]:
    """Bodies of Sentry and Datadog webhooks that `decode_alert` makes alerts of."""
    return st.one_of(
        st.builds(_event_alert, _event_parts()),
        st.builds(_error, _event_parts()),
        st.builds(_issue, _sentry_parts()),
        st.builds(
            datadog_alert,
            transition=st.sampled_from(("Triggered", "Re-Triggered", "Recovered", "Warn", "No Data")),
            title=_titles(),
            priority=st.sampled_from(("P1", "P2", "P3", "P4", "P5", "")),
            tags=st.dictionaries(tag_keys(), tag_values(), max_size=8),
            environment=_environments(),
            cycle=_numbers(),
        ),
    )


def alerts() -> st.SearchStrategy[Alert]:
    """Alerts as the parsers make them."""
    return alert_bodies().map(_decoded)


def terms() -> st.SearchStrategy[str]:
    """Texts of terms: present, equal or regex, some negated."""
    return st.builds("{}{}{}".format, st.sampled_from(("", "!")), tag_keys(), _conditions())


@st.composite
def teams_files(draw: st.DrawFn) -> str:
    """Texts of teams files that `Teams.parse` accepts, in each of the forms that a file may have."""
    names = draw(st.lists(st.text(_LETTERS, min_size=1, max_size=12), min_size=1, max_size=5, unique=True))
    snake = draw(st.booleans())
    teams = [line for name in names for line in _team(draw, name, snake=snake)]
    if draw(st.booleans()):
        return "\n".join(teams) + "\n"
    lines = ["version: 1", f"default: {_quoted(draw(st.sampled_from(names)))}"]
    if draw(st.booleans()):
        lines.append('aliases: {prefixes: ["zap_"]}')
    lines.append("ignore:" if (ignored := draw(st.lists(_matchers(), max_size=2))) else "ignore: []")
    lines += [f"  - {{Matchers: {matchers}, Reason: {_quoted('not ours')}}}" for matchers in ignored]
    return "\n".join([*lines, "teams:", *(f"  {line}" for line in teams)]) + "\n"


def _team(draw: st.DrawFn, name: str, *, snake: bool) -> Sequence[str]:
    spelled = _SNAKE if snake else _PASCAL
    ids = draw(st.fixed_dictionaries({}, optional=dict.fromkeys(_IDS, _numbers())))
    lines = [f"- {spelled['Name']}: {_quoted(name)}"]
    lines += [f"  {spelled[key]}: {value}" for key, value in ids.items()]
    rules = draw(st.lists(st.tuples(_matchers(), st.none() | st.integers(-9, 9)), max_size=4))
    lines.append(f"  {spelled['Entities']}: [")
    for matchers, priority in rules:
        if priority is None:
            lines.append(f"    {spelled['Matchers']}: {matchers},  # as it came")
        else:
            lines.append(f"    {{{spelled['Matchers']}: {matchers}, {spelled['Priority']}: {priority}}},")
    return [*lines, "  ]"]


_IDS = ("AsanaBacklogId", "AsanaSprintPortfolioId", "AsanaSandboxPortfolioId", "AsanaTeamId")
_PASCAL = {name: name for name in ("Name", *_IDS, "Entities", "Matchers", "Priority")}
_SNAKE = {name: re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower() for name in _PASCAL}


def _matchers() -> st.SearchStrategy[str]:
    return st.lists(terms(), min_size=1, max_size=4).map(
        lambda found: f"[{', '.join(_quoted(term) for term in found)}]"
    )


def _conditions() -> st.SearchStrategy[str]:
    words = st.sampled_from(_VALUES).map(re.escape)
    regexes = st.one_of(
        words,
        words.map("^{}".format),
        st.builds("{}|{}".format, words, words),
        st.sampled_from((r"\d+", "^[a-z]+-", ".", "(?i)CART")),
    )
    equal = tag_values().filter(lambda value: value and not (value[0] == value[-1] == "/"))
    return st.one_of(st.just(""), equal.map(":{}".format), regexes.map(":/{}/".format))


def _quoted(text: str) -> str:
    """A YAML double-quoted scalar, which JSON's texts are as well."""
    return json.dumps(text, ensure_ascii=False)


def _decoded(body: Record) -> Alert:
    alert = decode_alert(json.dumps(body).encode())
    if isinstance(alert, Alert):
        return alert
    raise TypeError(f"the body makes no alert: {alert.reason}")


def _event_alert(parts: EventParts) -> Record:
    return sentry_event_alert(**parts)


def _error(parts: EventParts) -> Record:
    return sentry_error(**parts)


def _issue(parts: SentryParts) -> Record:
    return sentry_issue(**parts)


def _numbers() -> st.SearchStrategy[str]:
    return st.integers(1, 2**62).map(str)


def _titles() -> st.SearchStrategy[str]:
    return st.text(_PRINTABLE, min_size=1, max_size=60).map("Error: {}".format)


def _environments() -> st.SearchStrategy[str | None]:
    return st.sampled_from(("production", "staging", "dev", None))


_SHARED = {
    "org": st.sampled_from(("acme", "globex")),
    "project": st.sampled_from(("web", "api", "worker_2")),
    "issue": _numbers(),
    "title": _titles(),
    "level": st.sampled_from(_LEVELS),
    "seen": st.floats(1_600_000_000, 1_900_000_000),
}


def _sentry_parts() -> st.SearchStrategy[SentryParts]:
    return cast("st.SearchStrategy[SentryParts]", st.fixed_dictionaries({}, optional=_SHARED))


def _event_parts() -> st.SearchStrategy[EventParts]:
    own = {
        "event": st.text("0123456789abcdef", min_size=32, max_size=32),
        "environment": _environments(),
        "tags": st.dictionaries(tag_keys(), tag_values() | st.lists(tag_values(), max_size=3), max_size=8),
    }
    return cast("st.SearchStrategy[EventParts]", st.fixed_dictionaries({}, optional={**_SHARED, **own}))
