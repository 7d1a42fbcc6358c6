"""One call of an action: its values, and the operation and the request that they make."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Final

import attrs

from sentry_governed._actions import Action, Endpoint, Parameter, find, implied
from sentry_governed._convert import is_list, is_object
from sentry_governed._grammar import is_org_slug, is_project_slug
from sentry_governed._http.answers import ask
from sentry_governed._http.flow import Flow
from sentry_governed._operation import Claim, Operation, Stage
from sentry_governed._values import Pairs, Request, Response
from sentry_governed.sentry._given import Values, given
from sentry_governed.typing import JsonValue

SERVICE: Final = "sentry"
INTEGRATION: Final = "sentry-integration"
_NOTHING: Final[Mapping[str, str]] = {}
_ARCHIVES: Final = "ignored"
_RESOURCES: Final = frozenset({"event_id", "id", "issue", "short_id", "version"})


@attrs.frozen
class Asked:
    """An action of the catalogue with the values of its parameters.

    Attributes:
        action: What is asked.
        values: By the library's names, checked.
        claimed: What the caller named, before anything was established.
    """

    action: Action
    values: Values
    claimed: Claim | None = None

    @classmethod
    def of(cls, name: str, params: Mapping[str, object], defaults: Mapping[str, str] = _NOTHING) -> Asked:
        """Bring the values of a call together.

        Raises:
            ConfigError: There is no such action.
            RequestRefused: The values cannot be used.
        """
        action = find(name)
        asked = cls(action, given(action, params, defaults))
        return attrs.evolve(asked, claimed=_claimed(asked))

    def having(self, **values: JsonValue) -> Asked:
        """The same call with other values."""
        return attrs.evolve(self, values={**self.values, **values})

    @property
    def endpoint(self) -> Endpoint:
        """Where it goes."""
        return self.action.endpoint(self.values)

    @property
    def service(self) -> str:
        """Who sends it, as the catalogue says."""
        return INTEGRATION if self.action.integration_token else SERVICE

    @property
    def org(self) -> str | None:
        """The organization, when its slug is known."""
        org = self.text("org")
        return org if is_org_slug(org) else None

    def text(self, name: str) -> str:
        """The value of a parameter that takes one text; empty when it is not given."""
        value = self.values.get(name)
        return value if isinstance(value, str) else ""

    def texts(self, name: str) -> tuple[str, ...]:
        """The values of a parameter that may take several texts."""
        value = self.values.get(name)
        values = value if is_list(value) else (value,)
        return tuple(item for item in values if isinstance(item, str))

    def claims(self) -> tuple[str, ...]:
        """The projects that the caller believes it is about, or asks it to be limited to."""
        return tuple(
            project
            for known in self.action.parameters
            if known.kind == "project" and not self._decides(known)
            for project in self.texts(known.name)
        )

    def _decides(self, parameter: Parameter) -> bool:
        """Whether a parameter itself says whose the request is."""
        where = parameter.where
        return where == "body" or (where == "path" and parameter.name in self.endpoint.path_names)

    def operation(
        self, stage: Stage, projects: tuple[str, ...] | None = None, resource: str | None = None
    ) -> Operation:
        """What has to be allowed. Anything but slugs establishes nothing: a number may stand for any."""
        action = self.action
        are_slugs = bool(projects) and all(map(is_project_slug, projects or ()))
        return Operation(
            action.name,
            action.intent,
            action.scope,
            service=action.service,
            stage=stage,
            implied=implied(action.name, self.body()),
            org=self.org,
            projects=projects if are_slugs else None,
            resource=resource,
            claimed=self.claimed,
        )

    def request(self) -> Request:
        """The request of the action itself."""
        endpoint, body = self.endpoint, self.body()
        params = tuple((name, str(self.values[name])) for name in endpoint.path_names)
        content = None if body is None else json.dumps(body, separators=(",", ":")).encode()
        action = self.action
        return Request(action.method, endpoint.template, params, self.query(), content, action.idempotent)

    def query(self) -> Pairs:
        """The query of the request; a name repeats for each of several values."""
        return tuple(
            (known.wire, _in_query(item))
            for known, value in self._given("query")
            for item in (value if is_list(value) else (value,))
        )

    def body(self) -> dict[str, JsonValue] | None:
        """The JSON body, or None for a method that has none."""
        if self.action.method in ("GET", "DELETE"):
            return None
        body: dict[str, JsonValue] = dict(self.action.fixed)
        for known, value in self._given("body"):
            is_number = known.kind in ("id", "issue") and isinstance(value, str) and value.isdecimal()
            _put(body, known.wire, int(str(value)) if is_number else value)
        if body.get("status") == _ARCHIVES and self.action.fixed and "substatus" not in body:
            condition = "statusDetails" in body
            body["substatus"] = "archived_until_condition_met" if condition else "archived_forever"
        return body

    def _given(self, where: str) -> Iterator[tuple[Parameter, JsonValue]]:
        for known in self.action.parameters:
            if known.where == where and known.name in self.values:
                yield known, self.values[known.name]

    def send(
        self, operation: Operation, request: Request, endpoint: Endpoint | None = None
    ) -> Flow[Response]:
        """Send a request as whoever the catalogue says, if the operation is allowed."""
        scopes = (endpoint or self.endpoint).token_scopes
        return (yield from ask(self.service, operation, request, token_scopes=scopes))


def _claimed(asked: Asked) -> Claim:
    kinds = {known.name: known.kind for known in asked.action.parameters}
    projects = tuple(text for name, kind in kinds.items() if kind == "project" for text in asked.texts(name))
    named = (asked.texts(name) for name, kind in kinds.items() if kind in _RESOURCES)
    return Claim(
        asked.text("org") or None,
        tuple(dict.fromkeys(projects)) or None,
        ",".join(next(filter(None, named), ())) or None,
    )


def _in_query(value: JsonValue) -> str:
    return str(int(value)) if isinstance(value, bool) else str(value)


def _put(body: dict[str, JsonValue], wire: str, value: JsonValue) -> None:
    """Put a value where a dotted name leads."""
    name, _, rest = wire.partition(".")
    if not rest:
        body[name] = value
        return
    inner = body.get(name)
    body[name] = deeper = dict(inner) if is_object(inner) else {}
    _put(deeper, rest, value)
