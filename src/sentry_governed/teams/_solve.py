"""The fewest changed tags that make some terms hold: what is found is checked, a miss proves nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import Final, TypeAlias

from sentry_governed.teams._strings import texts_found_by
from sentry_governed.teams._terms import Term

Texts: TypeAlias = Mapping[str, tuple[str, ...]]
"""The values of each tag."""

Edits: TypeAlias = dict[str, tuple[str, ...]]
"""Changed tags, each with its new values."""

_MOST_WAYS: Final = 200
_MOST_TRIES: Final = 2_000
_FREE: Final = ("any", "other", "1", "")


def solved(terms: Sequence[Term], tags: Texts, prefixes: Sequence[str]) -> Edits | None:
    """The tags to change, each with its new values (none: it goes); None when no way is found."""
    by_key: dict[str, list[Term]] = {}
    for term in terms:
        by_key.setdefault(term.key, []).append(term)
    groups = list(by_key.values())
    # where one key is the alias of another, what suits the one may spoil the other, or do for both
    apart = not any(prefix + key in by_key for prefix in prefixes for key in by_key)
    tries = iter(range(len(groups) if apart else _MOST_TRIES))
    ways = islice(_ways(groups, tags, prefixes, tries), _MOST_WAYS)
    changes = ({name: values for name, values in way.items() if values != tags.get(name, ())} for way in ways)
    found = (change for change in changes if all_hold(terms, {**tags, **change}, prefixes))
    return min(found, key=len, default=None)


def _ways(
    groups: Sequence[Sequence[Term]], tags: Texts, prefixes: Sequence[str], tries: Iterator[int]
) -> Iterator[Edits]:
    """Ways to suit the terms of one key after the other; a later one may spoil an earlier one.

    Each edit takes one of the tries, so that what cannot be suited in the end does not cost without end.
    """
    if not groups:
        yield {}
        return
    key = groups[0][0].key
    names = (key, *(prefix + key for prefix in prefixes))
    now = {name: values for name in names if (values := tags.get(name, ()))}
    for edits, _ in zip(_edits(names, groups[0], now), tries):  # noqa: B905  whichever ends first
        for others in _ways(groups[1:], {**tags, **edits}, prefixes, tries):
            yield {**edits, **others}


def all_hold(terms: Sequence[Term], tags: Texts, prefixes: Sequence[str]) -> bool:
    """Whether every term is true of these tags."""
    for term in terms:
        values = tags.get(term.key, ())
        for prefix in prefixes:
            values += tags.get(prefix + term.key, ())
        if not term.holds(values):
            return False
    return True


def _edits(names: Sequence[str], terms: Sequence[Term], now: Texts) -> Iterator[Edits]:
    """Edits for the terms of one key: none, of one name, of some, or of all that it is looked up under."""
    if _hold(terms, tuple(chain.from_iterable(now.values()))):
        yield {}
    for name in (*now, *(name for name in names if name not in now)):
        others = tuple(chain.from_iterable(values for other, values in now.items() if other != name))
        yield from ({name: values} for values in _values_for(terms) if _hold(terms, others + values))
    yield from _edits_of_spoilers(names[0], terms, now)
    none = dict.fromkeys(now, ())
    yield from ({**none, names[0]: values} for values in _values_for(terms) if _hold(terms, values))


def _edits_of_spoilers(key: str, terms: Sequence[Term], now: Texts) -> Iterator[Edits]:
    """Edits of those names alone whose values a negated term refuses."""
    refused = [term for term in terms if term.negated]
    spoilers = [name for name, values in now.items() if not _hold(refused, values)]
    kept = tuple(chain.from_iterable(values for name, values in now.items() if name not in spoilers))
    none = dict.fromkeys(spoilers, ())
    name = next(iter(spoilers), key)
    yield from ({**none, name: values} for values in _values_for(terms) if _hold(terms, kept + values))


def _hold(terms: Sequence[Term], values: tuple[str, ...]) -> bool:
    for term in terms:  # noqa: SIM110 - all() over a generator takes twice as long
        if not term.holds(values):
            return False
    return True


def _values_for(terms: Sequence[Term]) -> Iterator[tuple[str, ...]]:
    """Values worth trying: none, one value, then one for each term that wants some."""
    yield ()
    refused = [term for term in terms if term.negated]
    firsts: list[str] = []
    wanted = [term for term in terms if not term.negated]
    for term in wanted:
        first = True
        for text in _texts_for(term):
            if _hold(refused, (text,)):
                firsts += [text] if first else []
                first = False
                yield (text,)
    if len(firsts) == len(wanted):
        yield tuple(dict.fromkeys(firsts))


def _texts_for(term: Term) -> Iterable[str]:
    """Texts that pass the test of one term, the plainest first."""
    if term.test == "equal":
        return (term.value,)
    if term.test == "present":
        return _FREE
    return texts_found_by(term)
