"""Events that two files route differently: made from their rules, and checked by routing them in both."""

from __future__ import annotations

import functools
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, TypeAlias

import attrs

from sentry_governed.teams._compiled import Compiled
from sentry_governed.teams._diff_order import NOWHERE, Order, never_meet, orders, says
from sentry_governed.teams._difference import Diff, Kind, Move, Outcome, RuleChanges, Witness
from sentry_governed.teams._engine import Index, index_of
from sentry_governed.teams._facts import Facts
from sentry_governed.teams._rules import Rule
from sentry_governed.teams._solve import Edits, solved
from sentry_governed.teams._terms import Term
from sentry_governed.teams._values import Ignore, Match, Team
from sentry_governed.typing import HasFacts, Tags

_MOST_WITNESSES: Final = 3
_MOST_STEPS_OF_ONE: Final = 40
_MOST_STEPS: Final = 4_000
_MOST_PAIRS_OF_ONE: Final = 50
_MOST_PAIRS: Final = 3_000
_MOST_LOOKED_AT: Final = 150_000
_MOST_PREFIXES: Final = 3

_Decider: TypeAlias = Match | Ignore | None
_outcome = functools.lru_cache(maxsize=4_096)(Outcome)


def compared(old: Compiled, new: Compiled, alerts: Iterable[Tags | HasFacts]) -> Diff:
    """Compare two files.

    Raises:
        ConfigError: An alert is neither a mapping nor an object with `facts`.
    """
    before, after = orders(old.declared, new.declared)
    search = _Search(old, new, before, after)
    certain = says(old.declared, before) == says(new.declared, after)
    if not certain:
        search.run()
    count = search.count(alerts)
    teams = {team.name: team for team in old.declared.teams}
    others = {team.name: team for team in new.declared.teams}
    return Diff(
        before=old.source,
        after=new.source,
        moves=search.moves(),
        alerts=count,
        tried=len(search.tried),
        certain=certain,
        limited=search.limited,
        rules=RuleChanges(
            before=len(before.rules),
            after=len(after.rules),
            removed=len(tuple(before.lonely)),
            added=len(tuple(after.lonely)),
            moved=len(after.moved),
        ),
        teams_added=_only(others, teams),
        teams_removed=_only(teams, others),
        teams_changed=tuple(
            (team, others[name]) for name, team in teams.items() if others.get(name, team) != team
        ),
        default_before=old.declared.default,
        default_after=new.declared.default,
    )


def _only(teams: Mapping[str, Team], others: Mapping[str, Team]) -> tuple[Team, ...]:
    return tuple(team for name, team in teams.items() if name not in others)


@attrs.frozen
class _Ruled:
    rule: Rule


@attrs.define
class _Found:
    """What is known of events that move from one outcome to another."""

    witnesses: list[Witness] = attrs.field(factory=list[Witness])
    witnessed: int = 0
    alerts: int = 0


