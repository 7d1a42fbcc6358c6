"""What an action and its parameters are."""

from __future__ import annotations

from collections.abc import Collection
from string import Formatter
from typing import Literal, TypeAlias

import attrs

from sentry_governed._operation import Intent, Scope
from sentry_governed._values import Pairs
from sentry_governed.errors import ConfigError

Method: TypeAlias = Literal["DELETE", "GET", "POST", "PUT"]
Where: TypeAlias = Literal["body", "claim", "path", "query"]
Kind: TypeAlias = Literal[
    "bool",
    "datetime",
    "enum",
    "environment",
    "event_id",
    "id",
    "int",
    "issue",
    "object",
    "org",
    "project",
    "short_id",
    "tag_key",
    "text",
    "url",
    "uuid",
    "version",
]
Paging: TypeAlias = Literal["limit", "per_page"]


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def _name_in_camel_case(parameter: Parameter) -> str:
    return _camel(parameter.name)


@attrs.frozen
class Parameter:
    """One parameter of an action.

    Attributes:
        name: How the library spells it.
        where: The part of the request it goes to. A `claim` goes nowhere: it is what the caller believes, and
            what the service says has to agree with it. A `path` parameter that the endpoint in use does not
            have is a claim as well.
        kind: What a value is. An `org` or `project` is a slug or a numeric id, an `issue` a numeric or a
            short id; an `id` is a text here and a number in a JSON body.
        doc: One sentence.
        required: Whether the action means nothing without it.
        repeated: Whether it takes several values: a repeated name in a query, a list in a body.
        only_with: The path parameter whose endpoint alone knows this parameter, or an empty string.
        choices: The values of an `enum`.
        fields: The keys of an `object`.
        minimum: The smallest number.
        maximum: The largest number.
        max_length: The most characters of a text.
        max_items: The most values of a repeated one.
        aliases: Further spellings that callers may use; camel case is always one.
        wire: How Sentry spells it; a dot leads into an object of the body.
    """

    name: str
    where: Where
    kind: Kind
    doc: str
    required: bool = False
    repeated: bool = False
    only_with: str = ""
    choices: tuple[str, ...] = ()
    fields: tuple[Parameter, ...] = ()
    minimum: int | None = None
    maximum: int | None = None
    max_length: int | None = None
    max_items: int | None = None
    aliases: tuple[str, ...] = ()
    wire: str = attrs.field(default=attrs.Factory(_name_in_camel_case, takes_self=True))

    @property
    def spellings(self) -> tuple[str, ...]:
        """Every spelling a caller may use, the library's own first, without repetition."""
        nested = (self.wire,) if "." in self.wire else ()
        return tuple(dict.fromkeys((self.name, _camel(self.name), *self.aliases, *nested)))


@attrs.frozen
class Endpoint:
    """One place that an action can be sent to.

    Attributes:
        template: The path below the base URL, with `{name}` segments.
        token_scopes: What Sentry asks of the token; any one of them is enough.
        lists: Whether the answer is a list.
    """

    template: str
    token_scopes: tuple[str, ...]
    lists: bool = False

    @property
    def path_names(self) -> tuple[str, ...]:
        """The names of the template, in order."""
        return tuple(name for _, name, _, _ in Formatter().parse(self.template) if name is not None)


@attrs.frozen
class Action:
    """One thing that can be asked of Sentry.

    Attributes:
        name: Such as `issues.resolve`.
        summary: One sentence.
        scope: What must be established before it may be allowed.
        method: The HTTP method.
        endpoints: Where it goes: the first one whose path parameters are all given.
        parameters: In the order in which documentation shows them.
        fixed: Fields of the body that the caller has no say in.
        paging: The name of the page size in the query, or None when the answer is not a list in pages.
        successes: The status codes that mean it is done.
        integration_token: Whether it is sent with the integration's own token.
        same_as: The action that sends the very same request; who allows or denies one means both.
        implies: Further actions that must be allowed too, whatever the body says.
        implies_by_body: Whether the body says which further actions must be allowed; see `implied`.
        service: The name the driver knows the service by.
    """

    name: str
    summary: str
    scope: Scope
    method: Method
    endpoints: tuple[Endpoint, ...]
    parameters: tuple[Parameter, ...]
    fixed: Pairs = ()
    paging: Paging | None = None
    successes: tuple[int, ...] = (200,)
    integration_token: bool = False
    same_as: str | None = None
    implies: tuple[str, ...] = ()
    implies_by_body: bool = False
    service: str = "sentry"

    @property
    def intent(self) -> Intent:
        """Whether anything changes."""
        return "read" if self.method == "GET" else "write"

    @property
    def idempotent(self) -> bool:
        """Whether sending it twice is the same as once."""
        return self.method != "POST"

    def endpoint(self, given: Collection[str]) -> Endpoint:
        """The endpoint that the names of the given path parameters lead to.

        Raises:
            ConfigError: They are too few for any endpoint.
        """
        for endpoint in self.endpoints:
            if all(name in given for name in endpoint.path_names):
                return endpoint
        ways = " or ".join(" and ".join(endpoint.path_names) for endpoint in self.endpoints)
        raise ConfigError(f"{self.name} needs {ways}")

    def parameter(self, spelling: str) -> Parameter | None:
        """The parameter that a caller spells so, or None."""
        return next((known for known in self.parameters if spelling in known.spellings), None)
