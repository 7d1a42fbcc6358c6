"""A backtest for people: lines whose first eleven columns are a label."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from sentry_governed._yaml import quoted
from sentry_governed.teams._backtest import Backtest, Unrouted
from sentry_governed.teams._lines import labelled, plain

_MOST_RULES: Final = 20
_MOST_VALUES: Final = 20
_MOST_OF_ONE_NAME: Final = 3


def lines_of(backtest: Backtest) -> Iterator[str]:
    """One line after the other."""
    counted = f"{backtest.ignored:,} ignored, {backtest.routed:,} by rules, {backtest.default:,} by default"
    yield from labelled("Alerts", [f"{backtest.alerts:,}: {counted}"])
    yield from labelled("Default", [_default(backtest)])
    yield from labelled("Teams", _teams(backtest))
    yield from labelled("Rules", _rules(backtest) or ["none won an alert"])
    yield from labelled("Ignored", _ignores(backtest))
    yield from labelled("Never hit", _never_hit(backtest) or ["none: every rule won an alert"])
    yield from labelled("Unrouted", _unrouted(backtest))


def _default(backtest: Backtest) -> str:
    owner = plain(backtest.default_team) if backtest.default_team else "nobody: there is no default team"
    return f"{backtest.default_share:.1%} of those not ignored go to {owner}"


def _teams(backtest: Backtest) -> list[str]:
    teams = sorted(backtest.teams, key=lambda each: -each.alerts)
    return _first(
        [
            f"{each.alerts:>9,}  {plain(each.team)}"
            + (f" ({each.by_default:,} by default)" if each.by_default else "")
            for each in teams[:_MOST_RULES]
        ],
        len(teams),
    )


def _rules(backtest: Backtest) -> list[str]:
    hit = sorted((each for each in backtest.rules if each.alerts), key=lambda each: -each.alerts)
    return _first(
        [
            f"{each.alerts:>9,}  {plain(each.match.location)} {plain(each.match.team)}: {each.match.rule}"
            for each in hit[:_MOST_RULES]
        ],
        len(hit),
    )


def _ignores(backtest: Backtest) -> list[str]:
    return _first(
        [
            f"{each.alerts:>9,}  {plain(each.ignore.location)} {plain(each.ignore.reason)}"
            for each in backtest.ignores[:_MOST_RULES]
        ],
        len(backtest.ignores),
    )


def _never_hit(backtest: Backtest) -> list[str]:
    never = backtest.never_hit
    if not never:
        return []
    lines = [f"{plain(each.location)} {plain(each.team)}: {each.rule}" for each in never[:_MOST_RULES]]
    return [f"{len(never):,} of {len(backtest.rules):,} rules won no alert", *_first(lines, len(never))]


def _unrouted(backtest: Backtest) -> list[str]:
    shown = _few_of_each(backtest.unrouted)
    lines = [f"{each.alerts:>9,}  {plain(each.name)}={quoted(each.value)}" for each in shown]
    if backtest.missed:
        lines.append(f"there are very many values: each count may be up to {backtest.missed:,} too low")
    return lines


def _few_of_each(values: Sequence[Unrouted]) -> list[Unrouted]:
    """The most frequent, but of one name only a few, so that others are seen too."""
    seen: Counter[str] = Counter()
    shown: list[Unrouted] = []
    for each in values:
        seen[each.name] += 1
        if seen[each.name] <= _MOST_OF_ONE_NAME:
            shown.append(each)
    return shown[:_MOST_VALUES]


def _first(lines: list[str], count: int) -> list[str]:
    return [*lines, f"and {count - len(lines):,} more"] if count > len(lines) else lines