@attrs.define
class _Search:
    """The events that were tried, and those among them that move."""

    old: Compiled
    new: Compiled
    before: Order
    after: Order
    found: dict[tuple[Outcome, Outcome], _Found] = attrs.field(factory=dict[tuple[Outcome, Outcome], _Found])
    tried: set[frozenset[tuple[str, tuple[str, ...]]]] = attrs.field(
        factory=set[frozenset[tuple[str, tuple[str, ...]]]]
    )
    limited: bool = False
    steps: int = 0
    pairs: int = 0
    looked_at: int = 0

    def moves(self) -> tuple[Move, ...]:
        """What was found, that of the most recorded alerts first."""
        moves = [
            Move(before, after, tuple(found.witnesses), found.witnessed, found.alerts)
            for (before, after), found in self.found.items()
        ]
        return tuple(
            sorted(moves, key=lambda each: (-each.alerts, -each.witnessed, str(each.before), str(each.after)))
        )

    def count(self, alerts: Iterable[Tags | HasFacts]) -> int:
        """Route recorded alerts in both files, and return how many there were."""
        same_names = self.old.declared.prefixes == self.new.declared.prefixes
        count = 0
        for alert in alerts:
            count += 1
            facts = self.old.facts(alert)
            before, _ = _decided(self.old, facts)
            after, _ = _decided(self.new, facts if same_names else self.new.facts(alert))
            if before != after:
                self.found.setdefault((before, after), _Found()).alerts += 1
        return count

    # --- what is tried

    def run(self) -> None:
        """Try each rule of both files alone; for those that changed look closer where that moves nothing."""
        changed = self._changed()
        for place, match in enumerate(self.before.rules):
            if self.before.elsewhere[place] != NOWHERE and place not in self.before.moved:
                self._alone(match.rule.terms, changed)
        self._seek(self.old, ())
        for mine, order, others in (
            (self.old, self.before, self.after),
            (self.new, self.after, self.before),
        ):
            for place in (*order.lonely, *sorted(order.moved)):
                if not self._seek(mine, order.rules[place].rule.terms):
                    self._in_between(mine, place, order, others)
        known, also = _ignored(self.old.declared.ignores), _ignored(self.new.declared.ignores)
        for terms in known.keys() - also.keys():
            self._seek(self.old, known[terms].rule.terms)
        for terms in also.keys() - known.keys():
            self._seek(self.new, also[terms].rule.terms)

    def _changed(self) -> Index[_Ruled] | None:
        """The rules that one file has and the other has not, or elsewhere; no event moves that none matches.

        None where the aliases differ, so that every rule may match something else.
        """
        old, new = self.old.declared, self.new.declared
        if set(old.prefixes) != set(new.prefixes):
            return None
        known, also = _ignored(old.ignores), _ignored(new.ignores)
        rules = [known[terms].rule for terms in known.keys() - also.keys()]
        rules += [also[terms].rule for terms in also.keys() - known.keys()]
        for order in (self.before, self.after):
            rules += [order.rules[place].rule for place in (*order.lonely, *order.moved)]
        return index_of([_Ruled(rule) for rule in rules], old.prefixes)

    def _alone(self, terms: Sequence[Term], changed: Index[_Ruled] | None) -> None:
        """The plainest event that a rule of both files matches."""
        tags = solved(terms, {}, self.old.declared.prefixes)
        if tags is None:
            return
        if changed is not None and changed.first(self.old.facts(tags)) is None:
            self.tried.add(frozenset(tags.items()))
        else:
            self._try(tags)
            self._try_aliased(tags)

    def _try_aliased(self, tags: Edits) -> None:
        """Try the same event by the aliases that only one file has."""
        one_sided = set(self.old.declared.prefixes) ^ set(self.new.declared.prefixes)
        for prefix in sorted(one_sided)[:_MOST_PREFIXES]:
            self._try({prefix + name: values for name, values in tags.items()})

    def _seek(self, file: Compiled, terms: tuple[Term, ...]) -> bool:
        """Look for an event that moves and that these terms hold for.

        Where both files agree, the rule that decides in one of them is made to fail, one term after another.
        """
        waiting = deque([terms])
        known = {frozenset(terms)}
        for _ in range(_MOST_STEPS_OF_ONE):
            if not waiting:
                return False
            required = waiting.popleft()
            if required is not terms:
                if self.steps >= _MOST_STEPS:
                    self.limited = True
                    return False
                self.steps += 1
            tags = solved(required, {}, file.declared.prefixes)
            if tags is None or (required is not terms and not _is_plain(tags)):
                continue
            moved, *deciders = self._try(tags)
            if required is terms:
                self._try_aliased(tags)
            if moved:
                return True
            for further in _against(required, deciders):
                if frozenset(further) not in known:
                    known.add(frozenset(further))
                    waiting.append(further)
        self.limited = self.limited or bool(waiting)
        return False

    def _in_between(self, file: Compiled, place: int, mine: Order, others: Order) -> None:
        """Try a rule with those that come before what decides in the other file, but not before it here."""
        match = mine.rules[place]
        stop = mine.elsewhere[place]
        if stop == NOWHERE:
            stop = self._decides(file, match, others)
        tries = 0
        for other in range(stop):
            self.looked_at += 1
            if self.looked_at > _MOST_LOOKED_AT or self.pairs > _MOST_PAIRS or tries > _MOST_PAIRS_OF_ONE:
                self.limited = True
                return
            rival = others.rules[other]
            if NOWHERE != others.elsewhere[other] < place or rival.team.name == match.team.name:
                continue
            if never_meet(match.rule, rival.rule):
                continue
            tries += 1
            self.pairs += 1
            tags = solved((*match.rule.terms, *rival.rule.terms), {}, file.declared.prefixes)
            if tags is not None and _is_plain(tags) and self._try(tags)[0]:
                return

    def _decides(self, file: Compiled, match: Match, others: Order) -> int:
        """The place of what decides in the other file on the plainest event of a rule."""
        other = self.new if file is self.old else self.old
        tags = solved(match.rule.terms, {}, file.declared.prefixes)
        winner = None if tags is None else other.rules.first(other.facts(tags))
        return len(others.rules) if winner is None else others.places[id(winner)]

    def _try(self, tags: Edits) -> tuple[bool, _Decider, _Decider]:
        """Route an event in both files: whether it moves, and what decides."""
        before, by = _decided(self.old, self.old.facts(tags))
        after, now_by = _decided(self.new, self.new.facts(tags))
        event = frozenset(tags.items())
        if before != after and event not in self.tried:
            found = self.found.setdefault((before, after), _Found())
            found.witnessed += 1
            if len(found.witnesses) < _MOST_WITNESSES:
                found.witnesses.append(
                    Witness(tags, by.location if by else None, now_by.location if now_by else None)
                )
        self.tried.add(event)
        return before != after, by, now_by


def _decided(file: Compiled, facts: Facts) -> tuple[Outcome, _Decider]:
    """What becomes of an event, and the rule that says so."""
    ignore = file.ignores.first(facts)
    if ignore is not None:
        return _outcome("ignored"), ignore
    match = file.rules.first(facts)
    if match is not None:
        return _outcome("rule", match.team.name), match
    default = file.declared.default
    kind: Kind = "nobody" if default is None else "default"
    return _outcome(kind, default.name if default else None), None


def _against(required: tuple[Term, ...], deciders: Iterable[_Decider]) -> Iterator[tuple[Term, ...]]:
    """What is required, and besides one term of what decides made to fail."""
    for decider in deciders:
        for term in decider.rule.terms if decider else ():
            if term not in required:
                yield (*required, attrs.evolve(term, negated=not term.negated))


def _ignored(ignores: Iterable[Ignore]) -> dict[frozenset[Term], Ignore]:
    """Ignore rules by their terms."""
    return {frozenset(ignore.rule.terms): ignore for ignore in ignores}


def _is_plain(tags: Edits) -> bool:
    """Whether each tag has one value."""
    return all(len(values) <= 1 for values in tags.values())
