"""The schema of teams.yaml: every shape that loads, and every error with its place and hint."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sentry_governed.errors import Problem, TeamsFileError
from sentry_governed.teams import Rule, Team, Teams

from .strategies import Declaration, declarations, mutated

DATA = Path(__file__).parent.parent / "data" / "teams"


def problems(text: str | bytes, default: str | None = None) -> list[str]:
    """What is wrong with a text, one line each."""
    with pytest.raises(TeamsFileError) as caught:
        Teams.parse(text, source="t", default=default)
    assert str(caught.value).split("\n") == [str(problem) for problem in caught.value.problems]
    return [str(problem) for problem in caught.value.problems]


IDS = ("11", "12", "13", "14")


@pytest.mark.parametrize(
    "text",
    [
        (
            "- Name: Web\n  AsanaBacklogId: 11\n  AsanaSprintPortfolioId: '12'\n"
            '  AsanaSandboxPortfolioId: "13"\n  AsanaTeamId: 14\n'
        ),
        (
            "- name: Web\n  asana_backlog_id: 11\n  asana_sprint_portfolio_id: 12\n"
            "  asana_sandbox_portfolio_id: 13\n  asana_team_id: 14\n"
        ),
        (
            "Name: Web\nAsanaBacklogId: 11\nAsanaSprintPortfolioId: 12\n"
            "AsanaSandboxPortfolioId: 13\nAsanaTeamId: 14\n"
        ),
        (
            "{name: Web, AsanaBacklogId: 11, asana_sprint_portfolio_id: 12,"
            " AsanaSandboxPortfolioId: 13, AsanaTeamId: 14}"
        ),
        (
            "teams:\n- Name: Web\n  AsanaBacklogId: 11\n  AsanaSprintPortfolioId: 12\n"
            "  AsanaSandboxPortfolioId: 13\n  AsanaTeamId: 14\n"
        ),
    ],
)
def test_shapes(text: str) -> None:
    """A list of teams, one team and a mapping with teams say the same, in both spellings of the keys."""
    teams = Teams.parse(text)

    assert teams.teams == (Team("Web", *IDS),)
    assert teams.default is None


@pytest.mark.parametrize(
    "entities",
    [
        "Entities: [ Matchers: [a], Matchers: [b:c, d] ]",
        "Entities: [\n  # a comment\n  Matchers: [a], # another\n  {matchers: [b:c, d], Priority: 0},\n  ]",
        "entities:\n  - Matchers: [a]\n  - matchers:\n    - b:c\n    - 'd'\n    priority: 0",
    ],
)
def test_entities(entities: str) -> None:
    """Rules are one-key mappings in a flow list, or mappings in any other style of YAML."""
    teams = Teams.parse(f"- Name: Web\n  {entities}\n")

    assert [match.rule for match in teams.matches({"a": "", "b": "c", "d": ""})] == [
        Rule.parse("[b:c, d]"),
        Rule.parse("[a]"),
    ]


@pytest.mark.parametrize("value", ["", "null", "~"])
def test_blank(value: str) -> None:
    """A key with nothing behind its colon, or null, is left out, wherever it may be."""
    teams = Teams.parse(
        f"version: {value}\ndefault: {value}\naliases: {value}\nignore: {value}\n"
        f"teams:\n- Name: A\n  AsanaBacklogId: {value}\n  AsanaSprintPortfolioId: {value}\n"
        f"  AsanaSandboxPortfolioId: {value}\n  AsanaTeamId: {value}\n  Entities:\n"
        f"  - Matchers: [a]\n    Priority: {value}\n- Name: B\n  Entities: {value}\n"
    )

    assert (teams.teams, teams.default) == ((Team("A"), Team("B")), None)
    match = teams.match({"a": ""})
    assert match is not None
    assert match.rule == Rule.parse("[a]")
    assert Teams.parse(f"aliases: {{prefixes: {value}}}\nteams: [{{Name: A}}]").teams == (Team("A"),)


def test_empty_id() -> None:
    """An id that is an empty text is missing."""
    assert Teams.parse("{Name: A, AsanaBacklogId: '', AsanaTeamId: \"\"}").teams == (Team("A"),)


@pytest.mark.parametrize("value", ["", "null", "~", "[]"])
def test_left_out(value: str) -> None:
    """Only a Name is required: ids and lists may be missing, empty or null."""
    text = f"teams: [{{Name: Web, Entities: {value}, AsanaTeamId: null}}]\nignore: {value}\n"

    assert Teams.parse(text).teams == (Team("Web"),)


def test_settings() -> None:
    """A whole file has a version, a default, aliases, rules to ignore and teams."""
    teams = Teams.parse(
        "version: 1\ndefault: B\naliases: {prefixes: [zap_]}\n"
        "ignore: [{Matchers: [a], Reason: why}]\nteams: [{Name: A}, {Name: B}]\n"
    )

    assert teams.default == Team("B")
    assert teams.teams == (Team("A"), Team("B"))
    assert teams.route({"zap_a": ""}).reason == "why"


def test_default_argument() -> None:
    """A default that the caller names goes before the file's."""
    assert Teams.parse("- Name: A\n- Name: B", default="B").default == Team("B")
    assert Teams.parse("default: A\nteams: [{Name: A}, {Name: B}]", default="B").default == Team("B")


