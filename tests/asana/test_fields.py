"""Custom fields, each written the way Asana wants its type."""

import math
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentry_governed.asana import (
    CustomField,
    DateField,
    DateTimeField,
    EnumField,
    MultiEnumField,
    NumberField,
    PeopleField,
    TextField,
)
from sentry_governed.errors import ConfigError
from sentry_governed.typing import JsonValue

FACTS = {"service": "api", "occurred_at": "2026-11-20T23:15:02.125000-02:00"}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        (EnumField("12"), "12"),
        (MultiEnumField(("12", "13")), ["12", "13"]),
        (MultiEnumField(()), []),
        (PeopleField(("14",)), ["14"]),
        (NumberField(3), 3),
        (NumberField(0.5), 0.5),
        (TextField("from {service}"), "from api"),
        (TextField("{{{service}}}"), "{api}"),
        (TextField("{nothing}"), None),
        (TextField(" "), None),
        (TextField("a\x00b\r\nc"), "ab\nc"),
        (DateField("2026-01-31"), {"date": "2026-01-31"}),
        (DateField("occurred_at"), {"date": "2026-11-21"}),
        (DateTimeField("2026-01-31T10:00:00+01:00"), {"date_time": "2026-01-31T09:00:00.000Z"}),
        (DateTimeField("2026-01-31"), {"date_time": "2026-01-31T00:00:00.000Z"}),
        (DateTimeField("occurred_at"), {"date_time": "2026-11-21T01:15:02.125Z"}),
    ],
)
def test_values(field: CustomField, value: JsonValue) -> None:
    """Ids stay text, sets are lists, dates are objects, and a missing fact leaves the field out."""
    assert field.value(FACTS) == value


@pytest.mark.parametrize("field", [DateField("occurred_at"), DateTimeField("occurred_at")])
@pytest.mark.parametrize("facts", [{}, {"occurred_at": "soon"}, {"occurred_at": "0001-01-01T00:00:00+01:00"}])
def test_no_date(field: CustomField, facts: dict[str, str]) -> None:
    """An alert whose time is missing or unreadable leaves the field out."""
    assert field.value(facts) is None


def test_naive_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """A time without a zone is UTC, wherever the process runs."""
    monkeypatch.setenv("TZ", "WEST+12")
    time.tzset()
    try:
        value = DateField("occurred_at").value({"occurred_at": "2026-11-20T23:30:00"})
    finally:
        monkeypatch.undo()
        time.tzset()

    assert value == {"date": "2026-11-20"}


@given(text=st.text(min_size=1000, alphabet=st.characters(exclude_categories=["Cs"])))
def test_text_bound(text: str) -> None:
    """A text has at most the 1,024 characters that Asana keeps, however they are counted."""
    value = TextField("{text}").value({"text": text})

    assert value is None or (isinstance(value, str) and len(value.encode("utf-16-le")) <= 2 * 1024)


def test_text_cut() -> None:
    """A text that is too long keeps its beginning and shows that it was cut."""
    assert TextField("{text}").value({"text": "x" * 1024}) == "x" * 1024
    assert TextField("{text}").value({"text": "x" * 1025}) == "x" * 1023 + "\u2026"
    assert TextField("{text}").value({"text": "\U0001f600" * 513}) == "\U0001f600" * 511 + "\u2026"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: EnumField("On Hold"), "option 'On Hold' is not an Asana id"),
        (lambda: MultiEnumField(("1", "x")), "options 'x' is not"),
        (lambda: MultiEnumField(("1", "1")), "options names '1' twice"),
        (lambda: PeopleField(("me",)), "users 'me' is not"),
        (lambda: NumberField(True), "number True is not"),
        (lambda: NumberField(math.nan), "number nan is not"),
        (lambda: NumberField(-math.inf), "number -inf is not"),
        (lambda: NumberField(10**400), "number 10*\\.\\.\\.0* is not"),
        (lambda: TextField("a { b"), "lone '{'"),
        (lambda: TextField("a } b"), "lone '}'"),
        (lambda: TextField("{a b}"), "lone '{'"),
        (lambda: DateField("tomorrow"), "date 'tomorrow' is neither"),
        (lambda: DateTimeField("31.01.2026"), "date_time '31.01.2026' is neither"),
    ],
)
def test_refused(make: object, message: str) -> None:
    """A value that Asana would refuse is refused by name when it is made."""
    assert callable(make)
    with pytest.raises(ConfigError, match=message):
        make()
