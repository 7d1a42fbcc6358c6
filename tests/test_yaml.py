"""Strict YAML: nodes with places, problems with places, and two loaders that agree."""

from collections.abc import Callable
from typing import cast

import pytest
import yaml
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from sentry_governed._yaml import (
    MAX_BYTES,
    MAX_DEPTH,
    Fields,
    Items,
    Loader,
    Node,
    Scalar,
    best_loader,
    did_you_mean,
    double_quoted,
    mistaken_for,
    quoted,
    read,
)
from sentry_governed._yaml._pure import PureLoader
from tests.teams.strategies import Declaration, declarations, mutated

LOADERS: dict[str, Loader] = {"libyaml": cast("Loader", yaml.CSafeLoader), "pure": cast("Loader", PureLoader)}


def listed(text: str | bytes) -> list[str]:
    """The problems of a text, which both loaders agree on."""
    (node, problems), (other, others) = (read(text, "f", loader=loader) for loader in LOADERS.values())
    assert (node, problems) == (other, others)
    return [str(problem) for problem in problems]


@pytest.mark.parametrize("loader", LOADERS.values(), ids=LOADERS)
def test_nodes(loader: Loader) -> None:
    """A document becomes texts, sequences and mappings as written, with their places."""
    root, problems = read("a: 010\nb: ['no', x]\nc:\n- |\n  t\n", "f", loader=loader)

    assert problems == []
    assert root == Fields(
        (
            (Scalar("a", True, 1, 1), Scalar("010", True, 1, 4)),
            (
                Scalar("b", True, 2, 1),
                Items((Scalar("no", False, 2, 5), Scalar("x", True, 2, 11)), True, 2, 4),
            ),
            (Scalar("c", True, 3, 1), Items((Scalar("t\n", False, 4, 3),), False, 4, 1)),
        ),
        1,
        1,
    )


def test_best_loader() -> None:
    """The parser of libyaml reads where PyYAML has it."""
    assert best_loader() is LOADERS["libyaml"]


