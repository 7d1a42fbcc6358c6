"""Who may send: signatures, shared secrets, and headers that try to confuse."""

import traceback
from collections.abc import Callable
from http.client import HTTPMessage

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentry_governed import Secret
from sentry_governed.alerts import Alert, Headers, WebhookSecrets, parse_alert
from sentry_governed.errors import AlertError, ConfigError, PayloadError, SignatureError
from tests.alerts.samples import DATADOG_SECRET, NAMES, SECRETS, SENTRY_SECRET, body, headers, outcome, signed

BODY = body("issue_created")
HEADERS = headers("issue_created")
SIGNATURE = HEADERS["Sentry-Hook-Signature"]
DATADOG_BODY = body("datadog_triggered")


def refused(sent: bytes, given_headers: object, secrets: WebhookSecrets = SECRETS) -> str:
    """The message of the refusal."""
    with pytest.raises(SignatureError) as caught:
        parse_alert(sent, given_headers, secrets=secrets)  # type: ignore[arg-type]  # either shape
    return str(caught.value)


@pytest.mark.parametrize("name", NAMES)
def test_genuine(name: str) -> None:
    """Every recorded webhook is accepted with its own headers."""
    assert outcome(body(name), headers(name)).kind


@pytest.mark.parametrize("change", [str.lower, str.upper, str.title])
def test_header_case(change: Callable[[str], str]) -> None:
    """A header's name counts in any case."""
    assert outcome(BODY, {change(name): value for name, value in HEADERS.items()}).kind == "issue.created"


def test_pairs() -> None:
    """Headers may come as pairs, and an unrelated one may come twice."""
    pairs = [*HEADERS.items(), ("X-Forwarded-For", "a"), ("x-forwarded-for", "b")]

    assert parse_alert(BODY, iter(pairs), secrets=SECRETS).kind == "issue.created"


def message(pairs: list[tuple[str, str]]) -> HTTPMessage:
    """Headers as the standard library's HTTP server has them."""
    found = HTTPMessage()
    for name, value in pairs:
        found[name] = value
    return found


def test_http_message() -> None:
    """The standard library's own headers are read, repeated ones too."""
    assert parse_alert(BODY, message([*HEADERS.items()]), secrets=SECRETS).kind == "issue.created"

    twice = message([*HEADERS.items(), ("SENTRY-HOOK-SIGNATURE", SIGNATURE)])
    assert "2 sentry-hook-signature headers" in refused(BODY, twice)


def test_lists() -> None:
    """A value may be a list, as behind a load balancer: one of one is that one, several are several."""
    lists: Headers = {name: [value] for name, value in HEADERS.items()}

    assert parse_alert(BODY, lists, secrets=SECRETS).kind == "issue.created"
    assert "2 sentry-hook-signature" in refused(BODY, {"Sentry-Hook-Signature": (SIGNATURE, SIGNATURE)})
    assert "neither" in refused(BODY, {"Sentry-Hook-Signature": []})


def test_bytes() -> None:
    """Names and values may be bytes, as ASGI servers have them."""
    pairs: Headers = [(name.lower().encode(), value.encode()) for name, value in HEADERS.items()]

    assert parse_alert(BODY, pairs, secrets=SECRETS).kind == "issue.created"
    assert "64 lower-case" in refused(BODY, [(b"Sentry-Hook-Signature", b"\xff" * 64)])


def test_no_value() -> None:
    """A header whose value is None is absent."""
    nothing: Headers = {**HEADERS, "datadog-secret-token": None, "x-nothing": None}

    assert parse_alert(BODY, nothing, secrets=SECRETS).kind == "issue.created"
    assert "neither" in refused(BODY, {"Sentry-Hook-Signature": None, "Sentry-Hook-Resource": [None]})


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        ("a: b", "headers are a str"),
        (b"a: b", "headers are a bytes"),
        (5, "headers are a int"),
        (None, "headers are a NoneType"),
        (["a: b"], "a header is a str"),
        ([b"ab"], "a header is a bytes"),
        ([5], "a header is a int"),
        ([("a", "b", "c")], "a header has 3 parts"),
        ([("a",)], "a header has 1 parts"),
        ({5: "a"}, "a header's name is a int"),
        ({"a": 5}, "a header's value is a int"),
        ({"a": ["b", {}]}, "a header's value is a dict"),
        ([(None, "a")], "a header's name is a NoneType"),
    ],
)
def test_no_headers(wrong: object, complaint: str) -> None:
    """What cannot be headers is a mistake of the program, named by its type."""
    with pytest.raises(ConfigError, match=complaint):
        parse_alert(BODY, wrong, secrets=SECRETS)  # type: ignore[arg-type]  # what the test is about


def test_non_ascii_body() -> None:
    """Raw UTF-8 is signed as it is, not as it would be encoded again."""
    sent = BODY.replace(b"payment", "Überzahlung €".encode())

    alert = outcome(sent, signed(sent, "issue"))

    assert isinstance(alert, Alert)
    assert "Überzahlung €" in alert.title


