"""An explanation for people: lines whose first eleven columns are a label."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Final

from sentry_governed._yaml import quoted
from sentry_governed.teams._explanation import Behind, Change, Edit, Explanation, Fact, Judged, WhyNot
from sentry_governed.teams._lines import labelled, plain

_MOST_FACTS: Final = 40
_MOST_NAMES: Final = 20
_MOST_VALUES: Final = 3


def lines_of(explanation: Explanation) -> Iterator[str]:
    """One line after the other."""
    yield from labelled("Owner", _owner(explanation))
    if explanation.ignored:
        yield from labelled(
            "Ignored", [f"by {plain(explanation.ignored.location)}: {plain(explanation.reason)}"]
        )
        yield from labelled("", _terms(explanation.ignored))
    if explanation.winner:
        yield from labelled("Rule", [str(explanation.winner.rule), *_terms(explanation.winner)])
        yield from labelled("Runners-up", _runners_up(explanation) or ["none: no other rule matches"])
    yield from labelled("Facts", _facts(explanation.facts))
    if explanation.why_not:
        yield from labelled("Why not", _why_not(explanation.why_not))
    elif explanation.asked:
        yield from labelled("Why not", [f"{plain(explanation.asked)} is the owner"])


def _owner(explanation: Explanation) -> list[str]:
    if explanation.winner:
        return [f"{plain(explanation.team)}, by {plain(explanation.winner.location)}"]
    if explanation.team:
        return [f"{plain(explanation.team)}, the default team: no rule matches"]
    return ["nobody: no rule matches, and there is no default team"]


def _terms(judged: Judged) -> list[str]:
    return [f"  {'holds' if verdict.holds else 'FAILS'}  {verdict}" for verdict in judged.verdicts]


def _runners_up(explanation: Explanation) -> list[str]:
    lines: list[str] = []
    for number, each in enumerate(explanation.runners_up, start=1):
        judged = each.judged
        lines.append(f"{number}. {plain(judged.team)}, by {plain(judged.location)}: {judged.rule}")
        if explanation.winner:
            lines.append(f"   behind {_behind(each.behind, judged, explanation.winner)}")
    if explanation.more:
        lines.append(f"and {explanation.more} more")
    return lines


def _behind(behind: Behind, judged: Judged, winner: Judged) -> str:
    mine, best = judged.rule, winner.rule
    if behind == "priority":
        return f"by priority: {mine.priority}, the winner has {best.priority}"
    if behind == "precedence":
        return f"by precedence: {mine.precedence}, the winner has {best.precedence}"
    if behind == "terms":
        return f"by number of terms: {len(set(mine.terms))}, the winner has {len(set(best.terms))}"
    return "by order: it stands further down in the file"


def _facts(facts: tuple[Fact, ...]) -> list[str]:
    asked = [fact for fact in facts if fact.keys]
    lines = [_fact(fact) for fact in asked[:_MOST_FACTS]]
    if len(asked) > _MOST_FACTS:
        lines.append(f"and {len(asked) - _MOST_FACTS} more")
    others = [fact.name for fact in facts if not fact.keys]
    if others:
        names = ", ".join(map(plain, others[:_MOST_NAMES]))
        more = f" and {len(others) - _MOST_NAMES} more" if len(others) > _MOST_NAMES else ""
        lines.append(f"no rule looks at {names}{more}")
    return lines or ["none"]


def _fact(fact: Fact) -> str:
    values = _values(fact.values) if fact.values else "absent: its value is none that counts"
    aliased = [key for key in fact.keys if key != fact.name]
    also = f", seen as {' and '.join(aliased)}" if aliased else ""
    return f"{plain(fact.name)}={values}{also}"


def _values(values: tuple[str, ...]) -> str:
    shown = ", ".join(quoted(value) for value in islice(values, _MOST_VALUES))
    more = len(values) - _MOST_VALUES
    return f"{shown} and {more} more" if more > 0 else shown


def _why_not(why: WhyNot) -> list[str]:
    team = plain(why.team)
    if why.nearest is None:
        lines = [f"{team}: it has no rules"]
    else:
        lines = [f"{team}: its nearest rule is {plain(why.nearest.location)}"]
        lines += [str(why.nearest.rule), *_terms(why.nearest)]
    if why.behind:
        lines.append(f"it matches too, but is behind the winner by {why.behind}")
    lines += _change(why.change) if why.change else [why.note]
    return lines


def _change(change: Change) -> list[str]:
    by = f"rule {plain(change.location)}" if change.location else "no rule matching, as the default team"
    return [f"it would own the event, by {by}, with:", *(f"  {_edit(edit)}" for edit in change.edits)]


def _edit(edit: Edit) -> str:
    was = f"it is {_values(edit.before)}" if edit.before else "it is absent"
    if not edit.after:
        return f"no {edit.name} ({was})"
    return f"{edit.name}={_values(edit.after)} ({was})"