@pytest.mark.parametrize(("text", "expected"), [
    # the file as a whole
    ("", ["t:1:1: the file is empty"]),
    ("# nothing\n", ["t:1:1: the file is empty"]),
    ("[]", ["t:1:1: no teams (declare at least one: - Name: ...)"]),
    ("teams:\n", ["t:1:1: no teams (declare at least one: - Name: ...)"]),
    ("teams: []", ["t:1:8: no teams (declare at least one: - Name: ...)"]),
    ("version: 1", ["t:1:1: no teams (add teams: and a list of them)"]),
    ("text", ["t:1:1: the value of teams is not a list (begin each entry with '- ', or write [...])"]),
    ("teams: x", ["t:1:8: the value of teams is not a list (begin each entry with '- ', or write [...])"]),
    ("- x", ["t:1:3: a team is not a mapping (write - Name: ...)"]),
    ("version: 2\nteams: [{Name: A}]", ["t:1:10: unknown version of the format (write version: 1)"]),
    ("Teams: [{Name: A}]", ["t:1:1: unknown key 'Teams' (did you mean 'teams'?)",
                            "t:1:1: no teams (add teams: and a list of them)"]),
    ("defalt: A\nteams: [{Name: A}]", ["t:1:1: unknown key 'defalt' (did you mean 'default'?)"]),
    ("default: Chekout\nteams: [{Name: Checkout}]",
     ["t:1:10: default 'Chekout' names no team (did you mean 'Checkout'?)"]),
    ("default: [A]\nteams: [{Name: A}]", ["t:1:10: default '' names no team (known: 'A')"]),
    ("default: ''\nteams: [{Name: A}]", ["t:1:10: default '' names no team (known: 'A')"]),
    ("default: A\nteams: []", ["t:1:10: default 'A' names no team",
                              "t:2:8: no teams (declare at least one: - Name: ...)"]),
    ("aliases: x\nteams: [{Name: A}]",
     ['t:1:10: aliases is not a mapping (write aliases: {prefixes: ["zap_"]})']),
    ("aliases: {prefix: [a]}\nteams: [{Name: A}]",
     ["t:1:11: unknown key 'prefix' (did you mean 'prefixes'?)"]),
    ("aliases: {prefixes: [a b, '', c]}\nteams: [{Name: A}]",
     ['t:1:22: a prefix is not one or more of A-Z a-z 0-9 _ . - (such as "zap_")',
      't:1:27: a prefix is not one or more of A-Z a-z 0-9 _ . - (such as "zap_")']),
    ("aliases: {prefixes: a}\nteams: [{Name: A}]",
     ["t:1:21: prefixes is not a list (begin each entry with '- ', or write [...])"]),
    # teams
    ("- Entities: []", ["t:1:3: a team without a Name (add Name: ...)"]),
    ("- Name: A\n- name: A\n", ["t:2:9: a second team of the name 'A' (merge the two, or rename one)"]),
    ("- Name: A\n  name: B\n", ["t:2:3: duplicate key 'name' (Name on line 1 is the same)"]),
    ("- Name: A\n  Name: B\n", ["t:2:3: duplicate key 'Name' (first given on line 1)"]),
    ("- Name: A\n  Entites: []\n", ["t:2:3: unknown key 'Entites' (did you mean 'Entities'?)"]),
    ("- Name: A\n  ASANATEAMID: 1\n", ["t:2:3: unknown key 'ASANATEAMID' (did you mean 'AsanaTeamId'?)"]),
    ("- Name: A\n  owner: x\n",
     [("t:2:3: unknown key 'owner' (known: 'Name', 'AsanaBacklogId', 'AsanaSprintPortfolioId', "
      "'AsanaSandboxPortfolioId', 'AsanaTeamId', 'Entities')")]),
    ("- Name: on", ["t:1:9: Name 'on' is a boolean to YAML (quote it: \"on\")"]),
    ("- Name: 2024-05-06", ["t:1:9: Name '2024-05-06' is a date to YAML (quote it: \"2024-05-06\")"]),
    ("- Name: 0x1F", ["t:1:9: Name '0x1F' is a number to YAML (quote it: \"0x1F\")"]),
    ("- Name: null", ["t:1:9: Name 'null' is null to YAML (quote it: \"null\")"]),
    ("- Name:\n", ["t:1:3: empty Name (write a text)"]),
    ("- Name: ''\n", ["t:1:9: empty Name (write a text)"]),
    ("- Name: [A]\n", ["t:1:9: Name is not text (write it on one line, between quotes)"]),
    ("- Name: A\n  AsanaTeamId: 1.5\n",
     ["t:2:16: AsanaTeamId '1.5' is a number to YAML (quote it: \"1.5\")"]),
    ("- Name: A\n  asana_team_id: yes\n",
     ["t:2:18: asana_team_id 'yes' is a boolean to YAML (quote it: \"yes\")"]),
    ("- Name: A\n  AsanaTeamId: [1]\n",
     ["t:2:16: AsanaTeamId is not an id (write digits, or leave the key out)"]),
    # rules
    ("- Name: A\n  Entities: x\n",
     ["t:2:13: Entities is not a list (begin each entry with '- ', or write [...])"]),
    ("- Name: A\n  Entities: {Matchers: [a]}\n",
     ["t:2:13: Entities is not a list (begin each entry with '- ', or write [...])"]),
    ("- Name: A\n  Entities: [a]\n", ["t:2:14: a rule is not a mapping (write Matchers: [key:value])"]),
    ("- Name: A\n  Entities: [{Priority: 1}]\n",
     ["t:2:14: a rule without Matchers (write Matchers: [key:value])"]),
    ("- Name: A\n  Entities: [{Matchers: [a], Reason: b}]\n",
     ["t:2:30: unknown key 'Reason' (known: 'Matchers', 'Priority')"]),
    ("- Name: A\n  Entities: [Matchers: []]\n",
     ["t:2:24: empty Matchers would match everything (write at least one term: [key:value])"]),
    ("- Name: A\n  Entities:\n  - Matchers:\n",
     ["t:3:5: empty Matchers would match everything (write at least one term: [key:value])"]),
    ("- Name: A\n  Entities: [Matchers: a]\n", ["t:2:24: Matchers is not a list (write [key:value])"]),
    ("- Name: A\n  Entities: [{Matchers: [a], Priority: high}]\n",
     ["t:2:40: Priority is not a whole number of at most 9 digits (write one such as 5 or -1)"]),
    ("- Name: A\n  Entities: [{Matchers: [a], Priority: 1234567890}]\n",
     ["t:2:40: Priority is not a whole number of at most 9 digits (write one such as 5 or -1)"]),
    ("- Name: A\n  Entities: [{Matchers: [a], Priority: 1.5}]\n",
     ["t:2:40: Priority is not a whole number of at most 9 digits (write one such as 5 or -1)"]),
    # ignored events
    ("ignore: x\nteams: [{Name: A}]",
     ["t:1:9: ignore is not a list (begin each entry with '- ', or write [...])"]),
    ("ignore: [{Matchers: [a]}]\nteams: [{Name: A}]",
     ["t:1:10: an ignore rule without a Reason (add Reason: ...)"]),
    ("ignore: [{Matchers: [a], Reason: off}]\nteams: [{Name: A}]",
     ["t:1:34: Reason 'off' is a boolean to YAML (quote it: \"off\")"]),
    ("ignore: [{Matchers: [a], Reason: b, Priority: 1}]\nteams: [{Name: A}]",
     ["t:1:37: unknown key 'Priority' (known: 'Matchers', 'Reason')"]),
    ("ignore: [Reason: b]\nteams: [{Name: A}]",
     ["t:1:10: a rule without Matchers (write Matchers: [key:value])"]),
])  # fmt: skip
def test_errors(text: str, expected: list[str]) -> None:
    """Each thing that can be wrong is named, with its place and what to write instead."""
    assert problems(text) == expected