@given(st.integers(0, len(BODY) * 8 - 1))
def test_flipped_body(bit: int) -> None:
    """Flipping any bit of the body breaks the signature."""
    sent = bytearray(BODY)
    sent[bit // 8] ^= 1 << bit % 8

    assert "does not fit" in refused(bytes(sent), HEADERS)


@given(st.integers(0, 64 * 8 - 1))
def test_flipped_signature(bit: int) -> None:
    """Flipping any bit of the signature is refused, also where it makes another spelling of the digit."""
    flipped = bytearray(SIGNATURE.encode())
    flipped[bit // 8] ^= 1 << bit % 8

    refused(BODY, {**HEADERS, "Sentry-Hook-Signature": flipped.decode("latin-1")})


@pytest.mark.parametrize(
    "signature",
    [
        "",
        SIGNATURE.upper(),
        SIGNATURE[:-1],
        SIGNATURE + "0",
        f" {SIGNATURE}",
        f"{SIGNATURE}\n",
        f"sha256={SIGNATURE}",
        f"{SIGNATURE},{SIGNATURE}",
        f"{'0' * 64}, {SIGNATURE}",
        "é" * 64,
        "\ud800" * 64,
        "\u0660" * 64,
    ],
)
def test_malformed_signature(signature: str) -> None:
    """A signature is 64 lower-case hexadecimal digits and nothing else."""
    assert "64 lower-case" in refused(BODY, {**HEADERS, "Sentry-Hook-Signature": signature})


@pytest.mark.parametrize("second", [SIGNATURE, "0" * 64])
@pytest.mark.parametrize("name", ["Sentry-Hook-Signature", "sentry-hook-signature"])
def test_two_signatures(name: str, second: str) -> None:
    """Two signature headers are refused, even if both are right."""
    assert "exactly one" in refused(BODY, [*HEADERS.items(), (name, second)])


def test_two_in_a_mapping() -> None:
    """A mapping can hold one header in two cases, which are two headers."""
    assert "exactly one" in refused(BODY, {**HEADERS, "sentry-hook-signature": SIGNATURE})


@pytest.mark.parametrize(
    ("kept", "complaint"),
    [
        ({}, "neither a Sentry-Hook-Signature nor a datadog-secret-token"),
        ({"Sentry-Hook-Resource": "issue"}, "0 sentry-hook-signature"),
        ({"Sentry-App-Signature": SIGNATURE}, "neither"),
    ],
)
def test_unsigned(kept: dict[str, str], complaint: str) -> None:
    """Without a signature nothing is decoded, and the refusal says what was looked for."""
    assert complaint in refused(b"not even json", kept)


def test_rotation() -> None:
    """Any of several secrets will do, in any place, as a text or as a Secret."""
    for secrets in (("old", Secret(SENTRY_SECRET)), (SENTRY_SECRET, "new")):
        assert parse_alert(BODY, HEADERS, secrets=WebhookSecrets(sentry=secrets)).kind == "issue.created"


def test_foreign_secret() -> None:
    """Secrets of the other sender, or of nobody, vouch for nothing."""
    assert "does not fit" in refused(BODY, HEADERS, WebhookSecrets(sentry=["old", "new"]))
    assert "no Sentry client secret" in refused(BODY, HEADERS, WebhookSecrets(datadog=SENTRY_SECRET))
    assert "no Sentry client secret" in refused(BODY, HEADERS, WebhookSecrets())


def test_one_text_is_one_secret() -> None:
    """A lone text is one secret, not one for each of its characters."""
    assert WebhookSecrets(sentry="abc").sentry == (Secret("abc"),)


@pytest.mark.parametrize("secret", ["", "with space", "newline\n", "ü"])
def test_impossible_secret(secret: str) -> None:
    """An empty or mangled secret is refused when it is configured, not when alerts come."""
    with pytest.raises(ConfigError):
        WebhookSecrets(sentry=("fine", secret))


@pytest.mark.parametrize("sender", ["sentry", "datadog"])
@pytest.mark.parametrize(
    "secret", ["CANARY\n", ("fine", "CANARY ü"), ["CANARY "], [Secret("CANARY"), b"CANARY"]]
)
def test_impossible_secret_unseen(sender: str, secret: object) -> None:
    """The refusal of a secret says whose it is and shows nothing of it, not even in a frame's locals."""
    with pytest.raises(ConfigError, match=f"^{sender}: a secret ") as caught:
        WebhookSecrets(**{sender: secret})  # type: ignore[arg-type]  # bytes on purpose
    shown = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    inner = [str(frame.locals) for frame in shown.stack[1:]]

    assert inner
    assert "CANARY" not in f"{inner}{caught.value!r}{caught.value.__context__!r}{caught.value.__cause__!r}"


def test_secrets_are_values() -> None:
    """Secrets can be compared and changed in a copy, and not in place."""
    secrets = WebhookSecrets("a", ["b", Secret("c")], "X-Token")

    assert secrets == WebhookSecrets(("a",), datadog=("b", "c"), datadog_header="x-token")
    assert attrs.evolve(secrets, sentry="d").sentry == (Secret("d"),)
    assert WebhookSecrets() == WebhookSecrets((), (), "datadog-secret-token")
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        secrets.sentry = ()  # type: ignore[misc]  # what the test is about


def test_datadog() -> None:
    """Datadog is recognised by its secret header, under a configured name and in any case."""
    secrets = WebhookSecrets(datadog=("old", DATADOG_SECRET), datadog_header="X-Our-Token")

    assert parse_alert(DATADOG_BODY, {"x-our-TOKEN": DATADOG_SECRET}, secrets=secrets).source == "datadog"
    assert "neither" in refused(DATADOG_BODY, {"datadog-secret-token": DATADOG_SECRET}, secrets)


@pytest.mark.parametrize(
    "token",
    ["", DATADOG_SECRET[:-1], DATADOG_SECRET + " ", f"{DATADOG_SECRET},{DATADOG_SECRET}", "é", "\ud800"],
)
def test_wrong_token(token: str) -> None:
    """Only the whole secret opens the door."""
    assert "not a configured secret" in refused(DATADOG_BODY, {"datadog-secret-token": token})


def test_two_tokens() -> None:
    """Two secret headers are refused, even if both are right."""
    pairs = [("datadog-secret-token", DATADOG_SECRET)] * 2

    assert "2 datadog-secret-token headers" in refused(DATADOG_BODY, pairs)


def test_datadog_unconfigured() -> None:
    """Without a configured secret no token is accepted, not even an empty one."""
    assert "no Datadog webhook secret" in refused(
        DATADOG_BODY, {"datadog-secret-token": ""}, WebhookSecrets(sentry=SENTRY_SECRET)
    )


@pytest.mark.parametrize("name", ["Sentry-Hook-Signature", "Sentry-Hook-Resource"])
def test_both_senders(name: str) -> None:
    """A request that claims both senders is refused, though one of its proofs is right."""
    given_headers = {"datadog-secret-token": DATADOG_SECRET, name: HEADERS[name]}

    assert "both Sentry and Datadog" in refused(DATADOG_BODY, given_headers)


@pytest.mark.parametrize("name", ["", "two words", "x:y", "ä", "Sentry-Hook-Signature", "newline\n"])
def test_header_name(name: str) -> None:
    """The name of Datadog's header must be a header's name, and none of Sentry's."""
    with pytest.raises(ConfigError, match="Datadog's secret header"):
        WebhookSecrets(datadog_header=name)


def test_size_first() -> None:
    """A body over the bound is refused before it is hashed, whoever sent it."""
    with pytest.raises(PayloadError, match=f"{len(BODY)} bytes, more than the 100 allowed"):
        parse_alert(BODY, HEADERS, secrets=SECRETS, max_bytes=100)
    with pytest.raises(PayloadError, match="more than the 4194304 allowed"):
        parse_alert(b" " * (4 * 1024 * 1024 + 1), {}, secrets=SECRETS)


TEXT = st.text(max_size=20)
NAME = st.sampled_from([*HEADERS, "datadog-secret-token", "Sentry-App-Signature"]) | TEXT
VALUE = st.sampled_from([*HEADERS.values(), DATADOG_SECRET]) | TEXT


@given(st.binary(max_size=200) | st.sampled_from([BODY, DATADOG_BODY]), st.lists(st.tuples(NAME, VALUE)))
def test_any_request(sent: bytes, pairs: list[tuple[str, str]]) -> None:
    """Whatever arrives, it is an outcome or an AlertError, and accepted only with a right proof."""
    try:
        parse_alert(sent, pairs, secrets=SECRETS)
    except AlertError:
        return
    assert (DATADOG_SECRET in dict(pairs).values()) or (sent == BODY and SIGNATURE in dict(pairs).values())


@pytest.mark.parametrize(
    ("sent", "given_headers"),
    [
        (BODY, {**HEADERS, "Sentry-Hook-Signature": "0" * 64}),
        (b"{}", {"datadog-secret-token": DATADOG_SECRET}),
        (b"nonsense", {"datadog-secret-token": DATADOG_SECRET}),
        (b"nonsense", signed(b"nonsense")),
    ],
)
def test_no_leak(sent: bytes, given_headers: dict[str, str]) -> None:
    """No refusal shows a secret, not even in a traceback with the locals of our own frames."""
    with pytest.raises(AlertError) as caught:
        parse_alert(sent, given_headers, secrets=SECRETS)
    shown = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    ours = "".join(line for frame in shown.stack[1:] for line in (frame.locals or {}).values())

    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    for secret in (SENTRY_SECRET, DATADOG_SECRET):
        assert secret not in f"{caught.value!r}{SECRETS!r}{ours}"
