"""The meaning of a file once more, from the words of its reference: slow, plain and on its own."""

import re
from collections.abc import Iterable, Sequence

from .strategies import Declaration, TagLists


def term_holds(text: str, tags: TagLists, prefixes: Sequence[str] = ()) -> bool:
    """Whether a term, given as its text, holds."""
    if text[0] == "!":
        return not term_holds(text[1:], tags, prefixes)
    if text[0] == '"':
        end = text.index('"', 1)
        key, rest = text[1:end], text[end + 1 :]
    else:
        end = text.find(":") if ":" in text else len(text)
        key, rest = text[:end], text[end:]
    seen = [value for name in (key, *(prefix + key for prefix in prefixes)) for value in tags.get(name, ())]
    if rest == "":
        return len(seen) > 0
    wanted = rest[1:]
    if len(wanted) >= 2 and wanted[0] == "/" and wanted[-1] == "/":
        return any(re.search(wanted[1:-1], value[:1024]) for value in seen)
    if len(wanted) >= 2 and wanted[0] == '"' and wanted[-1] == '"':
        wanted = wanted[1:-1]
    return any(value == wanted for value in seen)


def all_hold(texts: Iterable[str], tags: TagLists, prefixes: Sequence[str] = ()) -> bool:
    """Whether a rule, given as the texts of its terms, matches."""
    return all(term_holds(text, tags, prefixes) for text in texts)


def precedence(texts: Iterable[str]) -> int:
    """3 for a positive team term, 2 for a positive service term, else 1."""
    keys = {text.split(":")[0] for text in texts}
    return 3 if "team" in keys else 2 if "service" in keys else 1


def owner(declaration: Declaration, tags: TagLists) -> tuple[int, bool, bool]:
    """The index of the owning team, whether it is the default, and whether the event is ignored."""
    best: tuple[int, int, int] | None = None
    winner = declaration.default
    for team, rule in declaration.in_order():
        texts = [str(term) for term in rule.terms]
        if all_hold(texts, tags, declaration.prefixes):
            rank = (rule.priority, precedence(texts), len(set(texts)))
            if best is None or rank > best:
                best, winner = rank, team
    ignored = any(
        all_hold([str(term) for term in rule.terms], tags, declaration.prefixes)
        for rule in declaration.ignores
    )
    return winner, best is None, ignored
