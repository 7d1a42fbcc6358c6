"""Signed approvals: what a token allows, and what it does not."""

import copy
import logging
import pickle
import traceback
from pathlib import Path

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentry_governed._approval_request import ApprovalRequest
from sentry_governed._secret import Secret
from sentry_governed.errors import ApprovalRefused, ApprovalRequired, ConfigError
from sentry_governed.policy import CallbackApprovals, SignedApprovals
from sentry_governed.policy._approvals_token import Grant, write_token
from sentry_governed.testing import FrozenClock
from tests.policy.test_approvals_request import CHANGED, SAMPLE

KEY = Secret("k" * 31 + "1")
OTHER = Secret("k" * 31 + "2")
CANARY = Secret("canary" * 6)
NOBODY = attrs.evolve(SAMPLE, principal=None)


def outcome(approvals: SignedApprovals, token: str) -> str:
    """What using a token comes to."""
    try:
        return approvals.consume(token, NOBODY)
    except ApprovalRefused as error:
        return str(error)


def test_allows(approvals: SignedApprovals) -> None:
    """A token allows the request that it was issued for, and names its approval."""
    token = approvals.issue(NOBODY, expires_in=60)

    assert len(approvals.consume(token, NOBODY)) == 16


def test_asked_again_later(approvals: SignedApprovals, clock: FrozenClock) -> None:
    """The same write asked again later is the same request."""
    token = approvals.issue(NOBODY, expires_in=60)

    assert approvals.consume(token, attrs.evolve(NOBODY, created_at=clock.time()))


def test_no_token(approvals: SignedApprovals) -> None:
    """Without a token the caller is handed what has to be approved."""
    with pytest.raises(ApprovalRequired) as caught:
        approvals.consume(None, NOBODY)

    assert caught.value.request == NOBODY


def test_once(approvals: SignedApprovals) -> None:
    """A token is spent by its first use."""
    token = approvals.issue(NOBODY, expires_in=60)
    approvals.consume(token, NOBODY)

    with pytest.raises(ApprovalRefused, match="is spent"):
        approvals.consume(token, NOBODY)


def test_two_tokens(approvals: SignedApprovals) -> None:
    """Two approvals of one request are two sends."""
    first, second = (approvals.issue(NOBODY, expires_in=60) for _ in range(2))

    assert approvals.consume(first, NOBODY) != approvals.consume(second, NOBODY)


@pytest.mark.parametrize("name", sorted(set(CHANGED) - {"principal", "policy_digest"}))
def test_other_request(approvals: SignedApprovals, name: str) -> None:
    """A token is no good once anything has changed or moved, and the attempt does not spend it."""
    token = approvals.issue(NOBODY, expires_in=60)

    with pytest.raises(ApprovalRefused, match="it was changed, or what it acts on has moved"):
        approvals.consume(token, attrs.evolve(CHANGED[name], principal=None))
    assert approvals.consume(token, NOBODY)


def test_other_policy(approvals: SignedApprovals) -> None:
    """A token is no good under another policy."""
    token = approvals.issue(NOBODY, expires_in=60)

    with pytest.raises(ApprovalRefused, match="policy has changed"):
        approvals.consume(token, attrs.evolve(NOBODY, policy_digest="sha256:01"))


@pytest.mark.parametrize(("after", "good"), [(0, True), (64.9, True), (65, False), (1e9, False)])
def test_expiry(approvals: SignedApprovals, clock: FrozenClock, after: float, good: bool) -> None:
    """A token is good until its expiry and the skew that clocks are allowed."""
    token = approvals.issue(NOBODY, expires_in=60)
    clock.advance(after)

    assert ("has expired" in outcome(approvals, token)) is not good


@pytest.mark.parametrize(("ahead", "good"), [(5, True), (5.1, False)])
def test_issued_ahead(approvals: SignedApprovals, ahead: float, good: bool) -> None:
    """A token from a clock that is ahead by more than the skew is refused."""
    elsewhere = SignedApprovals([KEY], clock=FrozenClock(1_700_000_000.0 + ahead))
    token = elsewhere.issue(NOBODY, expires_in=60)

    assert ("from the future" in outcome(approvals, token)) is not good


@pytest.mark.parametrize("seconds", [0, -1, 3600.1, float("nan"), float("inf")])
def test_lifetime(approvals: SignedApprovals, seconds: float) -> None:
    """A token that is good for too long, or never, is not issued."""
    with pytest.raises(ApprovalRefused, match="cannot be good for"):
        approvals.issue(NOBODY, expires_in=seconds)


