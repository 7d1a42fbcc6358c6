"""Whatever is done to an audit file is found, and where."""

import io
from pathlib import Path

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentry_governed._secret import Secret
from sentry_governed.errors import AuditError, ConfigError
from sentry_governed.policy import AuditReport, verify_audit
from sentry_governed.policy._audit_lines import Head, next_line, write_head
from sentry_governed.policy._audit_verify import examine

KEY = Secret("k" * 32)
COUNT = 8


def history(count: int, start: str = "0" * 64) -> tuple[list[bytes], bytes]:
    """The lines of an audit, and its head file."""
    head = Head(start=start, records=0, size=0, mac=start)
    lines = []
    for number in range(count):
        line = next_line(head, {"event": "decided", "call": f"c{number}"}, KEY)
        lines.append(line.raw + b"\n")
        head = head.after(line)
    return lines, write_head(head, KEY)


LINES, HEAD = history(COUNT)


def told(lines: list[bytes], head: bytes | None = HEAD) -> AuditReport:
    """The report on these bytes, split into lines as a file would be."""
    return examine("audit.jsonl", io.BytesIO(b"".join(lines)), head, KEY)


def problems(lines: list[bytes], head: bytes | None = HEAD) -> list[tuple[int, str]]:
    """Where something is wrong, and what."""
    return [(problem.line, problem.message) for problem in told(lines, head).problems]


def test_intact() -> None:
    """What was not touched is intact."""
    report = told(LINES)

    assert (report.intact, report.records, report.start) == (True, COUNT, "0" * 64)
    assert f'"mac":"{report.end}"'.encode() in LINES[-1]


def test_nothing_written() -> None:
    """A file that has no record yet is intact."""
    assert told([], history(0)[1]).intact


@given(st.data())
def test_edited_byte(data: st.DataObject) -> None:
    """A byte that differs is found in its line, whatever byte it is."""
    number = data.draw(st.integers(0, COUNT - 1))
    line = bytearray(LINES[number])
    place = data.draw(st.integers(0, len(line) - 2))
    line[place] = data.draw(st.integers(0, 255).filter(lambda byte: byte not in {line[place], 10}))
    found = problems([*LINES[:number], bytes(line), *LINES[number + 1 :]])

    assert found[0] == (number + 1, "it was edited or put in, or it is signed with another key")
    assert len(found) == 1


@given(st.integers(0, COUNT - 1), st.integers(1, COUNT))
def test_cut(first: int, count: int) -> None:
    """Lines that are missing are told, where they were and which they are."""
    last = min(first + count, COUNT)
    found = problems([*LINES[:first], *LINES[last:]])
    missing = f"record {last} is" if last - first == 1 else f"records {first + 1} to {last} are"
    place = "at the end" if last == COUNT else "before it"

    assert found == [(first + 1, f"{missing} missing {place}")]


@given(st.permutations(range(COUNT)).filter(lambda order: order != sorted(order)))
def test_reordered(order: list[int]) -> None:
    """Lines in another order are found at the first that is out of place."""
    first = next(place for place, number in enumerate(order) if place != number)

    assert problems([LINES[number] for number in order])[0][0] == first + 1


@given(st.integers(0, COUNT - 1), st.integers(0, COUNT))
def test_repeated(which: int, place: int) -> None:
    """A line that is there again is found where it was put."""
    found = problems([*LINES[:place], LINES[which], *LINES[place:]])
    first = which + 2 if place == which else place + 1

    assert found[0][0] == first
    assert any(f"record {which + 1} was repeated or moved here" in message for _, message in found)


@given(st.binary(min_size=1).filter(lambda raw: b"\n" not in raw), st.integers(0, COUNT))
def test_put_in(raw: bytes, place: int) -> None:
    """A line of a stranger is found, and no line after it is blamed."""
    assert problems([*LINES[:place], raw + b"\n", *LINES[place:]]) == [
        (place + 1, "it was edited or put in, or it is signed with another key")
    ]


@given(st.integers(1, sum(map(len, LINES))))
def test_cut_anywhere(size: int) -> None:
    """A file that was cut at any byte is not intact, and the place is told."""
    whole = b"".join(LINES)
    found = problems([whole[:-size]])
    left = whole[:-size].count(b"\n")

    assert found[0][0] == left + 1
    assert "cut in its middle" in found[0][1] or "missing at the end" in found[0][1]


