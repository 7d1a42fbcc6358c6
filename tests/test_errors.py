"""The exceptions: their tree, texts and pickles, and the page about them."""

import copy
import pickle
import re
from pathlib import Path

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentry_governed import errors
from sentry_governed._approval_request import ApprovalRequest
from sentry_governed.errors import (
    ApiError,
    ApprovalRequired,
    FileError,
    Problem,
    SentryGovernedError,
    TransportError,
)

PAGE = (Path(__file__).parent.parent / "docs" / "errors.md").read_text()
CLASSES = {
    name: value
    for name, value in vars(errors).items()
    if isinstance(value, type) and issubclass(value, BaseException)
}
REQUEST = ApprovalRequest(
    action="issues.resolve",
    org="my-org",
    projects=("web",),
    resource="123",
    method="PUT",
    template="/organizations/{org}/issues/{issue}/",
    params=(("org", "my-org"), ("issue", "123")),
    body='{"status":"resolved"}',
    policy_digest="sha256:0",
    created_at=1700000000.0,
)
PROBLEM = Problem("teams.yaml", 3, 7, "unknown key 'Nmae'", "did you mean 'Name'?")


def drawn_tree(text: str) -> dict[str, str]:
    """Each class of a drawn tree and the one it hangs on."""
    block = text.partition("```")[2].partition("```")[0]
    parents: dict[str, str] = {}
    branch: list[str] = []
    for line in block.splitlines():
        if found := re.match(r"([ │├└─]*)([A-Z]\w+)", line):
            depth = len(found[1]) // 4
            branch[depth:] = [found[2]]
            parents[found[2]] = branch[depth - 1] if depth else "Exception"
    return parents


def real_tree() -> dict[str, str]:
    """Each class and its base."""
    return {name: value.__bases__[0].__name__ for name, value in CLASSES.items()}


def example(cls: type[BaseException]) -> BaseException:
    """An instance with every value set."""
    if issubclass(cls, ApiError):
        return cls("PUT", "/organizations/{org}/", 403, "no permission", "request-1", 2.5)
    if issubclass(cls, TransportError):
        return cls("PUT", "/organizations/{org}/", "connection reset")
    if issubclass(cls, FileError):
        return cls((PROBLEM, attrs.evolve(PROBLEM, line=4)))
    if issubclass(cls, ApprovalRequired):
        return cls(REQUEST)
    return cls("what is wrong with 'it'")


@pytest.mark.parametrize("text", [errors.__doc__ or "", PAGE], ids=["module", "page"])
def test_tree(text: str) -> None:
    """The tree is drawn as it is, in the module and on the page."""
    assert drawn_tree(text) == real_tree()


def test_roots() -> None:
    """Whatever is raised on purpose is caught by the root, and only the root is a plain exception."""
    assert all(issubclass(value, SentryGovernedError) for value in CLASSES.values())


def test_page() -> None:
    """The page explains each exception once, and names no other."""
    explained = re.findall(r"^\| `(\w+)` \| [^|]+ \| [^|]+ \|$", PAGE, re.MULTILINE)
    named = set(re.findall(r"`([A-Z]\w+)`", PAGE)) - {"Problem"}

    assert sorted(explained) == sorted(CLASSES)
    assert named == set(CLASSES)


@pytest.mark.parametrize("value", CLASSES.values(), ids=CLASSES)
@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_pickle(value: type[BaseException], protocol: int) -> None:
    """A pickled exception comes back with its class, text and every attribute."""
    error = example(value)

    back = pickle.loads(pickle.dumps(error, protocol))

    assert type(back) is value
    assert (str(back), back.args, vars(back)) == (str(error), error.args, vars(error))


@pytest.mark.parametrize("value", CLASSES.values(), ids=CLASSES)
def test_copy(value: type[BaseException]) -> None:
    """A deep copy says the same."""
    error = example(value)

    assert str(copy.deepcopy(error)) == str(error)


@pytest.mark.parametrize("value", CLASSES.values(), ids=CLASSES)
def test_lines(value: type[BaseException]) -> None:
    """A message is one line; an error about a file has one for each problem."""
    error = example(value)

    expected = len(error.problems) if isinstance(error, FileError) else 1
    assert len(str(error).splitlines()) == expected


def test_transport_text() -> None:
    """A transport error names the method, the template and the reason."""
    assert str(example(errors.NotSent)) == "PUT /organizations/{org}/: connection reset"


def test_api_text() -> None:
    """A refusal by a service names the method, the template, the status and the service's words."""
    assert str(example(errors.NoAccess)) == "PUT /organizations/{org}/: 403 no permission"
    assert str(errors.NotFound("GET", "/x/", 404, "")) == "GET /x/: 404"


def test_file_text() -> None:
    """An error about a file is the lines of its problems, in order."""
    assert str(example(errors.TeamsFileError)) == (
        "teams.yaml:3:7: unknown key 'Nmae' (did you mean 'Name'?)\n"
        "teams.yaml:4:7: unknown key 'Nmae' (did you mean 'Name'?)"
    )


def test_problem_without_hint() -> None:
    """A problem without a hint has no brackets."""
    assert str(Problem("<string>", 0, 0, "the file is empty")) == "<string>:0:0: the file is empty"


@given(st.text(), st.integers(min_value=0), st.integers(min_value=0), st.text(), st.text())
def test_problem(source: str, line: int, column: int, message: str, hint: str) -> None:
    """A problem's text begins with where it is, as editors and terminals read it."""
    text = str(Problem(source, line, column, message, hint))

    assert text.startswith(f"{source}:{line}:{column}: {message}")
    assert hint in text


def test_problem_is_frozen() -> None:
    """A problem is a value."""
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        PROBLEM.line = 5  # type: ignore[misc]  # what is refused
