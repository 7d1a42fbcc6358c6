"""A secret stays out of everything but `reveal`."""

import copy
import dataclasses
import json
import pickle
import pprint
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from types import FrameType

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

import sentry_governed
from sentry_governed._secret import Secret
from sentry_governed.errors import ConfigError

CANARY = "sntrys_canary-8f3a51"
PACKAGE = str(Path(sentry_governed.__file__).parent)
PRINTABLE = st.characters(min_codepoint=0x21, max_codepoint=0x7E)


@attrs.frozen
class Holder:
    token: Secret


@dataclasses.dataclass
class PlainHolder:
    token: Secret


def slots(secret: Secret) -> list[object]:
    """What the names in `__slots__` hold, as a debugger would read them."""
    return [
        value for name, value in vars(Secret).items() if hasattr(value, "__get__") and hasattr(secret, name)
    ]


SHOWN: dict[str, Callable[[Secret], object]] = {
    "str": str,
    "repr": repr,
    "ascii": ascii,
    "f-string": lambda secret: f"{secret} {secret!s} {secret!r} {secret!a}",
    "format": lambda secret: format(secret, ">40"),
    "percent": lambda secret: "%s %r" % (secret, secret),  # noqa: UP031 - the spelling under test
    "str.format": "{0} {0!r} {0:.3}".format,
    "pprint": pprint.pformat,
    "in a list": lambda secret: str([secret]),
    "in an error": lambda secret: repr(ValueError(secret)) + str(ValueError(secret).args),
    "attrs repr": lambda secret: repr(Holder(secret)),
    "attrs.asdict": lambda secret: attrs.asdict(Holder(secret)),
    "attrs.astuple": lambda secret: attrs.astuple(Holder(secret)),
    "dataclasses.asdict": lambda secret: dataclasses.asdict(PlainHolder(secret)),
    "json default=str": lambda secret: json.dumps({"token": secret}, default=str),
    "json default=repr": lambda secret: json.dumps({"token": secret}, default=repr),
    "copy": copy.copy,
    "deepcopy": lambda secret: copy.deepcopy({"token": secret}),
    "dir": lambda secret: [getattr(secret, name) for name in dir(secret) if name != "reveal"],
    "slots": slots,
    "getstate": lambda secret: secret.__getstate__(),
}


@pytest.mark.parametrize("show", SHOWN.values(), ids=SHOWN)
def test_hidden(show: Callable[[Secret], object]) -> None:
    """No way of showing or copying a secret shows its text."""
    shown = show(Secret(CANARY))

    assert CANARY not in f"{shown} {shown!r}"


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_not_pickled(protocol: int) -> None:
    """No pickle protocol takes a secret, nor a value that holds one."""
    for value in (Secret(CANARY), Holder(Secret(CANARY))):
        with pytest.raises(TypeError) as caught:
            pickle.dumps(value, protocol)

        assert CANARY not in str(caught.value)


def test_not_json() -> None:
    """Plain JSON refuses a secret without showing it."""
    with pytest.raises(TypeError) as caught:
        json.dumps({"token": Secret(CANARY)})

    assert CANARY not in str(caught.value)


def test_no_dict() -> None:
    """A secret has no attribute dictionary to read."""
    with pytest.raises(TypeError):
        vars(Secret(CANARY))


def test_reveal() -> None:
    """`reveal` gives the text back, from a copy as well."""
    assert Secret(CANARY).reveal() == CANARY
    assert copy.deepcopy(Secret(CANARY)).reveal() == CANARY


@given(st.text(PRINTABLE, min_size=1))
def test_accepts_printable(text: str) -> None:
    """Any printable ASCII without whitespace is a secret."""
    assert Secret(text).reveal() == text


@given(st.text(PRINTABLE), st.characters(exclude_categories=()), st.text(PRINTABLE))
def test_rejects_others(before: str, character: str, after: str) -> None:
    """One character that is not printable ASCII, wherever it stands, refuses the whole."""
    if "!" <= character <= "~":
        character = " "

    with pytest.raises(ConfigError):
        Secret(before + character + after)


UNUSABLE: dict[str, object] = {
    "newline at the end": f"{CANARY}\n",
    "space at the end": f"{CANARY} ",
    "byte order mark": f"\ufeff{CANARY}",
    "escape": f"{CANARY}\x1b",
    "delete": f"{CANARY}\x7f",
    "beyond ascii": f"{CANARY}é",
    "lone surrogate": f"{CANARY}\ud800",
    "bytes": CANARY.encode(),
    "list": [CANARY],
}


@pytest.mark.parametrize("value", UNUSABLE.values(), ids=UNUSABLE)
def test_failed_construction(value: object) -> None:
    """A refused value is in neither the error, its chain, nor the locals of any frame of the package."""
    with pytest.raises(ConfigError) as caught:
        Secret(value)  # type: ignore[arg-type]  # what an untyped caller may do

    report = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    ours = [frame for frame in report.stack if frame.filename.startswith(PACKAGE)]
    assert ours
    assert all(CANARY not in str(frame.locals) for frame in ours)
    assert CANARY not in f"{caught.value!r} {caught.value.args}"
    assert caught.value.__cause__ is caught.value.__context__ is None
    assert len(str(caught.value).splitlines()) == 1


def test_empty() -> None:
    """An empty secret is refused, as a variable that was never set would be."""
    with pytest.raises(ConfigError, match="empty"):
        Secret("")


@pytest.mark.parametrize(
    ("other", "equal"),
    [
        (Secret(CANARY), True),
        (Secret(CANARY + "x"), False),
        (Secret(CANARY[:-1]), False),
        (Secret(CANARY.upper()), False),
        (CANARY, False),
        (None, False),
    ],
)
def test_equality(other: object, equal: bool) -> None:
    """Secrets are equal by their text, and never equal to a text."""
    assert (Secret(CANARY) == other) is equal
    assert (Secret(CANARY) != other) is not equal


def test_constant_time() -> None:
    """The comparison is the one whose time says nothing about the texts."""
    called: list[str] = []

    def note(_frame: FrameType, event: str, function: object) -> None:
        if event == "c_call":
            called.append(getattr(function, "__name__", ""))

    one, other = Secret(CANARY), Secret(CANARY + "x")
    sys.setprofile(note)
    try:
        assert one != other
    finally:
        sys.setprofile(None)

    assert "compare_digest" in called or "_compare_digest" in called


def test_unhashable() -> None:
    """A secret has no hash, so it is in no set and is no key."""
    with pytest.raises(TypeError):
        hash(Secret(CANARY))
