"""Files of cases: what they may say, and everything that is wrong with one at once."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sentry_governed.alerts import Alert, Ignored
from sentry_governed.asana import Priority
from sentry_governed.errors import CasesFileError, ConfigError
from sentry_governed.teams import Rule
from sentry_governed.testing import Case, load_cases
from tests.teams.strategies import mutated

ROOT = Path(__file__).parent.parent.parent
ALERTS = ROOT / "examples" / "alerts"
EXAMPLE = (ROOT / "examples" / "cases.yaml").read_text().replace("payload: ", f"payload: {ROOT}/examples/")


def cases(tmp_path: Path, text: str) -> tuple[Case, ...]:
    """What a file of this text holds."""
    (tmp_path / "cases.yaml").write_text(text)
    return load_cases(tmp_path / "cases.yaml")


def problems(tmp_path: Path, text: str) -> list[tuple[int, int, str]]:
    """What is wrong with a file of this text."""
    with pytest.raises(CasesFileError) as caught:
        cases(tmp_path, text)
    assert {problem.source for problem in caught.value.problems} == {str(tmp_path / "cases.yaml")}
    return [(each.line, each.column, str(each).partition(": ")[2]) for each in caught.value.problems]


def test_whole(tmp_path: Path) -> None:
    """Every key of a case is read as its type."""
    (case,) = cases(
        tmp_path,
        """
        - name: all
          tags: {a: on, b: [1, ""], c: "x"}
          team: Web
          rule: [a:on, '!b']
          default: false
          ignored: no task
          placement: [sprint portfolio, [sandbox portfolio, "42"]]
          priority: low
        """,
    )

    assert case == Case(
        "all",
        tags={"a": ("on",), "b": ("1", ""), "c": ("x",)},
        team="Web",
        rule=Rule.parse("[a:on, '!b']"),
        default=False,
        ignored="no task",
        placement=(("sprint portfolio",), ("sandbox portfolio", "42")),
        priority=Priority.LOW,
    )
    assert case.location == f"{tmp_path / 'cases.yaml'}:2:11"
    assert str(case) == "all"


def test_payload(tmp_path: Path) -> None:
    """A payload is found in the file's folder, and headers say what it is."""
    for name in ("event_alert.json", "event_alert.headers.json"):
        (tmp_path / name).write_bytes((ALERTS / name).read_bytes())
    (tmp_path / "comment.headers.json").write_text('{"Sentry-Hook-Resource": "comment"}')
    (tmp_path / "comment.json").write_text('{"action": "created", "data": {}}')

    with_headers, without, comment = cases(
        tmp_path,
        "- {name: a, payload: event_alert.json, headers: event_alert.headers.json, team: Web}\n"
        "- {name: b, payload: event_alert.json, team: Web}\n"
        "- {name: c, payload: comment.json, headers: comment.headers.json, ignored: true}\n",
    )

    assert isinstance(with_headers.alert, Alert)
    assert with_headers.alert == without.alert
    assert isinstance(comment.alert, Ignored)


def test_several_problems(tmp_path: Path) -> None:
    """All problems come at once, each with its place."""
    (tmp_path / "bad.json").write_text("{}")
    (tmp_path / "list.json").write_text("[]")
    found = problems(
        tmp_path,
        """\
- name: a
  tags: {a: b}
- name: a
  tags: {a: , b: {c: d}}
  teem: Web
- tags: {a: b}
  team: Web
- {name: c, tags: {}, payload: bad.json, team: Web}
- {name: d, payload: gone.json, team: Web}
- {name: e, payload: bad.json, headers: list.json, team: Web}
- {name: f, tags: {}, headers: list.json, team: Web}
- {name: g, tags: {}, priority: urgent, default: maybe, rule: here, placement: []}
- {name: i, tags: {}, rule: "[]", placement: [[]]}
- {name: h, tags: {}, rule: ["k:/(/", ""]}
- text
""",
    )

    assert [(line, column) for line, column, _ in found] == [
        (1, 3),
        (3, 9),
        (4, 10),
        (4, 18),
        (5, 3),
        (6, 3),
        (8, 32),
        (9, 22),
        (10, 41),
        (11, 32),
        *[(12, 33), (12, 50), (12, 63), (12, 80)],
        *[(13, 29), (13, 46)],
        *[(14, 30), (14, 39)],
        (15, 3),
    ]
    texts = "\n".join(text for *_, text in found)
    for said in (
        "case 'a' expects nothing",
        "a second case of the name 'a'",
        "did you mean 'team'?",
        "this has no name",
        "'gone.json' cannot be read: no such file or directory",
        "'list.json': this is not one JSON object",
        "headers without a payload",
        "'urgent' is not known here",
        "rule 'here' is neither [terms] nor a place",
        "placement is empty",
    ):
        assert said in texts


@pytest.mark.parametrize("text", ["[]", "{}", "name: a", "''"])
def test_no_cases(tmp_path: Path, text: str) -> None:
    """A file that tests nothing is refused."""
    assert len(problems(tmp_path, text)) == 1


def test_missing_file(tmp_path: Path) -> None:
    """A file that cannot be read is a problem of the file."""
    with pytest.raises(CasesFileError, match=r"cases\.yaml:0:0: cannot be read: no such file"):
        load_cases(tmp_path / "cases.yaml")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"tags": {}}, "expects nothing"),
        ({"team": "Web"}, "either tags or a payload"),
        ({"tags": {}, "alert": Ignored("x", "sentry", "y"), "team": "Web"}, "either tags or a payload"),
        ({"tags": "a:b", "team": "Web"}, "tags is a mapping, not str"),
        ({"tags": {}, "rule": "somewhere"}, "neither"),
        ({"tags": {}, "rule": "teams.yaml:7"}, "neither"),
        ({"tags": {}, "rule": "0"}, "neither"),
        ({"tags": {}, "rule": "[k:/(/]"}, "rule '[k:/(/]': "),
        ({"tags": {}, "priority": "urgent"}, "priority is high, medium, low, not 'urgent'"),
        ({"tags": {}, "placement": ()}, "placement is empty"),
        ({"tags": {}, "placement": [()]}, "placement is empty"),
    ],
)
def test_refused(given: dict[str, object], said: str) -> None:
    """A case that asserts nothing, or nothing that could hold, cannot be made."""
    with pytest.raises(ConfigError) as caught:
        Case("a", **given)  # type: ignore[arg-type]  # wrong on purpose
    assert said in str(caught.value)


@given(text=mutated(st.just(EXAMPLE)))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text(tmp_path: Path, text: str) -> None:
    """Whatever a file holds, there are cases or problems."""
    (tmp_path / "cases.yaml").write_text(text, encoding="utf-8", errors="surrogateescape")
    found: tuple[object, ...] = ()
    try:
        found = load_cases(tmp_path / "cases.yaml")
    except CasesFileError as error:
        found = error.problems

    assert found


def test_frozen_tags() -> None:
    """Later changes to the tags that were given change nothing."""
    tags = {"a": "b"}
    case = Case("a", tags=tags, team="Web")
    tags["a"] = "c"

    assert case.tags == {"a": "b"}
