"""Hostile files, each loaded in a process of its own with limits on time and memory."""

import subprocess
import sys

import pytest

LOAD = """
import resource, sys
resource.setrlimit(resource.RLIMIT_AS, (1024 * 2**20, 1024 * 2**20))
import sentry_governed as sg
{bomb}
try:
    {load}
except sg.TeamsFileError as error:
    print(len(error.problems), error.problems[-1])
else:
    print("loaded")
"""


def outcome(bomb: str, load: str = "sg.Teams.parse(bomb)", seconds: int = 60) -> str:
    """What loading a file ends in; a crash or a broken limit fails the test."""
    code = LOAD.format(bomb=bomb, load=load)
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=seconds
    )
    assert run.returncode == 0, run.stderr[-2000:]
    return run.stdout.strip()


DEEP = "nested deeper than 20 levels (flatten it)"
ALIAS = "alias '*a' (write the value out again)"


@pytest.mark.parametrize(
    ("bomb", "expected"),
    [
        ("bomb = '[' * 100_000 + ']' * 100_000", f"1 <string>:1:21: {DEEP}"),
        ("bomb = '{a: ' * 100_000", f"1 <string>:1:81: {DEEP}"),
        ("bomb = '- ' * 100_000 + 'a'", f"1 <string>:1:41: {DEEP}"),
        ("bomb = '? ' * 100_000", f"1 <string>:1:41: {DEEP}"),
        ("bomb = ''.join(' ' * n + 'a:\\n' for n in range(3_000))", f"1 <string>:21:21: {DEEP}"),
        ("bomb = '- Name: a\\n  Entities: [{Matchers: [k:/' + '(' * 100_000 + '/]}]'",
         "1 <string>:2:26: term 'k' is longer than 4096 characters (shorten it)"),
        ("bomb = '- Name: a\\n  Entities: [{Matchers: [k:/' + '(' * 4_000 + '/]}]'",
         "1 <string>:2:26: regex '" + "(" * 77 + "...' does not compile "
         "(nested too deeply)"),
        ("bomb = 'a: &a [x]\\n' + ''.join(f'b{n}: &b{n} [' + '*a,' * 9 + ']\\n' for n in range(9))",
         f"81 <string>:10:34: {ALIAS}"),
        ("bomb = 'a: &a {k: v}\\n' + ''.join(f'b{n}: {{<<: [' + '*a,' * 9 + ']}\\n' for n in range(9))",
         f"81 <string>:10:35: {ALIAS}"),
        ("bomb = '- *a\\n' * 1_000_000",
         "1001 <string>:1000:3: more than 1000 problems (the rest was not read)"),
        ("bomb = '- a\\n' * (4 * 2**20)", "1 <string>:0:0: the file holds too many values (split it)"),
        ("bomb = 'a' * (16 * 2**20 + 1)", "1 <string>:0:0: the file is larger than 16 MiB (split it)"),
        ("bomb = b'\\xff' * (64 * 2**20)", "1 <string>:0:0: the file is larger than 16 MiB (split it)"),
        ("bomb = '- Name: a\\n  Entities: [{Matchers: [' + 'k:/a, ' * 200_000 + ']}]'", "loaded"),
        ("bomb = '{' + ''.join(f'k{n}: v, ' for n in range(200_000)) + '}'",
         "1001 <string>:1:8883: more than 1000 problems (the rest was not checked)"),
    ],
    ids=["sequences", "mappings", "dashes", "keys", "indents", "long regex", "deep regex", "aliases",
         "merges", "many aliases",
         "many values", "large text", "large bytes", "many openings", "many unknown keys"],
)  # fmt: skip
def test_bomb(bomb: str, expected: str) -> None:
    """A hostile file is refused within a minute and a gigabyte, and the process lives on."""
    assert outcome(bomb) == expected


@pytest.mark.parametrize("device", ["/dev/zero", "/dev/urandom"])
def test_endless_file(device: str) -> None:
    """No more of a file is read than it takes to see that it is too large."""
    assert outcome("", f"sg.Teams.load({device!r})") == (
        f"1 {device}:0:0: the file is larger than 16 MiB (split it)"
    )


def test_pure_loader() -> None:
    """The loader in pure Python stops at the same depth."""
    load = "sg.Rule.parse('[' * 100_000)"

    assert outcome("import yaml; yaml.__with_libyaml__ = False", load) == f"1 <string>:1:21: {DEEP}"
