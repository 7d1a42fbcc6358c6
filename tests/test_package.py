"""The package as a whole: its face, and what importing it costs."""

import subprocess
import sys

import pytest

import sentry_governed as sg


def python(code: str) -> str:
    """What a fresh interpreter prints when it runs the code."""
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    ).stdout


def test_names_are_sorted() -> None:
    """`__all__` is sorted and names nothing twice."""
    assert list(dict.fromkeys(sorted(sg.__all__))) == sg.__all__


@pytest.mark.parametrize("name", sg.__all__)
def test_names_exist(name: str) -> None:
    """Every name in `__all__` can be had, and knows itself by that name or is an alias in `typing`."""
    assert getattr(getattr(sg, name), "__name__", name) == name


def test_typing_names_match() -> None:
    """Type checkers are shown exactly the names that exist at run time."""
    import ast
    from pathlib import Path

    tree = ast.parse(Path(sg.__file__).read_text())
    shown = [
        alias.asname for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for alias in node.names
    ]

    assert sorted(name for name in shown if name) == sg.__all__


def test_rooms_agree() -> None:
    """What the face shows of a room is public there too."""
    from importlib import import_module

    for home, names in sg._HOMES.items():
        module = import_module(f"sentry_governed.{home}")

        assert set(names.split()) <= set(getattr(module, "__all__", sg.__all__))


def test_unknown_name() -> None:
    """A name that does not exist is an AttributeError, as with any module."""
    with pytest.raises(AttributeError, match="has no attribute 'Nope'"):
        _ = sg.Nope


def test_dir_and_version() -> None:
    """`dir` lists the names without loading them, and the version is the installed one."""
    from importlib.metadata import version

    assert set(sg.__all__) < set(dir(sg))
    assert sg.__version__ == version("sentry-governed")


def test_import_is_light() -> None:
    """Importing the package loads nothing but itself: no dependency, no typing, no asyncio."""
    loaded = python(
        "import sys; old = set(sys.modules); import sentry_governed; print(sorted(set(sys.modules) - old))"
    )

    assert loaded.strip() == "['sentry_governed', 'sentry_governed._lazy']"


@pytest.mark.parametrize(
    ("use", "absent"),
    [
        ("Teams.parse('- Name: a').teams", ("httpx", "cattrs", "asyncio", "ssl", "tenacity")),
        ("TaskBuilder", ("httpx", "yaml", "asyncio", "ssl", "tenacity")),
        ("Settings.parse('{}')", ("httpx", "cattrs", "asyncio", "ssl", "tenacity")),
        ("SentryConfig(token=sg.Secret('x'))", ("httpx", "yaml", "asyncio", "ssl", "tenacity")),
        ("parse_alert", ("httpx", "yaml", "asyncio", "ssl", "tenacity")),
        ("Outcome", ("httpx", "yaml", "cattrs", "asyncio", "ssl", "tenacity")),
        ("AllowAll()", ("httpx", "yaml", "cattrs", "asyncio", "ssl", "tenacity")),
    ],
)
def test_layers_are_light(use: str, absent: tuple[str, ...]) -> None:
    """A layer does not pay for its neighbours."""
    loaded = python(
        f"import sys, sentry_governed as sg; sg.{use}; print(*(m for m in {absent} if m in sys.modules))"
    )

    assert loaded.strip() == ""


@pytest.mark.parametrize("missing", ["click", "rich"])
def test_missing_extra(missing: str) -> None:
    """Without its extra the command says which pip command is missing, and fails as a wrong call does."""
    run = subprocess.run(
        [
            sys.executable,
            "-c",
            f"import sys; sys.modules[{missing!r}] = None; from sentry_governed.cli import main; main()",
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert run.returncode == 2
    assert run.stderr == "the command line needs an extra: pip install 'sentry-governed[cli]'\n"
