"""A whole teams file, ready to answer."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterable
from typing import TYPE_CHECKING

import attrs

from sentry_governed._yaml import quoted, read
from sentry_governed.errors import NoDefaultTeam, TeamsFileError
from sentry_governed.teams._digest import digest_of
from sentry_governed.teams._engine import Index, index_of, ranked
from sentry_governed.teams._facts import Facts, facts_of
from sentry_governed.teams._file import Declared, declared
from sentry_governed.teams._load import FilePath, content_of, source_of
from sentry_governed.teams._report import Full, Report
from sentry_governed.teams._values import Ignore, Match, Route, Team
from sentry_governed.typing import HasFacts, Tags

if TYPE_CHECKING:
    from sentry_governed.teams._backtest import Backtest
    from sentry_governed.teams._compiled import Compiled
    from sentry_governed.teams._difference import Diff
    from sentry_governed.teams._explanation import Explanation
    from sentry_governed.teams._finding import Finding


@attrs.frozen
class Teams:
    """The teams of one file and the rules that say what they own; made by `load` or `parse`.

    Whatever takes tags takes a mapping of names to values, or an object with such a mapping as `.facts`.
    True and False read `true` and `false`, numbers as Python writes them, None is absent and an empty text
    is present. A sequence is several values. Values of other types, and names that are not text, count as
    absent.
    """

    source: str
    _declared: Declared = attrs.field(repr=False)
    _index: Index[Match] = attrs.field(repr=False, eq=False)
    _ignored: Index[Ignore] = attrs.field(repr=False, eq=False)

    @classmethod
    def load(cls, path: FilePath, default: str | None = None) -> Teams:
        """Read a teams file of at most 16 MiB.

        Args:
            path: The file; problems and locations show it as it is given here.
            default: The name of the default team, instead of the one that the file names.

        Raises:
            TeamsFileError: The file cannot be read or used; all problems at once.
        """
        source = source_of(path)
        return cls.parse(content_of(source), source=source, default=default)

    @classmethod
    def parse(cls, text: str | bytes, *, source: str = "<string>", default: str | None = None) -> Teams:
        """Read the text of a teams file.

        Args:
            text: YAML; bytes are UTF-8.
            source: What problems and locations call the text.
            default: The name of the default team, instead of the one that the text names.

        Raises:
            TeamsFileError: The text cannot be used; all problems at once.
        """
        root, problems = read(text, source)
        found: Declared | None = None
        with contextlib.suppress(Full):
            found = None if root is None else declared(root, Report(source, problems), default)
        if found is None or problems:
            raise TeamsFileError(tuple(sorted(problems, key=lambda each: (each.line, each.column))))
        rules = index_of(ranked(found.matches), found.prefixes)
        return cls(source, found, rules, index_of(found.ignores, found.prefixes))

    @property
    def teams(self) -> tuple[Team, ...]:
        """The teams in the order of the file."""
        return self._declared.teams

    @property
    def default(self) -> Team | None:
        """The team that owns what no rule matches."""
        return self._declared.default

    @property
    def rules(self) -> tuple[Match, ...]:
        """The rules of all teams in the order of the file."""
        return self._declared.matches

    @property
    def ignores(self) -> tuple[Ignore, ...]:
        """The rules for events that need no task, in the order of the file."""
        return self._declared.ignores

    @functools.cached_property
    def digest(self) -> str:
        """A SHA-256 in hexadecimal digits of what the file means, to tell whether two files differ in it.

        It covers the teams with their ids, the rules with their terms, priorities and order, the ignore
        rules, the alias prefixes and the default team. Comments, layout, positions, quoting, the spelling
        of keys, the file's name, and the order of terms within a rule do not change it. It stays the same
        over processes and Python versions.
        """
        return digest_of(self._declared)

    def route(self, tags: Tags | HasFacts) -> Route:
        """Who owns an event, and why; an ignored event has the owner that it would have otherwise.

        Raises:
            NoDefaultTeam: No rule matches and there is no default team.
            ConfigError: The argument is neither a mapping nor an object with `facts`.
        """
        facts = self._facts(tags)
        match = self._index.first(facts)
        team = self._default("no rule matches") if match is None else match.team
        return Route(team, match, self._ignored.first(facts), facts)

    def default_route(self, why: str) -> Route:
        """The default team's ownership of what cannot be matched; `why` says so in its reason.

        Raises:
            NoDefaultTeam: There is no default team.
        """
        return Route(self._default(why), unmatched=why)

    def _default(self, why: str) -> Team:
        if self.default is None:
            hint = "declare a default in the file, or name one when loading"
            raise NoDefaultTeam(f"{why} and {quoted(self.source)} has no default team; {hint}")
        return self.default

    def match(self, tags: Tags | HasFacts) -> Match | None:
        """The rule that wins, whatever the ignore rules say.

        Raises:
            ConfigError: The argument is neither a mapping nor an object with `facts`.
        """
        return self._index.first(self._facts(tags))

    def matches(self, tags: Tags | HasFacts) -> tuple[Match, ...]:
        """Every rule that matches, the best first, whatever the ignore rules say.

        Raises:
            ConfigError: The argument is neither a mapping nor an object with `facts`.
        """
        return self._index.all(self._facts(tags))

    def explain(self, tags: Tags | HasFacts, team: str | None = None) -> Explanation:
        """Why an event has its owner, which rules are behind the winner and why, and what was looked at.

        Args:
            tags: The event.
            team: The name of a team to explain too: which of its rules is nearest, which of the terms fail,
                and the smallest change of tags that was found to make it the owner.

        Raises:
            ConfigError: There is no team of that name, or `tags` is neither a mapping nor an object with
                `facts`.
        """
        from sentry_governed.teams._explain import Explainer  # a router never pays for it

        return Explainer(self._compiled, self._facts(tags)).explain(team)

    def backtest(self, alerts: Iterable[Tags | HasFacts]) -> Backtest:
        """Route recorded alerts and count who would have owned them, by which rules, and what is left over.

        Any number of alerts is read one after the other; none is kept.

        Raises:
            ConfigError: One is neither a mapping nor an object with `facts`.
        """
        from sentry_governed.teams._backtest import counted  # a router never pays for it

        return counted(self._compiled, alerts)

    def diff(self, other: Teams, alerts: Iterable[Tags | HasFacts] = ()) -> Diff:
        """What changes in effect when `other` takes the place of this file.

        Events are made of the rules of both files, and routed in both: those whose owner differs are shown.
        Any number of recorded alerts is routed in both too; none is kept.

        Raises:
            ConfigError: An alert is neither a mapping nor an object with `facts`.
        """
        from sentry_governed.teams._diff import compared  # a router never pays for it

        return compared(self._compiled, other._compiled, alerts)

    @property
    def _compiled(self) -> Compiled:
        from sentry_governed.teams._compiled import Compiled  # as above

        return Compiled(self.source, self._declared, self._index, self._ignored)

    def lint(self) -> tuple[Finding, ...]:
        """What is wrong with the file, or probably not what was meant, although it loads; in its order.

        That a rule never wins is certain, and it has an event that shows it. Not every such rule is found.
        """
        from sentry_governed.teams._lint import lint  # as in explain

        return lint(self.source, self._declared, self._index, self._ignored)

    def _facts(self, tags: Tags | HasFacts) -> Facts:
        return facts_of(tags, self._declared.prefixes)


def backtest(teams: Teams, alerts: Iterable[Tags | HasFacts]) -> Backtest:
    """What a teams file would have made of recorded alerts; the same as `teams.backtest(alerts)`.

    Raises:
        ConfigError: One alert is neither a mapping nor an object with `facts`.
    """
    return teams.backtest(alerts)