@pytest.mark.parametrize(("term", "expected"), [
    ("''", "14: empty term (write key, key:value or key:/regex/)"),
    ("'!'", "14: a lone '!' (write the key of a tag behind it)"),
    ("':v'", "14: a term has no key (write key, key:value or key:/regex/)"),
    ("'k:'", "14: term 'k:' has no value (write k for any value, k:\"\" for an empty one)"),
    ("k://", "14: an empty regex (write the key alone for any value)"),
    ("k:/a(/", "14: regex 'a(' does not compile (missing ), unterminated subpattern at position 1)"),
    ("a b:v", "14: key 'a b' has other characters than letters, digits and _.-/ (rename it)"),
    ("b/", "14: key 'b/' has a '/' at an end (write key:/regex/, between quotes)"),
    ("no", "14: term 'no' is a boolean to YAML (quote it: \"no\")"),
    ("1:30", "14: term '1:30' is a number to YAML (quote it: \"1:30\")"),
    ("010", "14: term '010' is a number to YAML (quote it: \"010\")"),
    ("~", "14: term '~' is null to YAML (quote it: \"~\")"),
    ("k: v", "14: a term is not text (leave no space behind the ':', or put the term between quotes)"),
    ("[k]", "14: a term is not text (leave no space behind the ':', or put the term between quotes)"),
    ("!k:v,", "14: a '!' without quotes is a YAML tag (put text that begins with '!' between quotes)"),
    ("k:,", "15: not valid YAML: unexpected ':' (put text that holds it between quotes)"),
    ("k:/a{2}/", "18: not valid YAML: unexpected '{' (put text that holds it between quotes)"),
    ('"k:/\\d/"', ("18: not valid YAML: unknown escape "
                  "(between double quotes write \\\\ for \\, or use single quotes)")),
    ("k:/a,b/", "14: YAML splits 'k:/a,b/' at the comma (quote it: \"k:/a,b/\")"),
    ("k:/a, b/", "14: YAML splits 'k:/a, b/' at the comma (quote it: \"k:/a, b/\")"),
    ("k:/a,   b,c/", "14: YAML splits 'k:/a,   b,c/' at the comma (quote it: \"k:/a,   b,c/\")"),
    ("k:/a,\n b/", "14: YAML splits 'k:/a, b/' at the comma (quote it: \"k:/a, b/\")"),
    ('k:"a,b:c"', "14: YAML splits 'k:\"a,b:c\"' at the comma (quote it: \"k:\\\"a,b:c\\\"\")"),
    ('k:"a, b:c"', "14: YAML splits 'k:\"a, b:c\"' at the comma (quote it: \"k:\\\"a, b:c\\\"\")"),
    ('k:"a, x:"b"', "14: term 'k:\"a' does not end its quoted value (quote it: \"k:\\\"a\")"),
    ('k:"a, c', "14: term 'k:\"a' does not end its quoted value (quote it: \"k:\\\"a\")"),
    ('k:"', "14: term 'k:\"' does not end its quoted value (quote it: \"k:\\\"\")"),
    ("k:/a,b,c:d/", "14: YAML splits 'k:/a,b,c:d/' at the comma (quote it: \"k:/a,b,c:d/\")"),
    ("k:/,b/", "14: YAML splits 'k:/,b/' at the comma (quote it: \"k:/,b/\")"),
])  # fmt: skip
def test_term_errors(term: str, expected: str) -> None:
    """A term that is wrong is named where it stands."""
    found = problems(f"- Name: A\n  Entities: [Matchers:\n            [{term}]]\n")

    assert found[0] == f"t:3:{expected}"
    assert all("tag" in problem or "empty term" in problem for problem in found[1:])


