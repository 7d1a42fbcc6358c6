"""The JSON Schema says of a file's structure what its reader says."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from sentry_governed.errors import TeamsFileError
from sentry_governed.teams import Teams, file_schema

from .strategies import Declaration, any_terms, declarations

ROOT = Path(__file__).parent.parent.parent
SCHEMA = Draft202012Validator(file_schema())
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
FENCE = re.compile(r"^```yaml\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def loads(text: str) -> bool:
    """Whether it is a teams file."""
    try:
        Teams.parse(text)
    except TeamsFileError:
        return False
    return True


def is_valid(text: str) -> bool:
    """Whether the schema accepts it, as an editor reads it."""
    return SCHEMA.is_valid(yaml.safe_load(text))


def examples() -> Iterator[tuple[str, str]]:
    """Every teams file of the examples and the documentation that loads, by name."""
    for path in sorted((ROOT / "examples").rglob("*.yaml")):
        if loads(path.read_text()):
            yield str(path.relative_to(ROOT)), path.read_text()
    yield "demo", (ROOT / "src/sentry_governed/cli/_demo_teams.yaml").read_text()
    for page in PAGES:
        for number, text in enumerate(FENCE.findall(page.read_text())):
            if loads(text):
                yield f"{page.name} {number}", text


EXAMPLES = dict(examples())


def test_is_schema() -> None:
    """It is a schema by the rules of its draft, and plain JSON."""
    Draft202012Validator.check_schema(file_schema())
    assert json.loads(json.dumps(file_schema())) == file_schema()


def test_own() -> None:
    """Whoever has one may change it; the next one is as ever."""
    changed: Any = file_schema()
    changed["then"]["items"].clear()
    changed["$defs"]["term"].clear()

    assert (
        Draft202012Validator(file_schema()).is_valid([{"Name": "a", "Entities": [{"Matchers": ["!"]}]}])
        is False
    )
    assert file_schema() != changed


def test_examples_are_found() -> None:
    """The examples that have to pass are there."""
    assert {"examples/teams.yaml", "examples/teams-list.yaml", "examples/tutorial/teams.yaml"} <= set(
        EXAMPLES
    )
    assert sum(name.startswith("teams-yaml.md") for name in EXAMPLES) >= 5


@pytest.mark.parametrize("name", EXAMPLES)
def test_examples(name: str) -> None:
    """Every example is accepted."""
    assert [error.message for error in SCHEMA.iter_errors(yaml.safe_load(EXAMPLES[name]))] == []


@pytest.mark.parametrize(
    "text",
    [
        "5",
        "text",
        "[]",
        "{}",
        "{teams: }",
        "{teams: []}",
        "{teams: {Name: a}}",
        "{team: [{Name: a}]}",
        "{teams: [{Name: a}], defaults: a}",
        "{teams: [{Name: a}], version: 2}",
        "{teams: [{Name: a}], default: [a]}",
        "{teams: [{Name: a}], aliases: [zap_]}",
        "{teams: [{Name: a}], aliases: {prefix: [zap_]}}",
        "{teams: [{Name: a}], aliases: {prefixes: zap_}}",
        "{teams: [{Name: a}], aliases: {prefixes: ['zap_ ']}}",
        '{teams: [{Name: a}], aliases: {prefixes: ["zap_\\n"]}}',
        "{teams: [{Name: a}], ignore: {Matchers: [a]}}",
        "{teams: [{Name: a}], ignore: [{Matchers: [a]}]}",
        "{teams: [{Name: a}], ignore: [{Reason: a}]}",
        "{teams: [{Name: a}], ignore: [{Matchers: [a], Reason: ''}]}",
        "{teams: [{Name: a}], ignore: [{Matchers: [a], Reason: [b]}]}",
        "{teams: [{Name: a}], ignore: [{Matchers: [a], Reason: b, Priority: 5}]}",
        "- a",
        "- {}",
        "- Entities: []",
        "- {Name: }",
        "- {Name: ''}",
        "- {Name: 5}",
        "- {Name: true}",
        "- {Name: [a]}",
        "- {Name: a, name: a}",
        "- {Name: a, Nmae: b}",
        "- {Name: a, teams: []}",
        "- {Name: a, AsanaTeamId: [1]}",
        "- {Name: a, AsanaTeamId: true}",
        "- {Name: a, AsanaTeamId: 1.5}",
        "- {Name: a, AsanaTeamId: -1}",
        "- {Name: a, AsanaTeamId: 1, asana_team_id: 1}",
        "- {Name: a, Entities: {Matchers: [a]}}",
        "- {Name: a, Entities: [a]}",
        "- {Name: a, Entities: [{}]}",
        "- {Name: a, Entities: [{Priority: 5}]}",
        "- {Name: a, Entities: [{Matchers: }]}",
        "- {Name: a, Entities: [{Matchers: []}]}",
        "- {Name: a, Entities: [{Matchers: a}]}",
        "- {Name: a, Entities: [{Matchers: {a: b}}]}",
        "- {Name: a, Entities: [{Matchers: [a: b]}]}",
        "- {Name: a, Entities: [{Matchers: [a], matchers: [a]}]}",
        "- {Name: a, Entities: [{Matchers: [a], Reason: b}]}",
        *(f"- {{Name: a, Entities: [{{Matchers: [a], Priority: {priority}}}]}}" for priority in (
            "high", "1.5", "true", "[1]", "1000000000", "'1000000000'", "'5 '", "'+'", "''", '"5\\n"',
        )),
        *(f"- {{Name: a, Entities: [{{Matchers: [{term}]}}]}}" for term in (
            "''", "'!'", "5", "true", "null", "[a]", "'k:'", "'!k:'", "'k://'", "':v'", "'/a/'", "'a/:v'",
            "'/a:v'", "'a b'", "'\"a b\":v'", "'\"a:v'", "'\"\"'", "'\"/a\"'", "'!!a'", "'ü'", '"a\\n"',
            "'" + "a" * 4_103 + "'",
        )),
    ],
)  # fmt: skip
def test_refused(text: str) -> None:
    """What the reader refuses for its structure is refused."""
    assert not loads(text)
    assert not is_valid(text)


@pytest.mark.parametrize(
    "text",
    [
        "{name: a}",
        "- {name: a, Entities: , AsanaTeamId: '', asana_backlog_id: }",
        "{teams: [{Name: a}], version: , default: , aliases: , ignore: }",
        "{teams: [{Name: a}], version: '1', aliases: {}, ignore: []}",
        "{teams: [{Name: '5'}], default: 5, aliases: {prefixes: [5, true, zap_]}}",
        "- {Name: a, Entities: [{Matchers: [a], Priority: '-5'}, {Matchers: [a], Priority: }]}",
        *(f"- {{Name: a, Entities: [{{Matchers: [{term}]}}]}}" for term in (
            "'k:/'", "'k:///'", "'k:\"\"'", "'\"a:b\"'", "'!\"a:b\":c'", "'a:\"'", "a/b", "a:b:c", "'k: '",
            '"k:a\\nb"', '"k://\\n"', "'!" + "a" * 4_096 + "'",
        )),
    ],
)  # fmt: skip
def test_accepted(text: str) -> None:
    """What the reader accepts is accepted, however odd."""
    assert loads(text)
    assert is_valid(text)


@given(declarations)
def test_generated(declaration: Declaration) -> None:
    """Every file that can be declared is accepted."""
    assert is_valid(declaration.text())


@given(any_terms)
def test_terms(term: object) -> None:
    """Every term is accepted."""
    assert SCHEMA.is_valid([{"Name": "a", "Entities": [{"Matchers": [str(term)]}]}])


SCRAPS = st.sampled_from(
    [None, True, 0, 1, -1, 7, 10**9, "", "1", "a", "+3", "a:b", "!", "k:", "zap_", [], {}, ["a"], [None],
     {"Matchers": ["a"]}, [{"Name": "z"}], [{"Matchers": ["a"], "Reason": "r"}], {"prefixes": ["x"]}]
)  # fmt: skip
KEYS = "Name AsanaTeamId asana_team_id Entities Matchers Priority Reason version default aliases ignore teams"
NAMES = st.sampled_from([*KEYS.split(), *KEYS.lower().split(), "prefixes", "other"])
WHOLE = {
    "version": 1,
    "default": "a",
    "aliases": {"prefixes": ["zap_"]},
    "ignore": [{"Matchers": ["a:b"], "Reason": "r"}],
    "teams": [
        {"Name": "a", "AsanaTeamId": 5, "Entities": [{"Matchers": ["a", "!b:c"], "Priority": 3}]},
        {"name": "b", "entities": [{"matchers": ["k:/v/"]}]},
    ],
}
NOT_STRUCTURE = re.compile(r"names no team|a second team of the name|null to YAML|a prefix is not")


def nodes(value: Any) -> Iterator[Any]:
    """All lists and mappings of a document."""
    if isinstance(value, dict | list):
        yield value
        for each in value.values() if isinstance(value, dict) else value:
            yield from nodes(each)


@st.composite
def documents(draw: st.DrawFn) -> Any:
    """A document that is whole, or has something exchanged, added or taken out."""
    document: Any = draw(st.sampled_from([WHOLE, WHOLE["teams"], WHOLE["teams"][0]]))  # type: ignore[index]  # both can
    document = json.loads(json.dumps(document))
    for _ in range(draw(st.integers(0, 3))):
        node = draw(st.sampled_from(list(nodes(document))))
        if isinstance(node, list) and draw(st.booleans()):
            node.insert(draw(st.integers(0, len(node))), draw(SCRAPS))
        elif isinstance(node, list):
            del node[:1]
        elif draw(st.booleans()) and node:
            del node[draw(st.sampled_from(list(node)))]
        else:
            node[draw(NAMES)] = draw(SCRAPS)
        document = json.loads(json.dumps(document))
    return document


@given(documents())
def test_as_the_reader(document: Any) -> None:
    """Of any document the schema says what the reader says, but for what is not structure."""
    problems: list[str] = []
    try:
        Teams.parse(json.dumps(document))
    except TeamsFileError as error:
        problems = [problem.message for problem in error.problems]

    if SCHEMA.is_valid(document):
        assert all(map(NOT_STRUCTURE.search, problems))
    else:
        assert problems
