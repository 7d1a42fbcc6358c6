"""The schema of a teams file: from YAML nodes to teams and rules, or to everything that is wrong."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final, TypeAlias

import attrs

from sentry_governed._yaml import (
    Fields,
    Items,
    Node,
    Scalar,
    did_you_mean,
    double_quoted,
    mistaken_for,
    quoted,
)
from sentry_governed.teams._keys import (
    ALIASES,
    FILE,
    IGNORE,
    NAME,
    PREFIX,
    PRIORITY,
    PRIORITY_DIGITS,
    RULE,
    TEAM,
    VERSION,
    Section,
)
from sentry_governed.teams._report import Report, is_left_out
from sentry_governed.teams._rules import Rule, terms_of
from sentry_governed.teams._values import Ignore, Match, Team

_IDS: Final = tuple(key.snake for key in TEAM.keys if key.shape == "id")

_PREFIX: Final = re.compile(PREFIX)
_PRIORITY: Final = re.compile(PRIORITY)
_DIGITS: Final = re.compile(r"[0-9]+")

_Entries: TypeAlias = Mapping[str, tuple[Scalar, Node]]


def _given(entries: _Entries, name: str) -> Node | None:
    """The value of a key, or None where the key or its value is left out."""
    node = entries[name][1] if name in entries else None
    return None if node is None or is_left_out(node) else node


@attrs.frozen
class Declared:
    """What a file declares; rules in the order of the file.

    Attributes:
        places: Where each team's name stands, by that name, such as `teams.yaml:4:11`.
        aliases: Where each alias prefix stands, by that prefix.
    """

    teams: tuple[Team, ...]
    default: Team | None
    prefixes: tuple[str, ...]
    matches: tuple[Match, ...]
    ignores: tuple[Ignore, ...]
    places: Mapping[str, str]
    aliases: Mapping[str, str]


def declared(root: Node, report: Report, default: str | None) -> Declared:
    """Read a whole file; what is wrong with it goes to the report.

    Args:
        root: A list of teams, one team, or a mapping with `teams` and the file's settings.
        report: Where problems go.
        default: The name of the default team, instead of the one that the file names.
    """
    file = _File(report)
    settings: _Entries = {}
    if isinstance(root, Fields) and not any(key.text in NAME.spellings for key, _ in root.entries):
        settings = file.entries(root, FILE)
        if "teams" in settings:
            file.add_teams(settings["teams"][1])
    elif isinstance(root, Fields):
        file.add_team(root)
    else:
        file.add_teams(root)
    file.check_version(settings)
    aliases = file.prefixes(settings)
    return Declared(
        teams=tuple(file.teams.values()),
        default=file.default(settings, default),
        prefixes=tuple(aliases),
        matches=tuple(file.matches),
        ignores=file.ignores(settings),
        places=file.places,
        aliases=aliases,
    )


@attrs.define
class _File:
    """One file on its way from nodes to values."""

    report: Report
    teams: dict[str, Team] = attrs.field(factory=dict[str, Team])
    matches: list[Match] = attrs.field(factory=list[Match])
    places: dict[str, str] = attrs.field(factory=dict[str, str])

    def entries(self, node: Fields, section: Section) -> _Entries:
        """The entries of a mapping by their snake_case keys."""
        known: dict[str, tuple[Scalar, Node]] = {}
        for key, value in node.entries:
            name = section.spellings.get(key.text)
            if name is None:
                names = [each.name for each in section.keys]
                hint = did_you_mean(key.text, names, section.spellings)
                self.report.add(key, f"unknown key {quoted(key.text)}", hint)
            elif name in known:
                first = known[name][0]
                hint = f"{first.text} on line {first.line} is the same"
                self.report.add(key, f"duplicate key {quoted(key.text)}", hint)
            else:
                known[name] = key, value
        for name, message, hint in section.needed:
            if name not in known:
                self.report.add(node, message, hint)
        return known

    def items(self, node: Node, what: str) -> Sequence[Node]:
        """The nodes of a list that may be empty."""
        if isinstance(node, Items):
            return node.nodes
        if not is_left_out(node):
            self.report.add(node, f"{what} is not a list", "begin each entry with '- ', or write [...]")
        return ()

    # --- teams and their rules

    def add_teams(self, node: Node) -> None:
        """Read a list of teams."""
        nodes = self.items(node, "the value of teams")
        if not nodes and (isinstance(node, Items) or is_left_out(node)):
            self.report.add(node, "no teams", "declare at least one: - Name: ...")
        for team in nodes:
            if isinstance(team, Fields):
                self.add_team(team)
            else:
                self.report.add(team, "a team is not a mapping", "write - Name: ...")

    def add_team(self, node: Fields) -> None:
        """Read one team and its rules; a team with problems counts, so that nothing else seems wrong."""
        entries = self.entries(node, TEAM)
        ids = {name: self._id(*entries[name]) for name in _IDS if name in entries}
        team = Team(self._name(entries), **ids)
        if team.name in self.teams:
            hint = "merge the two, or rename one"
            self.report.add(entries["name"][1], f"a second team of the name {quoted(team.name)}", hint)
        elif team.name:
            self.teams[team.name] = team
            self.places[team.name] = self._location(entries["name"][1])
        for entity in self.items(entries["entities"][1], "Entities") if "entities" in entries else ():
            self._add_rule(entity, team)

    def _name(self, entries: _Entries) -> str:
        if "name" not in entries:
            return ""
        name = entries["name"][1]
        self.report.text(name, "Name")
        return name.text if isinstance(name, Scalar) else ""

    def _id(self, key: Scalar, node: Node) -> str | None:
        if is_left_out(node) or (isinstance(node, Scalar) and not node.text):
            return None
        if not isinstance(node, Scalar):
            self.report.add(node, f"{key.text} is not an id", "write digits, or leave the key out")
            return None
        kind = None if _DIGITS.fullmatch(node.text) else mistaken_for(node)
        if kind is not None:
            message = f"{key.text} {quoted(node.text)} is {kind} to YAML"
            self.report.add(node, message, f"quote it: {double_quoted(node.text)}")
        return node.text

    def _add_rule(self, node: Node, team: Team) -> None:
        entries = self._rule_entries(node, RULE)
        if entries is None:
            return
        priority = self._priority(entries)
        key, matchers = entries["matchers"]
        terms = terms_of(matchers, self.report)
        if terms:
            self.matches.append(Match(team, Rule(terms, priority), self._location(key)))

    def _rule_entries(self, node: Node, section: Section) -> _Entries | None:
        if not isinstance(node, Fields):
            self.report.add(node, "a rule is not a mapping", "write Matchers: [key:value]")
            return None
        entries = self.entries(node, section)
        return entries if "matchers" in entries else None

    def _priority(self, entries: _Entries) -> int:
        node = _given(entries, "priority")
        if node is None:
            return 0
        if isinstance(node, Scalar) and _PRIORITY.fullmatch(node.text):
            return int(node.text)
        self.report.add(
            node,
            f"Priority is not a whole number of at most {PRIORITY_DIGITS} digits",
            "write one such as 5 or -1",
        )
        return 0

    def _location(self, node: Node) -> str:
        return f"{self.report.source}:{node.line}:{node.column}"

    # --- settings of the file

    def check_version(self, settings: _Entries) -> None:
        """Refuse files of a format that is not known yet."""
        node = _given(settings, "version")
        if node is not None and not (isinstance(node, Scalar) and node.text == VERSION):
            self.report.add(node, "unknown version of the format", f"write version: {VERSION}")

    def default(self, settings: _Entries, name: str | None) -> Team | None:
        """The default team; the given name goes before the file's, which has to be right all the same."""
        declared = None
        node = _given(settings, "default")
        if node is not None:
            text = node.text if isinstance(node, Scalar) else ""
            declared = self.teams.get(text)
            if declared is None:
                hint = did_you_mean(text, self.teams)
                self.report.add(node, f"default {quoted(text)} names no team", hint)
        if name is None:
            return declared
        if name not in self.teams:
            message = f"default {quoted(name)} names no team"
            self.report.add_about_file(message, did_you_mean(name, self.teams))
        return self.teams.get(name)

    def prefixes(self, settings: _Entries) -> Mapping[str, str]:
        """The alias prefixes, each once, and where they stand."""
        node = _given(settings, "aliases")
        if node is None:
            return {}
        if not isinstance(node, Fields):
            self.report.add(node, "aliases is not a mapping", 'write aliases: {prefixes: ["zap_"]}')
            return {}
        entries = self.entries(node, ALIASES)
        prefixes: dict[str, str] = {}
        for prefix in self.items(entries["prefixes"][1], "prefixes") if "prefixes" in entries else ():
            if isinstance(prefix, Scalar) and _PREFIX.fullmatch(prefix.text):
                prefixes.setdefault(prefix.text, self._location(prefix))
            else:
                self.report.add(prefix, "a prefix is not one or more of A-Z a-z 0-9 _ . -", 'such as "zap_"')
        return prefixes

    def ignores(self, settings: _Entries) -> tuple[Ignore, ...]:
        """The rules for events that need no task."""
        found: list[Ignore] = []
        for node in self.items(settings["ignore"][1], "ignore") if "ignore" in settings else ():
            entries = self._rule_entries(node, IGNORE)
            if entries is None:
                continue
            key, matchers = entries["matchers"]
            terms = terms_of(matchers, self.report)
            reason = self.report.text(entries["reason"][1], "Reason") if "reason" in entries else None
            if terms and reason is not None:
                found.append(Ignore(Rule(terms), reason, self._location(key)))
        return tuple(found)