def test_without_libyaml(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where PyYAML was built without libyaml its own parser reads."""
    monkeypatch.setattr(yaml, "__with_libyaml__", False)

    assert best_loader() is LOADERS["pure"]
    assert read("a", "f") == (Scalar("a", True, 1, 1), [])


@pytest.mark.parametrize("text", ["a: b", b"a: b", "\ufeffa: b", b"\xef\xbb\xbfa: b\r\n"])
def test_inputs(text: str | bytes) -> None:
    """Text and UTF-8 bytes are read, with or without a byte order mark and a last line break."""
    assert listed(text) == []


def test_left_out() -> None:
    """A value that is left out is an empty plain text in the place of its key."""
    for text in ("k:", "{k: }", "{k}", "{k: , l: m}"):
        root, _ = read(text, "f")
        assert isinstance(root, Fields)
        key, value = root.entries[0]
        assert value == Scalar("", True, key.line, key.column)


def test_text_is_taken_as_written() -> None:
    """Nothing is resolved: not numbers, booleans, dates, nulls or merge keys."""
    root, problems = read("[1_000, yes, 2024-01-01, ~, 0o7, 1e3, 1:30]\n", "f")

    assert isinstance(root, Items)
    texts = [node.text for node in root.nodes if isinstance(node, Scalar)]
    assert texts == ["1_000", "yes", "2024-01-01", "~", "0o7", "1e3", "1:30"]
    assert problems == []


SYNTAX = "not valid YAML: "
QUOTE = "put text that holds it between quotes"
OPEN = "look for a bracket or quote that is not closed"
ESCAPE = "between double quotes write \\\\ for \\, or use single quotes"
TAG = "a '!' without quotes is a YAML tag (put text that begins with '!' between quotes)"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ["f:1:1: the file is empty"]),
        ("# only this\n", ["f:1:1: the file is empty"]),
        ("a: 1\na: 2\nb: {c: 1, 'c': 2}", ["f:2:1: duplicate key 'a' (first given on line 1)",
                                           "f:3:11: duplicate key 'c' (first given on line 3)"]),
        ("a: &x b\nc: *x\nd: *x", ["f:2:4: alias '*x' (write the value out again)",
                                   "f:3:4: alias '*x' (write the value out again)"]),
        ("*x : a", ["f:1:1: alias '*x' (write the value out again)"]),
        ("[!a b, !!str c, ! d]", [f"f:1:2: {TAG}", f"f:1:8: {TAG}", f"f:1:17: {TAG}"]),
        ("!!map {a: b}", [f"f:1:1: {TAG}"]),
        ("- !k:v\n- !<x> [a]", [f"f:1:3: {TAG}", f"f:2:3: {TAG}"]),
        ("[!k:v]", [f"f:1:2: {TAG}"]),
        ("[a]: b", ["f:1:1: a key is not text (put the key between quotes)"]),
        ("? {a: b}\n: c", ["f:1:3: a key is not text (put the key between quotes)"]),
        ("a\n---\nb", ["f:2:1: a second document begins here (keep one document per file)"]),
        ("%YAML 1.1\n---\na", ["f:1:1: a line begins with '%', a YAML directive (remove the line)"]),
        ("a\r%b", ["f:2:1: a line begins with '%', a YAML directive (remove the line)"]),
        (b"a\r\nb\xff", ["f:2:2: byte 0xff is not UTF-8 (save the file as UTF-8)"]),
        ("a: b".encode("utf-16"), ["f:1:1: byte 0xff is not UTF-8 (save the file as UTF-8)"]),
        ("a\n b\x00", [("f:2:3: character U+0000 cannot be used as it is "
                       "(remove it, or write it as an escape between double quotes)")]),
        ("\ud800", [("f:1:1: character U+D800 cannot be used as it is "
                    "(remove it, or write it as an escape between double quotes)")]),
        ("a\u2028b", [("f:1:2: character U+2028 cannot be used as it is "
                      "(remove it, or write it as an escape between double quotes)")]),
        ("[a, b", [f"f:2:1: {SYNTAX}the file ends too early ({OPEN})"]),
        ("a: 'b", [f"f:2:1: {SYNTAX}the file ends too early ({OPEN})"]),
        ("a: b: c", [f"f:1:5: {SYNTAX}unexpected ':' ({QUOTE})"]),
        ("- a: @b", [f"f:1:6: {SYNTAX}unexpected '@' ({QUOTE})"]),
        ("[k:]", [f"f:1:3: {SYNTAX}unexpected ':' ({QUOTE})"]),
        ("a:\n\tb: c", [f"f:2:1: {SYNTAX}a tab stands here (use spaces)"]),
        ("a: b\n c: d", [f"f:2:3: {SYNTAX}unexpected ':' ({QUOTE})"]),
        ("a: b\nc\nd: e",
         [f"f:3:1: {SYNTAX}unexpected text (look for wrong indentation, or a missing comma, quote or ':')"]),
        ('a: "\\d"', [f"f:1:5: {SYNTAX}unknown escape ({ESCAPE})"]),
        ('["\\ud800"]', [f"f:1:3: {SYNTAX}unknown escape ({ESCAPE})"]),
        ('["\\UFFFFFFFF"]', [f"f:1:3: {SYNTAX}unknown escape ({ESCAPE})"]),
        ("x" * (MAX_BYTES + 1), ["f:0:0: the file is larger than 16 MiB (split it)"]),
        ("ü" * (MAX_BYTES // 2 + 1), ["f:0:0: the file is larger than 16 MiB (split it)"]),
    ],
    ids=lambda value: repr(value[:20]) if isinstance(value, str | bytes) else "",
)  # fmt: skip
def test_problems(text: str | bytes, expected: list[str]) -> None:
    """Each thing that is refused is named with its place, and alike with both loaders."""
    assert listed(text) == expected


def test_kept() -> None:
    """Of duplicate keys the first is kept, and a tag is dropped, so that more can be found wrong."""
    root, _ = read("a: 1\na: 2\nb: !x c", "f")

    assert root == Fields(
        (
            (Scalar("a", True, 1, 1), Scalar("1", True, 1, 4)),
            (Scalar("b", True, 3, 1), Scalar("c", True, 3, 4)),
        ),
        1,
        1,
    )


@pytest.mark.parametrize("text", ["[a, *b]", "a\n--- b", "[a", "a: *b", "\x00", "- " * 21 + "a"])
def test_unusable(text: str) -> None:
    """Where the rest would mislead there are no nodes."""
    root, problems = read(text, "f")

    assert root is None
    assert len(problems) == 1


@pytest.mark.parametrize(
    "nest",
    [
        lambda depth: "[" * depth + "]" * depth,
        lambda depth: "- " * depth + "a",
        lambda depth: "{a: " * depth + "b" + "}" * depth,
        lambda depth: "".join(f"{' ' * level}a:\n" for level in range(depth)),
    ],
    ids=["flow sequences", "block sequences", "flow mappings", "block mappings"],
)
def test_depth(nest: Callable[[int], str]) -> None:
    """Twenty levels are read and the twenty-first is refused where it begins."""
    assert listed(nest(MAX_DEPTH)) == []
    (problem,) = listed(nest(MAX_DEPTH + 1))
    assert problem.endswith("nested deeper than 20 levels (flatten it)")
    assert not problem.startswith("f:0:")


def test_many_problems() -> None:
    """After a thousand problems the rest is not read."""
    problems = listed("- *a\n" * 3000)

    assert len(problems) == 1001
    assert problems[-1] == "f:1000:3: more than 1000 problems (the rest was not read)"


documents = st.recursive(
    st.text("ab1:-#' \n\"\\\t,ü", max_size=6),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", min_size=1), inner, max_size=3)
    ),
    max_leaves=8,
)


def plain(node: Node | None) -> object:
    """A node as what a YAML reader that resolves nothing would return."""
    if isinstance(node, Items):
        return [plain(item) for item in node.nodes]
    if isinstance(node, Fields):
        return {key.text: plain(value) for key, value in node.entries}
    assert node is not None
    return node.text


@given(documents, st.booleans(), st.sampled_from(['"', "'", None]))
def test_generated(document: object, flow: bool, style: str | None) -> None:
    """Both loaders read what any YAML writer writes, as PyYAML reads it when nothing is resolved."""
    text = yaml.safe_dump(document, default_flow_style=flow, default_style=style, allow_unicode=True)
    assume("\n%" not in text and "!!" not in text)

    assert listed(text) == []
    assert plain(read(text, "f")[0]) == yaml.load(text, Loader=yaml.BaseLoader)


SNIPPETS = ("k: |\n  t\n  u\nl: >-\n x\n", "? a\n: b\n", "--- a\n...\n", "[a?b, c:d]\n", '{a: "b", c: [d]}\n')


@settings(max_examples=500, derandomize=True)
@example("[a\tb,\tc]").via("tabs between tokens")
@example("k: |\t# c\n  t\n").via("a tab behind a block indicator")
@example("[/a?b/]").via("a question mark inside flow text")
@example("{a: [!b:c]}").via("a tag before a bracket")
@given(mutated(st.sampled_from(SNIPPETS) | declarations.map(Declaration.text)))
def test_loaders_agree(text: str) -> None:
    """On files with wrong characters both loaders find the same nodes and the same problems."""
    listed(text)


@given(st.text() | st.binary())
def test_never_raises(text: str | bytes) -> None:
    """Whatever the text, reading ends in nodes or problems."""
    root, problems = read(text, "f")

    assert root is not None or problems


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        *((word, "a boolean") for word in ("yes", "No", "TRUE", "off", "On")),
        *((word, "null") for word in ("", "~", "null", "NULL")),
        *(
            (word, "a number")
            for word in ("1", "-1", "010", "0x1F", "0b1", "1_000", "1:30", "1.5", ".inf", ".NaN")
        ),
        *((word, "a date") for word in ("2024-01-01", "2024-1-1 10:00:00")),
        ("<<", "a merge key"),
        ("=", "a default value"),
        *((word, None) for word in ("y", "text", "1a", "1e5", "0o7", "a:1", "nullable", "2024-01", "truely")),
    ],
)
def test_mistaken_for(text: str, kind: str | None) -> None:
    """Plain text that YAML 1.1 reads as something else is told from text, as PyYAML resolves it."""
    assert mistaken_for(Scalar(text, True, 1, 1)) == kind
    assert mistaken_for(Scalar(text, False, 1, 1)) is None
    if text not in {"<<", "="}:
        assert isinstance(yaml.safe_load(text), str) is (kind is None)


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_double_quoted(text: str) -> None:
    """A double-quoted text is on one line and reads as the text."""
    written = double_quoted(text)

    assert "\n" not in written
    root, problems = read(f"[{written}]", "f")
    assert problems == []
    assert plain(root) == [text]


def test_quoted() -> None:
    """A text in a message is on one line and of bounded length."""
    assert quoted("a\nb") == r"'a\nb'"
    assert quoted("a" * 500) == repr("a" * 77 + "...")


def test_did_you_mean() -> None:
    """A hint names the nearest word, also of the other spellings, or else lists the known ones."""
    known = ("Name", "Entities")

    assert did_you_mean("nme", known) == "did you mean 'Name'?"
    assert did_you_mean("ENTITIES", known) == "did you mean 'Entities'?"
    assert did_you_mean("entites_x", known, ("entities_x",)) == "did you mean 'entities_x'?"
    assert did_you_mean("zzz", known) == "known: 'Name', 'Entities'"
    assert did_you_mean("z" * 100_000, known) == "known: 'Name', 'Entities'"
