"""Hostile JSON: one kind of error, whatever the bytes."""

import copy
import json
import pickle
import traceback

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentry_governed.alerts import Alert, decode_alert
from sentry_governed.errors import AlertError, PayloadError
from tests.alerts.samples import NAMES, body, decoded, outcome, payload, signed, with_event

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def refused(sent: bytes) -> str:
    """The message of the refusal, which is the same for verified and other bytes but for twofold keys."""
    with pytest.raises(PayloadError) as caught:
        decode_alert(sent)
    assert caught.value.__context__ is None
    return str(caught.value)


@pytest.mark.parametrize(
    ("sent", "complaint"),
    [
        (b"", "the body is empty"),
        (b" ", "not JSON: expecting value at line 1 column 2"),
        (b"{", "not JSON"),
        (b"{} {}", "not JSON: extra data at line 1 column 4"),
        (b"{'a': 1}", "not JSON"),
        (b'{"a": "\n"}', "not JSON: invalid control character at line 1 column 8"),
        (b"payload=%7B%7D", "not JSON"),
        (b"\xff{}", "not UTF-8 at byte 0"),
        (b'{"a": "\xed\xa0\x80"}', "not UTF-8 at byte 7"),
        (b"\xef\xbb\xbf{}", "not JSON"),
        ('{"a": 1}'.encode("utf-16"), "not UTF-8"),
        ('{"a": 1}'.encode("utf-16-le"), "not JSON"),
        (b'{"a": NaN}', "holds NaN"),
        (b'{"a": Infinity}', "holds Infinity"),
        (b'{"a": -Infinity}', "holds -Infinity"),
        (b'{"a": 1e999}', "a number that is too large"),
        (b'{"a": -1e999}', "a number that is too large"),
        (b'{"a": ' + b"9" * 4301 + b"}", "a number that is too large"),
        (b"[]", "not an object"),
        (b"null", "not an object"),
        (b'"text"', "not an object"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "nested too deeply"),
        (b'{"a": 1, "a": 2}', "has a key twice"),
        (b'{"a": [{"b": {"c": 1, "c": 1}}]}', "has a key twice"),
        (b"{}", "the shape of neither a Sentry nor a Datadog webhook"),
    ],
)
def test_refused(sent: bytes, complaint: str) -> None:
    """Bytes that are no sound JSON object are refused in one line that says why and where."""
    message = refused(sent)

    assert complaint in message
    assert "\n" not in message


@pytest.mark.parametrize("text", ["", "[{" * 500, "]}" * 500])
@pytest.mark.parametrize("opening", ["[", '{"a":', '["]}",'])
@pytest.mark.parametrize("place", ['{"b":"x","a":@}', '{"a":@,"b":"x"}'])
def test_depth(opening: str, text: str, place: str) -> None:
    """Unsigned, 200 levels pass and 201 do not, wherever they stand; brackets inside texts are none."""

    def nested(levels: int) -> bytes:
        closing = "}" if opening[0] == "{" else "]"
        inner = opening * (levels - 1) + f'"{text}"' + closing * (levels - 1)
        return place.replace("@", inner).replace("x", "x" * 3000).encode()

    assert "shape" in refused(nested(200))
    assert "more than 200 levels" in refused(nested(201))


def test_deepest_alert() -> None:
    """The deepest body that is taken makes an alert that can be pickled and copied."""
    deepest: list[object] = []
    for _ in range(195):
        deepest = [deepest]
    sent = json.dumps(with_event(extra=deepest)).encode()

    alert = outcome(sent, signed(sent))

    assert pickle.loads(pickle.dumps(alert)) == copy.deepcopy(alert) == alert


def test_verified_twins() -> None:
    """A verified sender's twofold key is taken as JSON parsers take it; the last one counts."""
    sent = body("event_alert").replace(b'{"action":"triggered"', b'{"action":"x","action":"triggered"')

    assert outcome(sent, signed(sent)).kind == "event_alert.triggered"
    assert "twice" in refused(sent)


@pytest.mark.parametrize("opening", [b"[", b'{"a":', b'{"\\ud83d":'])
def test_signed_depth(opening: bytes) -> None:
    """No depth makes a signed body fail otherwise than with a PayloadError."""
    sent = b'{"a":' + opening * 200_000

    with pytest.raises(PayloadError, match="nested too deeply"):
        outcome(sent, signed(sent))


@pytest.mark.parametrize(
    ("escaped", "read"),
    [
        (rb"\ud83d\udcb8", "\U0001f4b8"),
        (rb"\ud83d\udcb8\uD83D\uDCB8", "\U0001f4b8\U0001f4b8"),
        (rb"\ud83d", "?"),
        (rb"\uDCB8", "?"),
        (rb"\udcb8\ud83d", "??"),
        (rb"\ud83d\ud83d\udcb8", "?\U0001f4b8"),
        (rb"\ud83dx\udcb8", "?x?"),
        (rb"\\ud83d\udcb8", "\\ud83d?"),
        (rb"\\\ud83d\udcb8", "\\\U0001f4b8"),
        (rb"\\ud83d\\udcb8", "\\ud83d\\udcb8"),
        (rb"\ud55c", "\ud55c"),
    ],
)
def test_surrogates(escaped: bytes, read: str) -> None:
    """Half an emoji becomes a question mark, everywhere, and a whole one stays."""
    sent = json.dumps(with_event(title="@")).encode().replace(b'"@"', b'"' + escaped + b'"')

    alert = decode_alert(sent)

    assert isinstance(alert, Alert)
    assert alert == decoded(with_event(title=read))
    repr(alert).encode()
    json.dumps(alert.raw, ensure_ascii=False).encode()


@given(st.binary(max_size=64) | JSON.map(lambda value: json.dumps(value).encode()))
def test_any_bytes(sent: bytes) -> None:
    """Whatever the bytes, only an AlertError escapes."""
    for deliver in (decode_alert, lambda sent: outcome(sent, signed(sent))):
        with pytest.raises(AlertError):
            deliver(sent)


@given(st.sampled_from(NAMES), st.data())
def test_any_value(name: str, data: st.DataObject) -> None:
    """Any JSON value in any place of a recorded body makes an outcome or an AlertError."""
    sent = payload(name)
    place = sent
    while place:
        field = data.draw(st.sampled_from(sorted(place)))
        if not isinstance(place[field], dict) or data.draw(st.booleans()):
            place[field] = data.draw(
                JSON | st.sampled_from([10**30, -1, 1.5, "1" * 300, "$ID", "a/b", "\x00"])
            )
            break
        place = place[field]
    try:
        alert = decode_alert(json.dumps(sent).encode())
        repr(getattr(alert, "facts", "")).encode()
    except AlertError:
        return


@given(st.sampled_from(NAMES), st.integers(min_value=0), st.integers(0, 7))
def test_any_bit(name: str, position: int, bit: int) -> None:
    """Flipping any bit of an unverified body makes an outcome or an AlertError."""
    sent = bytearray(body(name))
    sent[position % len(sent)] ^= 1 << bit
    try:
        decode_alert(bytes(sent))
    except AlertError:
        return


def test_no_body_in_errors() -> None:
    """A refusal keeps nothing of the body, and neither does what led to it."""
    for sent in (b'{"personal": }', b'{"personal": 1, "personal": 2}', b'{"personal": NaN}', b'"personal'):
        with pytest.raises(PayloadError) as caught:
            decode_alert(sent)
        shown = "".join(traceback.format_exception(caught.value))

        assert "personal" not in shown