@pytest.mark.parametrize(
    "matchers",
    [
        '["k:/a,b/"]',
        "[path:/api, dir:/x/]",
        "[path:/api, dir:x/]",
        "[path:/api, 'b:c/']",
        "[path:/api, other]",
        """['k:"a', 'b:c"']""",
        '[k:a"b, c:d"]',
        '[k:"a", c:d"]',
    ],
)
def test_not_split(matchers: str) -> None:
    """Terms that only look like pieces of a regex load as they are."""
    Teams.parse(f"- Name: A\n  Entities: [Matchers: {matchers}]\n")


def test_block_list_is_not_split() -> None:
    """Lines of a block list are never pieces of one regex or quoted value."""
    assert problems('- Name: A\n  Entities:\n  - Matchers:\n    - k:"a,b"\n    - k:"a\n    - b:c"\n') == [
        't:5:7: term \'k:"a\' does not end its quoted value (quote it: "k:\\"a")'
    ]
    assert problems("- Name: A\n  Entities:\n  - Matchers:\n    - k:/a\n    - b/\n") == [
        "t:5:7: key 'b/' has a '/' at an end (write key:/regex/, between quotes)"
    ]


def test_default_argument_unknown() -> None:
    """A default that the caller names wrongly is a problem of the file as a whole, beside the others."""
    assert problems("- Name: Alpha\n- Nome: B", default="Alpa") == [
        "t:0:0: default 'Alpa' names no team (did you mean 'Alpha'?)",
        "t:2:3: unknown key 'Nome' (did you mean 'Name'?)",
        "t:2:3: a team without a Name (add Name: ...)",
    ]


