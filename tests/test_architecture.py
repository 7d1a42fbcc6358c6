"""Who may import whom, and what stays pure: read from the source, not from what happens to run."""

import ast
from collections.abc import Iterator
from pathlib import Path

import attrs
import pytest

import sentry_governed

SOURCE = Path(sentry_governed.__file__).parent
MODULES = sorted(SOURCE.rglob("*.py"))

LEAVES = {
    "errors",
    "_lazy",
    "_secret",
    "_operation",
    "_actions",
    "_values",
    "_approval_request",
    "_decision",
    "_grammar",
    "typing",
}
TOOLS = {"_yaml", "_convert", "_sqlite", "_http"}
LAYERS = {"sentry", "policy", "teams", "asana", "alerts"}
ROOF = {"settings", "cli", "testing"}
PUBLIC = {"errors", "typing"}

MAY_IMPORT: dict[str, set[str]] = {
    **dict.fromkeys(LEAVES, LEAVES),
    **dict.fromkeys(TOOLS, LEAVES | TOOLS),
    **{layer: LEAVES | TOOLS | {layer} for layer in LAYERS},
    "asana": LEAVES | TOOLS | {"asana", "alerts", "teams"},
    "routing": LEAVES | TOOLS | LAYERS | {"routing"},
    "secrets": LEAVES | TOOLS | {"secrets"},
    "adapters": LEAVES | TOOLS | LAYERS | {"routing", "secrets", "adapters"},
    **{room: LEAVES | TOOLS | LAYERS | ROOF | {"routing", "secrets", "adapters"} for room in ROOF},
}
THIRD_PARTY = {
    **{room: {"attrs"} for room in LEAVES},
    "_yaml": {"attrs", "yaml"},
    "_convert": {"attrs", "cattrs"},
    "_sqlite": {"attrs"},
    "_http": {"attrs", "httpx", "httpcore", "tenacity"},
    **{room: {"attrs"} for room in LAYERS | {"routing", "secrets", "settings"}},
    "adapters": {
        "attrs",
        "boto3",
        "botocore",
        "types_boto3_dynamodb",
        "types_boto3_sqs",
        "nats",
        "uvicorn",
        "prometheus_client",
    },
    "cli": {"attrs", "click", "rich"},
    "testing": {"attrs", "hypothesis"},
}
IMPURE = {
    "asyncio",
    "logging",
    "os",
    "random",
    "secrets",
    "socket",
    "subprocess",
    "tempfile",
    "threading",
    "time",
}
PURE = (
    "teams",
    "alerts",
    "asana",
    "_yaml",
    "_convert",
    "_actions",
    "_grammar",
    "_values",
    "_approval_request",
    "_decision",
    "_operation",
    "policy",
)
EDGES = {
    "alerts/_datadog_client.py",
    "teams/_load.py",
    "asana/_client.py",
    "asana/_pacing.py",
    "asana/_changes.py",
    "policy/_approvals.py",
    "policy/_approvals_spent.py",
    "policy/_audit.py",
    "policy/_audit_file.py",
    "policy/_audit_lock.py",
    "policy/_audit_verify.py",
    "policy/_guard.py",
}


@attrs.frozen
class Import:
    """One import statement's target, and where it stands."""

    module: str
    names: tuple[str, ...]
    line: int
    inside_function: bool


def imports(path: Path) -> Iterator[Import]:
    """Every import of a file, those inside functions and under TYPE_CHECKING too."""
    tree = ast.parse(path.read_text())
    inner = {
        id(node)
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for node in ast.walk(function)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(alias.name, (), node.lineno, id(node) in inner)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: imports are absolute"
            assert node.module is not None
            names = tuple(alias.name for alias in node.names)
            yield Import(node.module, names, node.lineno, id(node) in inner)


def part(path: Path) -> str:
    """The room of the house that a file is in."""
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


def rooms(found: Import) -> set[str]:
    """The rooms of the house that an import reaches into."""
    if found.module == "sentry_governed":
        return set(found.names)
    if found.module.startswith("sentry_governed."):
        return {found.module.split(".")[1]}
    return set()


HOUSE = [path for path in MODULES if path != SOURCE / "__init__.py"]


@pytest.mark.parametrize("path", HOUSE, ids=lambda path: str(path.relative_to(SOURCE)))
def test_arrows(path: Path) -> None:
    """A file imports only from the rooms that its own room may know."""
    allowed = MAY_IMPORT[part(path)]
    strangers = {
        f"{path.relative_to(SOURCE)}:{found.line} imports {room}"
        for found in imports(path)
        for room in rooms(found)
        if room not in allowed
    }

    assert strangers == set()


@pytest.mark.parametrize("path", HOUSE, ids=lambda path: str(path.relative_to(SOURCE)))
def test_third_parties(path: Path) -> None:
    """A third-party package is imported only in the rooms that stand on it."""
    import sys

    allowed = THIRD_PARTY.get(part(path), set())
    tops = {found.module.split(".")[0] for found in imports(path)}

    assert tops - set(sys.stdlib_module_names) - {"sentry_governed", "__future__"} <= allowed


@pytest.mark.parametrize(
    "path",
    [path for path in HOUSE if part(path) == "adapters"],
    ids=lambda path: str(path.relative_to(SOURCE)),
)
def test_extras_stay_optional(path: Path) -> None:
    """An adapter imports its extra where it is used, or for types alone."""
    tree = ast.parse(path.read_text())
    for_types = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    at_the_top = [
        node
        for node in tree.body
        if isinstance(node, ast.Import | ast.ImportFrom) and id(node) not in for_types
    ]
    tops = {
        name.split(".")[0]
        for node in at_the_top
        for name in (
            [node.module or ""] if isinstance(node, ast.ImportFrom) else [each.name for each in node.names]
        )
    }

    assert tops & (THIRD_PARTY["adapters"] - {"attrs"}) == set()


@pytest.mark.parametrize("package", ["httpx", "httpcore", "tenacity"])
def test_one_home(package: str) -> None:
    """Each network library is known to one module."""
    homes = {
        str(path.relative_to(SOURCE))
        for path in MODULES
        for found in imports(path)
        if found.module.split(".")[0] == package
    }

    assert len(homes) == 1


@pytest.mark.parametrize(
    "path",
    [path for path in HOUSE if part(path) in PURE and str(path.relative_to(SOURCE)) not in EDGES],
    ids=lambda path: str(path.relative_to(SOURCE)),
)
def test_purity(path: Path) -> None:
    """What parses, matches, decides or builds has no clock, environment, logging, I/O or await."""
    tree = ast.parse(path.read_text())
    calls = {
        node.func.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }
    awaits = [node for node in ast.walk(tree) if isinstance(node, ast.AsyncFunctionDef | ast.Await)]

    assert {found.module.split(".")[0] for found in imports(path)} & IMPURE == set()
    assert calls & {"open", "print", "input", "eval", "exec"} == set()
    assert awaits == []


def test_asana_reads_values_only() -> None:
    """Of alerts and teams the Asana layer knows the values Alert, Route and Team, and nothing that acts."""
    reached = {
        name
        for path in MODULES
        if part(path) == "asana"
        for found in imports(path)
        if rooms(found) & {"alerts", "teams"}
        for name in found.names
    }

    assert reached <= {"Alert", "Route", "Team"}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_sizes(path: Path) -> None:
    """No file is over 400 lines and no function over 50."""
    text = path.read_text()
    functions = (
        node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )

    assert len(text.splitlines()) <= 400
    for node in functions:
        assert node.end_lineno is not None
        assert node.end_lineno - node.lineno < 50, f"{node.name} at line {node.lineno}"
