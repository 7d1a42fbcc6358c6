"""The page of actions is the catalogue."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sentry_governed._actions import ACTIONS, Action, Parameter, find

PAGE = (Path(__file__).parent.parent.parent / "docs" / "actions.md").read_text()


def row(action: Action) -> str:
    """One row of the table."""
    where = " or ".join(f"`{action.method} {endpoint.template}`" for endpoint in action.endpoints)
    token = " or ".join(f"`{scope}`" for scope in action.endpoints[0].token_scopes)
    return f"| [`{action.name}`](#{anchor(action)}) | {action.intent} | {action.scope} | {where} | {token} |"


def anchor(action: Action) -> str:
    """What a heading is linked by."""
    return action.name.replace(".", "")


def section(action: Action) -> str:
    """What the page says of one action."""
    facts = [f"Decided as a {action.intent} of scope *{action.scope}*."]
    if action.same_as:
        facts.append(f"It sends the same as `{action.same_as}`: who denies one denies both.")
    if action.implies:
        facts.append(f"It has to be allowed as {' and '.join(f'`{name}`' for name in action.implies)} too.")
    if action.implies_by_body:
        facts.append("What the body amounts to has to be allowed too.")
    if action.integration_token:
        facts.append("It is sent with the integration's own token.")
    facts.append(f"Done with {' or '.join(map(str, action.successes))}.")
    rows = [parameter_row(parameter) for parameter in action.parameters]
    table = "\n".join(["| parameter | kind | goes to | what it is |", "|---|---|---|---|", *rows])
    return f"### {action.name}\n\n{action.summary} {' '.join(facts)}\n\n{table}\n"


def parameter_row(parameter: Parameter) -> str:
    """One row of the parameters."""
    others = ", ".join(f"`{name}`" for name in parameter.spellings if name != parameter.name)
    kind = parameter.kind + (", several" if parameter.repeated else "")
    if parameter.choices:
        kind += ": " + ", ".join(f"`{choice}`" if choice else "empty" for choice in parameter.choices)
    name = f"`{parameter.name}`" + (" (needed)" if parameter.required else "")
    doc = parameter.doc + (f" Also {others}." if others else "")
    place = (
        f"{parameter.where} `{parameter.wire}`" if parameter.where in {"body", "query"} else parameter.where
    )
    return f"| {name} | {kind} | {place} | {doc} |"


def test_table() -> None:
    """The table has a row for each action, in order, and no other."""
    rows = re.findall(r"^\| \[`.*$", PAGE, re.MULTILINE)

    assert rows == [row(action) for action in ACTIONS.values()]


@pytest.mark.parametrize("name", ACTIONS)
def test_sections(name: str) -> None:
    """Each action has its section, parameters and spellings included."""
    assert section(find(name)) in PAGE


def test_no_others() -> None:
    """There is no section of an action that is not there."""
    assert re.findall(r"^### (.*)$", PAGE, re.MULTILINE) == list(ACTIONS)
