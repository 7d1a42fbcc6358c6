"""The typed methods are those of the catalogue, in both clients, to the last parameter."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import get_type_hints

import pytest

from sentry_governed import AllowAll, Secret
from sentry_governed._actions import ACTIONS, find
from sentry_governed.sentry import AsyncSentryClient, SentryClient, SentryConfig
from sentry_governed.sentry import _options as options
from sentry_governed.sentry._by_name import MODELS

CLIENTS: tuple[type[SentryClient | AsyncSentryClient], ...] = (SentryClient, AsyncSentryClient)
FILLED_IN = {"cursor", "installation"}
LINK = {"web_url", "display_project", "identifier"}

every_method = pytest.mark.parametrize(
    ("client", "action"), [(client, action) for client in CLIENTS for action in ACTIONS]
)


def method_of(client: type[SentryClient | AsyncSentryClient], action: str) -> Callable[..., object]:
    """The typed method of an action."""
    found: object = client(SentryConfig(token=Secret("t")), guard=AllowAll())
    for name in action.split("."):
        found = getattr(found, name)
    assert callable(found)
    return found


def parameters_of(method: Callable[..., object]) -> dict[str, inspect.Parameter]:
    """The named parameters of a method, without the options."""
    return {name: known for name, known in inspect.signature(method).parameters.items() if name != "options"}


def options_of(method: Callable[..., object]) -> set[str]:
    """The names in a method's options."""
    text = str(inspect.signature(method).parameters["options"].annotation)
    return set(get_type_hints(getattr(options, text.removeprefix("Unpack[o.").removesuffix("]"))))


@every_method
def test_parameters(client: type[SentryClient | AsyncSentryClient], action: str) -> None:
    """A method takes every parameter of its action, and nothing else but what a call is governed by."""
    method, known = method_of(client, action), find(action)
    names = set(parameters_of(method)) | options_of(method)
    if "target" in names:
        names = names - {"target"} | LINK
    governed = {"approval"} if known.intent == "write" else {"max_items"} if known.paging else set()

    assert names == {parameter.name for parameter in known.parameters} - FILLED_IN | governed


@every_method
def test_required(client: type[SentryClient | AsyncSentryClient], action: str) -> None:
    """What an action needs is positional; the rest goes by keyword."""
    positional = {
        name
        for name, parameter in parameters_of(method_of(client, action)).items()
        if parameter.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD
    }
    if "target" in positional:
        positional = positional - {"target"} | LINK

    needed = {parameter.name for parameter in find(action).parameters if parameter.required}
    assert positional == needed - FILLED_IN - {"org"}


@every_method
def test_answers(client: type[SentryClient | AsyncSentryClient], action: str) -> None:
    """A method hands out the model of its action: one, several, or page by page."""
    answer = str(inspect.signature(method_of(client, action)).return_annotation)
    model = MODELS[action].__name__
    pager = "AsyncPager" if client is AsyncSentryClient else "Pager"
    many = f"{pager}[{model}]" if find(action).paging else f"tuple[{model}, ...]"

    if action == "external_issues.delete":
        assert answer == "None"
    else:
        lists = any(endpoint.lists for endpoint in find(action).endpoints)
        assert answer == (many if lists else model)


def test_twins() -> None:
    """Both clients offer the same methods with the same signatures."""
    for action in ACTIONS:
        sync, other = (inspect.signature(method_of(client, action)) for client in CLIENTS)
        assert str(other).replace("AsyncPager", "Pager") == str(sync)


@pytest.mark.parametrize("action", ACTIONS)
def test_documented(action: str) -> None:
    """Every method has a sentence of documentation."""
    for client in CLIENTS:
        assert (method_of(client, action).__doc__ or "").partition("\n")[0].endswith(".")
