"""What Sentry's identifiers may look like."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentry_governed import _grammar as grammar

Check = Callable[[str], bool]

ACCEPTED: dict[Check, list[str]] = {
    grammar.is_org_slug: ["a", "my-org", "My-Org", "7up", "a--b", "o" * 100],
    grammar.is_project_slug: ["a", "web", "web-app_2", "-web-", "_", "7up", "p" * 100],
    grammar.is_id: ["1", "10", "4509876543", str(2**63 - 1)],
    grammar.is_event_id: ["0123456789abcdef" * 2, "0" * 32],
    grammar.is_short_id: ["WEB-1A", "WEB-APP_2-XYZ", "7UP-1", "A--B-1", "-A-1"],
    grammar.is_release_version: ["1.2.3", "app@1.2.3+4", "a b", "...", "latest-2", "выпуск", "v" * 200],
    grammar.is_environment: ["", "production", "a b", "..", "прод", "e" * 64],
    grammar.is_tag_key: ["level", "os.name", "a:b-c_d", "...", "A", "t" * 200],
    grammar.is_uuid: ["a3c1d3b0-1c5d-4f0e-9d8a-0123456789ab"],
}
REJECTED: dict[Check, list[str]] = {
    grammar.is_org_slug: ["", "123", "-a", "a-", "-", "a_b", "a.b", "a b", "é", "\uff41", "o" * 101],
    grammar.is_project_slug: ["", "123", "Web", "web.app", "é", "\u212a", "p" * 101],
    grammar.is_id: [
        "",
        "0",
        "01",
        "+1",
        "-1",
        "1_0",
        "1.0",
        " 1",
        "\u0661",
        "\uff11",
        "²",
        str(2**63),
        "1" * 5000,
    ],
    grammar.is_event_id: ["", "a" * 31, "a" * 33, "A" * 32, "g" * 32, "latest", "\uff11" * 32],
    grammar.is_short_id: ["", "WEB", "web-1", "WEB-", "-1", "WEB-1_2", "WEB-É", "WEB 1", "W-" + "1" * 14],
    grammar.is_release_version: ["", ".", "..", "latest", "LATEST", " 1", "1 ", "\u00a01", "v" * 201],
    grammar.is_environment: ["e" * 65],
    grammar.is_tag_key: ["", ".", "..", "a b", "é", "a[b]", "t" * 201],
    grammar.is_uuid: [
        "",
        "a3c1d3b01c5d4f0e9d8a0123456789ab",
        "A3C1D3B0-1C5D-4F0E-9D8A-0123456789AB",
        "-" * 36,
    ],
}
CHECKS = list(ACCEPTED)
OF_ASCII = [check for check in CHECKS if check not in {grammar.is_release_version, grammar.is_environment}]
FORBIDDEN = "/\\\r\n\t\f\v\0\x1b\x7f\x80\x85\ud800"


def pairs(table: dict[Check, list[str]]) -> list[tuple[Check, str]]:
    """Each text of a table with its check."""
    return [(check, text) for check, texts in table.items() for text in texts]


@pytest.mark.parametrize(("check", "text"), pairs(ACCEPTED))
def test_accepts(check: Check, text: str) -> None:
    """Every spelling that Sentry makes is accepted."""
    assert check(text)


@pytest.mark.parametrize(("check", "text"), pairs(REJECTED))
def test_rejects(check: Check, text: str) -> None:
    """Look-alikes, other cases, other scripts and what is too long are rejected."""
    assert not check(text)


@pytest.mark.parametrize(("check", "text"), pairs(ACCEPTED))
@pytest.mark.parametrize("character", FORBIDDEN)
def test_forbidden(check: Check, text: str, character: str) -> None:
    """A slash, backslash or control character, at either end or inside, spoils any identifier."""
    middle = len(text) // 2

    assert not check(text + character)
    assert not check(character + text)
    assert not check(text[:middle] + character + text[middle:])


@pytest.mark.parametrize("check", OF_ASCII)
@given(text=st.text(min_size=1))
def test_ascii(check: Check, text: str) -> None:
    """Slugs, ids and keys are ASCII."""
    assert text.isascii() or not check(text)


@pytest.mark.parametrize("check", [check for check in CHECKS if check is not grammar.is_environment])
@given(text=st.text(alphabet="a1A.-_/\\ \n%", max_size=8))
def test_segments(check: Check, text: str) -> None:
    """Whatever passes is a path segment: never empty, a dot segment or two segments."""
    assert not check(text) or (text not in {"", ".", ".."} and not set(text) & set("/\\\n"))


@given(st.integers(min_value=1, max_value=2**63 - 1))
def test_ids(number: int) -> None:
    """Every positive 64-bit number is an id, in one spelling."""
    assert grammar.is_id(str(number))
    assert not grammar.is_id(f"0{number}")


@given(st.from_regex(r"[a-z0-9_-]{1,50}", fullmatch=True), st.from_regex(r"[A-Z0-9]{1,6}", fullmatch=True))
def test_short_ids(slug: str, suffix: str) -> None:
    """Every project's slug makes a short id once it is upper case."""
    assert grammar.is_short_id(f"{slug.upper()}-{suffix}")


@given(st.text(alphabet="0123456789", min_size=1))
def test_digits(text: str) -> None:
    """Digits alone are never a slug, so that an id and a slug are never mistaken for each other."""
    assert not grammar.is_org_slug(text)
    assert not grammar.is_project_slug(text)
