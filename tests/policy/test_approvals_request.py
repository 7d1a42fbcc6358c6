"""The exact request that waits for approval, and its JSON."""

import json
import pickle

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentry_governed._approval_request import ApprovalRequest
from sentry_governed._operation import Operation
from sentry_governed._values import Request
from sentry_governed.errors import ApprovalRefused

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
PAIRS = st.lists(st.tuples(TEXT, TEXT), max_size=3).map(tuple)
TEXTS = st.lists(TEXT, max_size=3).map(tuple)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
REQUESTS = st.builds(
    ApprovalRequest,
    action=TEXT,
    implied=TEXTS,
    service=TEXT,
    org=st.none() | TEXT,
    projects=st.none() | TEXTS,
    resource=st.none() | TEXT,
    principal=st.none() | TEXT,
    method=TEXT,
    template=TEXT,
    params=PAIRS,
    query=PAIRS,
    body=st.none() | TEXT,
    policy_digest=TEXT,
    created_at=st.floats(0, 4e9),
)
SAMPLE = ApprovalRequest.of(
    Operation("issues.resolve", "write", "project", org="my-org", projects=("web",), resource="123"),
    Request(
        "PUT",
        "/organizations/{org}/issues/{issue}/",
        params=(("org", "my-org"), ("issue", "123")),
        query=(("a", "1"),),
        body=b'{"status":"resolved"}',
        idempotent=True,
    ),
    policy_digest="sha256:00",
    created_at=1700000000.5,
    principal="ana",
)
CHANGED = {
    "action": attrs.evolve(SAMPLE, action="issues.ignore"),
    "implied": attrs.evolve(SAMPLE, implied=("issues.assign",)),
    "service": attrs.evolve(SAMPLE, service="asana"),
    "org": attrs.evolve(SAMPLE, org="other"),
    "projects": attrs.evolve(SAMPLE, projects=("moved",)),
    "resource": attrs.evolve(SAMPLE, resource="124"),
    "principal": attrs.evolve(SAMPLE, principal="ben"),
    "method": attrs.evolve(SAMPLE, method="POST"),
    "template": attrs.evolve(SAMPLE, template="/organizations/{org}/issues/{issue}"),
    "params": attrs.evolve(SAMPLE, params=(("org", "my-org"), ("issue", "124"))),
    "query": attrs.evolve(SAMPLE, query=(("a", "1"), ("a", "1"))),
    "body": attrs.evolve(SAMPLE, body='{"status": "resolved"}'),
    "policy_digest": attrs.evolve(SAMPLE, policy_digest="sha256:01"),
}


def test_of() -> None:
    """A request is described by all that is sent, all that was found out about it, and who asks."""
    assert (SAMPLE.action, SAMPLE.org, SAMPLE.projects, SAMPLE.resource) == (
        "issues.resolve",
        "my-org",
        ("web",),
        "123",
    )
    assert (SAMPLE.method, SAMPLE.template) == ("PUT", "/organizations/{org}/issues/{issue}/")
    assert SAMPLE.params == (("org", "my-org"), ("issue", "123"))
    assert SAMPLE.query == (("a", "1"),)
    assert SAMPLE.body == '{"status":"resolved"}'
    assert (SAMPLE.policy_digest, SAMPLE.created_at, SAMPLE.principal) == ("sha256:00", 1700000000.5, "ana")


def test_not_utf8() -> None:
    """A body that cannot be shown as it is cannot be approved."""
    operation = Operation("issues.update", "write", "project")

    with pytest.raises(ApprovalRefused, match="not UTF-8 at byte 1"):
        ApprovalRequest.of(operation, Request("PUT", "/x/", body=b"a\xff"), policy_digest="d", created_at=0)


def test_too_large() -> None:
    """What no approver could read is refused when it is made."""
    with pytest.raises(ApprovalRefused, match="more than the 1048576"):
        attrs.evolve(SAMPLE, body="x" * 1024 * 1024)


def test_surrogate() -> None:
    """Half a surrogate pair is refused, so that two texts never share a hash."""
    with pytest.raises(ApprovalRefused, match="surrogate"):
        attrs.evolve(SAMPLE, resource="\ud83d\ude00")


def test_same_hash() -> None:
    """The same write asked again later has the same hash."""
    assert attrs.evolve(SAMPLE, created_at=1.0).hash == SAMPLE.hash


@pytest.mark.parametrize("name", CHANGED)
def test_other_hash(name: str) -> None:
    """Every other field is covered by the hash."""
    assert CHANGED[name].hash != SAMPLE.hash


