"""Who may do what, as data, and the decision on one operation."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import attrs

from sentry_governed._actions import ACTIONS
from sentry_governed._decision import Decision, Effect
from sentry_governed._grammar import is_org_slug, is_project_slug
from sentry_governed._operation import Operation
from sentry_governed.policy._patterns import NotAList
from sentry_governed.policy._rules import LISTS, Rules, Why, Writes, compiled_rules, digest, joined

_SERVICE: Final = "sentry"
_LONGEST_SHOWN: Final = 120
_ROUTER_ACTIONS: Final = (
    "events.latest",
    "external_issues.create",
    "external_issues.list",
    "issues.comment",
    "issues.list",
)
_WAITS: Final[Why] = "a write needs an approval", "writes: require_approval"
_GO_AHEAD: Final = "writes: allow"
_ALLOW, _DENY, _REQUIRE_APPROVAL = Effect.ALLOW, Effect.DENY, Effect.REQUIRE_APPROVAL


def _listed(patterns: Iterable[str] | None) -> tuple[str, ...] | None:
    if isinstance(patterns, str):
        return (NotAList(patterns),)
    return None if patterns is None else tuple(patterns)


def _compiled(policy: Policy) -> Rules:
    lists = {name: getattr(policy, name) for name in LISTS}
    return compiled_rules(lists, policy.writes)


def _digest(policy: Policy) -> str:
    own = digest({name: getattr(policy, name) for name in LISTS}, policy.writes)
    return own if policy.within is None else joined(own, policy.within.digest)


@attrs.frozen(kw_only=True)
class Policy:
    """Who may do what.

    Patterns are names with the wildcards `*`, `?` and `[...]`, whatever their case; `*` does not cross a
    `/`. An allow list of None restricts nothing, and an empty one allows nothing at all. A deny always wins.
    What is not established is denied. The order of patterns never matters.

    Attributes:
        allowed_orgs: Slugs of organizations.
        denied_orgs: Slugs of organizations.
        allowed_projects: Projects, written `org/project`.
        denied_projects: Projects, written `org/project`.
        allowed_actions: Names of actions, such as `issues.*`.
        denied_actions: Names of actions.
        writes: What becomes of an action that changes something and is not denied: it waits for an approval,
            goes ahead, or is denied.
        within: A wider policy that has to allow everything as well, and whose approvals are needed as well.
        digest: 64 hexadecimal digits; two policies that say the same in another order or case have the same.

    Raises:
        ConfigError: A pattern is malformed or can never match; all problems at once.
    """

    allowed_orgs: tuple[str, ...] | None = attrs.field(default=None, converter=_listed, eq=False)
    denied_orgs: tuple[str, ...] | None = attrs.field(default=None, converter=_listed, eq=False)
    allowed_projects: tuple[str, ...] | None = attrs.field(default=None, converter=_listed, eq=False)
    denied_projects: tuple[str, ...] | None = attrs.field(default=None, converter=_listed, eq=False)
    allowed_actions: tuple[str, ...] | None = attrs.field(default=None, converter=_listed, eq=False)
    denied_actions: tuple[str, ...] | None = attrs.field(default=None, converter=_listed, eq=False)
    writes: Writes = attrs.field(default="require_approval", eq=False)
    within: Policy | None = attrs.field(default=None, eq=False)
    _rules: Rules = attrs.field(
        init=False, repr=False, eq=False, default=attrs.Factory(_compiled, takes_self=True)
    )
    digest: str = attrs.field(init=False, repr=False, default=attrs.Factory(_digest, takes_self=True))

    @classmethod
    def for_router(cls, *, orgs: Iterable[str]) -> Policy:
        """What routing needs, unattended, in these organizations, and nothing else."""
        return cls(allowed_orgs=orgs, allowed_actions=_ROUTER_ACTIONS, writes="allow")

    def decide(self, action: str | Operation, org: str | None = None, project: str | None = None) -> Decision:
        """Decide on an operation, or on an action by name as if its facts were established.

        Args:
            action: The action's name, or an operation, which says the rest itself.
            org: The organization's slug.
            project: The project's slug, or `org/project`.
        """
        operation = action if isinstance(action, Operation) else _asked(action, org, project)
        own = self._decide(operation)
        return own if self.within is None else self._narrowed(own, self.within.decide(operation))

    def decide_org_lookup(self, operation: Operation) -> Decision:
        """Decide whether the slug of an organization that is known by its number alone may be asked for.

        It is the one lookup that is admitted while the organization is not established.
        """
        own = self._decide_org_lookup(operation)
        return own if self.within is None else self._narrowed(own, self.within.decide_org_lookup(operation))

    def _narrowed(self, own: Decision, wider: Decision) -> Decision:
        """The stricter of both."""
        if own.effect is _DENY or wider.effect is _ALLOW:
            return own
        return attrs.evolve(wider, policy_digest=self.digest)

    def _decide(self, operation: Operation) -> Decision:
        why = self._refusal(operation)
        if why is not None:
            return self._denied(operation, why)
        rule = self._allowing(operation)
        if operation.intent == "write" and operation.stage != "lookup":
            if self.writes == "require_approval":
                return Decision(_REQUIRE_APPROVAL, *_WAITS, operation, self.digest)
            rule = rule or _GO_AHEAD
        return Decision(_ALLOW, "no rule is against it", rule, operation, self.digest)

    def _decide_org_lookup(self, operation: Operation) -> Decision:
        why = self._refused_action(operation)
        if why is not None:
            return self._denied(operation, why)
        return Decision(_ALLOW, "the organization's slug is being established", None, operation, self.digest)

    def _denied(self, operation: Operation, why: Why) -> Decision:
        return Decision(_DENY, *why, operation, self.digest)

    def _refusal(self, operation: Operation) -> Why | None:
        return (
            self._refused_action(operation)
            or self._refused_org(operation)
            or self._refused_projects(operation)
        )

    def _refused_action(self, operation: Operation) -> Why | None:
        """Why the action is refused wherever it is asked for."""
        known = self._rules.actions.get(operation.action)
        if known is None:
            return f"{_shown(operation.action)} is no known action", None
        action = known.action
        if (operation.intent, operation.scope, operation.service) != (
            action.intent,
            action.scope,
            action.service,
        ):
            claim = f"a {_shown(operation.intent)} of scope {_shown(operation.scope)}"
            return f"{action.name} is not {claim} on {_shown(operation.service)}, as is claimed", None
        why = self._rules.nothing or known.refused or self._refused_implied(action.implies)
        if why is None and self.writes == "deny" and action.intent == "write":
            return "writes are denied", "writes: deny"
        return why or self._refused_implied(operation.implied)

    def _refused_implied(self, names: tuple[str, ...]) -> Why | None:
        """Why one of the actions that it amounts to is refused."""
        for name in names:
            known = self._rules.actions.get(name)
            if known is None:
                return f"it amounts to {_shown(name)}, which is no known action", None
            if known.refused is not None:
                return f"it amounts to {name}: {known.refused[0]}", known.refused[1]
        return None

    def _refused_org(self, operation: Operation) -> Why | None:
        """Why the organization is refused, or that it is not established."""
        org = operation.org
        if org is None:
            is_no_matter = operation.scope == "none" and not operation.projects
            return None if is_no_matter else ("the organization is not established", None)
        if not is_org_slug(org):
            return f"the organization {_shown(org)} is not established: that is no slug", None
        return self._rules.orgs.refuses(org.lower())

    def _refused_projects(self, operation: Operation) -> Why | None:
        """Why one of the projects is refused, or that none is established."""
        if not operation.projects:
            is_needed = operation.scope == "project" and operation.stage != "lookup"
            return ("the project is not established", None) if is_needed else None
        org = (operation.org or "").lower()
        for project in operation.projects:
            slug = project.lower() if project.isascii() else project
            if not is_project_slug(slug):
                return f"the project {_shown(project)} is not established: that is no slug", None
            why = self._rules.projects.refuses(f"{org}/{slug}")
            if why is not None:
                return why
        return None

    def _allowing(self, operation: Operation) -> str | None:
        """The narrowest rule that allows an operation that nothing refuses."""
        org = "" if operation.org is None else operation.org.lower()
        rule = None
        if operation.projects:
            rule = self._rules.projects.allowing(f"{org}/{operation.projects[0].lower()}")
        if rule is None and org:
            rule = self._rules.orgs.allowing(org)
        return rule or self._rules.actions[operation.action].rule


def _asked(name: str, org: str | None, project: str | None) -> Operation:
    """An action by name, with the most that an unknown one could be."""
    if project is not None and "/" in project:
        named, _, slug = project.partition("/")
        if org is None or org.lower() == named.lower():
            org, project = named, slug
    action = ACTIONS.get(name)
    projects = None if project is None else (project,)
    if action is None:
        return Operation(name, "write", "project", org=org, projects=projects)
    return Operation(name, action.intent, action.scope, _SERVICE, "act", action.implies, org, projects)


def _shown(name: str) -> str:
    text = ascii(name)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}..."