def test_longest_lifetime(approvals: SignedApprovals) -> None:
    """A token may be good for exactly the longest time."""
    assert approvals.consume(approvals.issue(NOBODY, expires_in=3600), NOBODY)


def test_lifetime_where_it_is_used(approvals: SignedApprovals, clock: FrozenClock) -> None:
    """Who accepts a token sets its own longest lifetime."""
    generous = SignedApprovals([KEY], max_age=7200, clock=clock)
    token = generous.issue(NOBODY, expires_in=3601)

    with pytest.raises(ApprovalRefused, match="longer than 3600"):
        approvals.consume(token, NOBODY)


def test_other_key(approvals: SignedApprovals, clock: FrozenClock) -> None:
    """A token that a stranger signed is refused."""
    token = SignedApprovals([OTHER], clock=clock).issue(NOBODY, expires_in=60)

    with pytest.raises(ApprovalRefused, match="key that is not known"):
        approvals.consume(token, NOBODY)


def test_forged_key_id(approvals: SignedApprovals, clock: FrozenClock) -> None:
    """A stranger's token is refused under the name of a known key too."""
    forged = SignedApprovals([OTHER], clock=clock).issue(NOBODY, expires_in=60).split(".")
    forged[1] = approvals.issue(NOBODY, expires_in=60).split(".")[1]

    with pytest.raises(ApprovalRefused, match="signature"):
        approvals.consume(".".join(forged), NOBODY)


def test_rotation(clock: FrozenClock) -> None:
    """With a new key in front, old tokens stay good, and new ones are signed with the new key."""
    both = SignedApprovals([OTHER, KEY], clock=clock)

    assert both.consume(SignedApprovals([KEY], clock=clock).issue(NOBODY, expires_in=60), NOBODY)
    assert SignedApprovals([OTHER], clock=clock).consume(both.issue(NOBODY, expires_in=60), NOBODY)


FIXED = SignedApprovals([KEY], clock=FrozenClock(1_700_000_000.0))
TOKEN = FIXED.issue(NOBODY, expires_in=60)


@given(st.integers(0, len(TOKEN) - 1), st.integers(0, 6))
def test_flipped(place: int, bit: int) -> None:
    """Every bit of a token counts."""
    changed = TOKEN[:place] + chr(ord(TOKEN[place]) ^ 1 << bit) + TOKEN[place + 1 :]

    with pytest.raises(ApprovalRefused):
        FIXED.consume(changed, NOBODY)


@given(
    st.text()
    | st.text(alphabet="sga1.0f=").map(lambda text: TOKEN + text)
    | st.integers(0, 99).map(lambda n: TOKEN[:n])
)
def test_fuzz(token: str) -> None:
    """What is not the whole token is refused, and never quoted."""
    if token == TOKEN:
        return
    with pytest.raises(ApprovalRefused) as caught:
        FIXED.consume(token, NOBODY)

    assert len(str(caught.value)) < 130


@pytest.mark.parametrize(
    "token", ["", f"{TOKEN}\n", f" {TOKEN}", TOKEN.upper(), f"{TOKEN}=", "\ud800", "sga1.é.é.é"]
)
def test_not_a_token(token: str) -> None:
    """A token is taken to the letter."""
    with pytest.raises(ApprovalRefused, match="copy the whole of it"):
        FIXED.consume(token, NOBODY)


@pytest.mark.parametrize("approver", ["ana", "ANA", " ana "])
def test_own_request(approvals: SignedApprovals, approver: str) -> None:
    """Nobody approves a request of their own."""
    with pytest.raises(ApprovalRefused, match="of their own"):
        approvals.issue(SAMPLE, expires_in=60, approver=approver)


def test_unnamed_approver(approvals: SignedApprovals) -> None:
    """Where it is known who asks, it has to be known who approves."""
    with pytest.raises(ApprovalRefused, match="has to say who approves"):
        approvals.issue(SAMPLE, expires_in=60)


def test_someone_else(approvals: SignedApprovals) -> None:
    """Somebody else may approve it, and nobody else may use it."""
    token = approvals.issue(SAMPLE, expires_in=60, approver="ben")

    with pytest.raises(ApprovalRefused, match="it was changed"):
        approvals.consume(token, attrs.evolve(SAMPLE, principal="eve"))
    assert approvals.consume(token, SAMPLE).endswith(" by ben")