def test_all_changes() -> None:
    """No field escapes the test above."""
    assert set(CHANGED) == {field.name for field in attrs.fields(ApprovalRequest)} - {"created_at", "hash"}


@given(REQUESTS, REQUESTS)
def test_hash_tells_apart(left: ApprovalRequest, right: ApprovalRequest) -> None:
    """Two requests have one hash only when nothing but the time differs."""
    assert (left.hash == right.hash) == (attrs.evolve(left, created_at=right.created_at) == right)


@given(REQUESTS)
def test_round_trip(request: ApprovalRequest) -> None:
    """What was written is read back, from text and from bytes, as one line."""
    text = request.to_json()

    assert ApprovalRequest.from_json(text) == request
    assert ApprovalRequest.from_json(text.encode()) == request
    assert "\n" not in text


def test_pickle() -> None:
    """A request survives pickling with its hash."""
    assert pickle.loads(pickle.dumps(SAMPLE)) == SAMPLE


def test_repr() -> None:
    """The body is not in the repr."""
    assert "resolved" not in repr(SAMPLE)


@given(st.sampled_from([*CHANGED, "hash", "created_at", "version"]))
def test_missing(name: str) -> None:
    """Every field has to be there."""
    found = json.loads(SAMPLE.to_json())
    del found[name]

    with pytest.raises(ApprovalRefused, match=f"lacks {name}"):
        ApprovalRequest.from_json(json.dumps(found))


def test_unknown() -> None:
    """A field that is not known could change what it means."""
    with pytest.raises(ApprovalRefused, match="does not know"):
        ApprovalRequest.from_json(json.dumps({**json.loads(SAMPLE.to_json()), "twice": True}))


@pytest.mark.parametrize("name", CHANGED)
def test_edited(name: str) -> None:
    """A field that was edited without its hash is found out."""
    found = json.loads(SAMPLE.to_json())
    found[name] = json.loads(CHANGED[name].to_json())[name]

    with pytest.raises(ApprovalRefused, match="edited"):
        ApprovalRequest.from_json(json.dumps(found))


@given(name=st.sampled_from([*CHANGED, "hash", "created_at", "version"]), value=JSON)
def test_wrong_value(name: str, value: object) -> None:
    """Whatever stands in a field, it is read exactly or refused."""
    found = {**json.loads(SAMPLE.to_json()), name: value}
    try:
        read = ApprovalRequest.from_json(json.dumps(found))
    except ApprovalRefused:
        return
    assert read.hash == SAMPLE.hash


@pytest.mark.parametrize("value", [True, -1, "0", None, 253_402_300_800], ids=repr)
def test_instant(value: object) -> None:
    """The time is a number of seconds that a calendar knows."""
    with pytest.raises(ApprovalRefused, match="created_at"):
        ApprovalRequest.from_json(json.dumps({**json.loads(SAMPLE.to_json()), "created_at": value}))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "not one JSON object"),
        ("[]", "not one JSON object"),
        ("[" * 100_000, "not one JSON object"),
        ('{"a":' + "9" * 5000 + "}", "not one JSON object"),
        ('{"version":1,"version":1}', "a field twice"),
        ('{"created_at":NaN}', "not JSON"),
        (b"\xff", "not UTF-8 at byte 0"),
        (" " * (2 * 1024 * 1024 + 1), "above 2097152 bytes"),
        (SAMPLE.to_json().replace('"version":1', '"version":2'), "another version"),
    ],
    ids=["empty", "list", "deep", "digits", "twice", "nan", "bytes", "large", "version"],
)
def test_not_a_request(text: str | bytes, problem: str) -> None:
    """What is no request is refused with the reason."""
    with pytest.raises(ApprovalRefused, match=problem):
        ApprovalRequest.from_json(text)


@given(st.text() | st.binary())
def test_fuzz(text: str | bytes) -> None:
    """Bytes of strangers raise one error and no other."""
    with pytest.raises(ApprovalRefused):
        ApprovalRequest.from_json(text)


@given(st.integers(0, len(SAMPLE.to_json()) - 1), st.integers(0, 7))
def test_flipped(place: int, bit: int) -> None:
    """A flipped bit is refused, or leaves the bound fields as they were."""
    raw = bytearray(SAMPLE.to_json().encode())
    raw[place] ^= 1 << bit
    try:
        read = ApprovalRequest.from_json(bytes(raw))
    except ApprovalRefused:
        return
    assert attrs.evolve(read, created_at=SAMPLE.created_at) == SAMPLE