@given(st.lists(st.sampled_from([*LINES, b"", b"{}\n", LINES[2][:50]])))
def test_any_other_file(lines: list[bytes]) -> None:
    """No other sequence of lines is taken for the one that was written."""
    assert told(lines).intact is (b"".join(lines) == b"".join(LINES))


def test_other_history() -> None:
    """Lines of another file with the same key do not fit in."""
    other, head = history(COUNT, "1" * 64)

    assert problems([*LINES[:3], *other[3:]])[0] == (4, "record 4 does not continue the record before it")
    assert problems(other)[0] == (1, "record 1 does not continue the record before it")
    assert problems(LINES, head)[0] == (1, "record 1 does not continue the record before it")


def test_two_ends() -> None:
    """A file that was restored from a copy and continued differently from its head is found."""
    start = Head(start="0" * 64, records=0, size=0, mac="0" * 64)
    other = next_line(start, {"event": "decided", "call": "another"}, KEY)

    assert problems([other.raw + b"\n"], write_head(start.after(other), KEY)) == []
    assert problems([other.raw + b"\n"], history(1)[1]) == [
        (1, "record 1 is not the one that the head file names")
    ]


def test_edit_before_cut() -> None:
    """Two wrongs are both told."""
    edited = LINES[1].replace(b"c1", b"c9")

    assert [line for line, _ in problems([LINES[0], edited, LINES[2], *LINES[4:6]])] == [2, 4, 6]


@given(st.integers(0, len(HEAD) - 1), st.integers(0, 255))
def test_edited_head(place: int, byte: int) -> None:
    """A head file that differs in a byte counts for nothing."""
    raw = bytearray(HEAD)
    raw[place] = byte

    expected = [] if raw == HEAD else [(0, "the head file was edited, or it is signed with another key")]
    assert problems(LINES, bytes(raw)) == expected


def test_no_head() -> None:
    """Without its head file the end of an audit cannot be checked."""
    assert problems(LINES, None) == [(0, "the head file is missing, so the end cannot be checked")]


def test_older_head() -> None:
    """An older head file is what a killed writer leaves: reported, and not as a change."""
    report = told(LINES, history(COUNT - 1)[1])

    assert (report.problems, report.unfinished) == ((), f"record {COUNT} is not in the head file yet")
    assert not report.intact


def test_newer_head() -> None:
    """A head file that knows more than the file says what is missing."""
    assert problems(LINES, history(COUNT + 2)[1]) == [
        (COUNT + 1, f"records {COUNT + 1} to {COUNT + 2} are missing at the end")
    ]


def test_other_key() -> None:
    """With another key every line is in doubt, and the first hundred are told."""
    lines, head = history(150)
    report = examine("audit.jsonl", lines, head, Secret("o" * 32))

    assert (report.records, len(report.problems)) == (0, 100)


def test_line_without_end(tmp_path: Path) -> None:
    """A line that is longer than any record is one wrong line, and is not held in memory."""
    (tmp_path / "audit.jsonl").write_bytes(LINES[0] + b"x" * 3_000_000 + b"\n" + b"".join(LINES[1:]))
    (tmp_path / "audit.jsonl.head").write_bytes(HEAD)
    report = verify_audit(tmp_path / "audit.jsonl", KEY)

    assert [problem.line for problem in report.problems] == [2]
    assert report.records == COUNT


def test_tail_without_end(tmp_path: Path) -> None:
    """Neither is a long tail that never ends."""
    (tmp_path / "audit.jsonl").write_bytes(b"".join(LINES) + b"x" * 3_000_000)
    (tmp_path / "audit.jsonl.head").write_bytes(HEAD)

    assert "was never finished" in verify_audit(tmp_path / "audit.jsonl", KEY).unfinished


def test_unreadable(tmp_path: Path) -> None:
    """A file that is not there cannot be verified."""
    with pytest.raises(AuditError, match="cannot be read: No such file"):
        verify_audit(tmp_path / "audit.jsonl", KEY)


def test_short_key(tmp_path: Path) -> None:
    """A key that could be guessed is refused."""
    with pytest.raises(ConfigError, match="fewer than 32"):
        verify_audit(tmp_path / "audit.jsonl", Secret("k"))


def test_frozen() -> None:
    """A report is a value."""
    assert attrs.evolve(told(LINES), records=1).records == 1