def test_own_request_where_it_is_used(approvals: SignedApprovals) -> None:
    """A self-approval that somebody with the key signed by other means is refused as well."""
    grant = Grant(
        id="0" * 16,
        request_hash=SAMPLE.hash,
        policy_digest=SAMPLE.policy_digest,
        issued_at=1_700_000_000.0,
        expires_at=1_700_000_060.0,
        approver="ana",
    )

    with pytest.raises(ApprovalRefused, match="of their own"):
        approvals.consume(write_token(grant, KEY), SAMPLE)


@pytest.mark.parametrize("approver", ["", " ", "a\nb", "x" * 201, "\u202eana"])
def test_approver_name(approvals: SignedApprovals, approver: str) -> None:
    """An approver's name can be shown in one line."""
    with pytest.raises(ApprovalRefused, match="printable"):
        approvals.issue(NOBODY, expires_in=60, approver=approver)


@pytest.mark.parametrize(
    ("keys", "problem"),
    [([], "at least one key"), ([KEY, KEY], "none twice"), ([Secret("k" * 31)], "fewer than 32")],
    ids=["none", "twice", "short"],
)
def test_keys(keys: list[Secret], problem: str) -> None:
    """Keys are checked when they are given."""
    with pytest.raises(ConfigError, match=problem):
        SignedApprovals(keys)


@pytest.mark.parametrize(
    ("max_age", "skew"), [(0, 0), (-1, 0), (60, 60), (60, -1), (float("inf"), 1), (float("nan"), 1)]
)
def test_times(max_age: float, skew: float) -> None:
    """A lifetime without end, or one that is all skew, is refused."""
    with pytest.raises(ConfigError, match="max_age"):
        SignedApprovals([KEY], max_age=max_age, skew=skew)


def test_unusable_file(tmp_path: Path) -> None:
    """A file that cannot be made is found out at once."""
    with pytest.raises(ConfigError, match="directory does not exist"):
        SignedApprovals([KEY], store=tmp_path / "missing" / "approvals.db")


def test_waits() -> None:
    """Only what reads a file or asks a person has to run in a thread."""
    assert FIXED.blocking is False
    assert CallbackApprovals.blocking is True


def test_nothing_leaks(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Neither key nor token is in a repr, an error, its chain, its frames, a pickle or a log."""
    caplog.set_level(logging.DEBUG)
    approvals = SignedApprovals([CANARY], store=tmp_path / "approvals.db")
    token = approvals.issue(NOBODY, expires_in=60)
    approvals.consume(token, NOBODY)
    seen = [repr(approvals), str(vars(approvals))]
    for wrong in (token, token[:-1] + "x", token[:-1] + ("0" if token[-1] != "0" else "1")):
        try:
            approvals.consume(wrong, NOBODY)
        except ApprovalRefused as error:
            seen += [str(error), repr(error), repr(error.args), repr(pickle.dumps(error))]
            seen += traceback.format_exception(error)
            seen += [repr(copy.copy(error)), repr(error.__cause__), repr(error.__context__)]
    everything = "\n".join([*seen, caplog.text])

    assert "is spent" in everything
    assert CANARY.reveal() not in everything
    assert token[25:90] not in everything


def test_callback() -> None:
    """A function is shown the exact request, and its yes allows it once."""
    asked: list[ApprovalRequest] = []

    def ask(request: ApprovalRequest) -> bool:
        asked.append(request)
        return True

    approvals = CallbackApprovals(ask)

    assert approvals.consume(None, SAMPLE) != approvals.consume("ignored", SAMPLE)
    assert asked == [SAMPLE, SAMPLE]


@pytest.mark.parametrize("answer", [False, None, 1, "yes"])
def test_callback_declines(answer: object) -> None:
    """Only True is a yes."""
    approvals = CallbackApprovals(lambda _request: answer)  # type: ignore[arg-type, return-value]  # what is refused

    with pytest.raises(ApprovalRefused, match="was declined"):
        approvals.consume(None, SAMPLE)


def test_callback_fails() -> None:
    """A function that fails has not said yes."""

    def fail(_request: object) -> bool:
        raise TimeoutError("nobody answered")

    with pytest.raises(TimeoutError):
        CallbackApprovals(fail).consume(None, SAMPLE)