def test_all_at_once() -> None:
    """A file with many problems shows them all, in the order of the file."""
    text = (DATA / "broken.yaml").read_text()

    assert problems(text, default="Nobody") == (DATA / "broken.txt").read_text().splitlines()


def test_many_problems() -> None:
    """After a thousand problems the rest of a file is not checked."""
    found = problems("- Name: A\n  Entities: [Matchers: [" + "'!', " * 5000 + "]]\n")

    assert len(found) == 1001
    assert found[-1].endswith("more than 1000 problems (the rest was not checked)")


def test_unreadable(tmp_path: Path) -> None:
    """A file that cannot be read is a problem of the file as a whole."""
    for path in (tmp_path / "missing.yaml", tmp_path, tmp_path / "nul\0byte"):
        with pytest.raises(TeamsFileError) as caught:
            Teams.load(path)
        (problem,) = caught.value.problems
        assert (problem.source, problem.line, problem.column) == (str(path), 0, 0)
        assert problem.message.startswith("cannot be read: ")


def test_load(tmp_path: Path) -> None:
    """A file loads by its path, as text or as a path object, with or without a byte order mark."""
    path = tmp_path / "teams.yaml"
    path.write_bytes(b"\xef\xbb\xbf- Name: \xc3\x9cber\r\n  Entities: [Matchers: [a]]\r\n")

    for form in (path, str(path)):
        match = Teams.load(form, default="Über").match({"a": "b"})
        assert match is not None
        assert match.location == f"{path}:2:14"


def test_ids_are_text() -> None:
    """Ids are taken as written, so that leading zeros and long numbers survive."""
    (team,) = Teams.parse("{Name: A, AsanaBacklogId: 0012, AsanaTeamId: 99999999999999999999, "
                          "AsanaSprintPortfolioId: 'x y'}").teams  # fmt: skip

    assert (team.asana_backlog_id, team.asana_team_id) == ("0012", "99999999999999999999")
    assert team.asana_sprint_portfolio_id == "x y"


@given(declarations)
def test_generated(declaration: Declaration) -> None:
    """A generated file has the teams that it was generated from."""
    teams = Teams.parse(declaration.text())

    assert [team.name for team in teams.teams] == [f"Team {team}" for team in range(declaration.teams)]
    assert teams.default == teams.teams[declaration.default]


def harmless(text: str | bytes) -> None:
    """Load a text: it loads, or it is refused with places."""
    found: tuple[Problem, ...] = (Problem("", 1, 1, "none"),)
    try:
        Teams.parse(text)
    except TeamsFileError as error:
        found = error.problems
    assert found
    for problem in found:
        assert "\n" not in str(problem)
        assert (problem.line > 0) is (problem.column > 0)


@given(st.one_of(st.binary(max_size=200), st.text(max_size=200)))
def test_any_bytes(text: str | bytes) -> None:
    """Whatever the bytes are, loading ends in teams or in a TeamsFileError."""
    harmless(text)


@settings(max_examples=300)
@given(mutated(declarations.map(Declaration.text)))
def test_mutations(text: str) -> None:
    """A valid file with a few wrong characters loads or is refused."""
    harmless(text)
    harmless(text.encode("utf-8"))
