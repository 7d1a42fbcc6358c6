"""A fake misbehaves on order, the same way through every door."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from sentry_governed import Request
from sentry_governed.errors import NotSent, ReplyLost, RequestRefused
from sentry_governed.testing import Call, FakeAsana, FakeSentry, Fault, FrozenClock
from tests.testing.conftest import BROKEN, Door, OpenDoor, decoded

TASKS = "/api/1.0/tasks"
ME = "/api/1.0/users/me"
TASK = {"data": {"name": "A task", "projects": ["11"]}}
CREATE = Request("POST", TASKS, body=b'{"data":{"name":"A task","projects":["11"]}}')


@pytest.fixture
def asana(clock: FrozenClock) -> FakeAsana:
    """A workspace with one project."""
    fake = FakeAsana(clock=clock)
    fake.add_project("Web", gid="11")
    return fake


@pytest.fixture
def call(asana: FakeAsana, door: OpenDoor) -> Door:
    """A way to it."""
    return door(asana)


def test_calls(asana: FakeAsana, call: Door) -> None:
    """Every request is recorded as it came, failed ones too."""
    call("POST", TASKS, TASK)
    asana.faults.add(Fault.status(503))
    call("GET", TASKS, project="11", limit="5")
    first, second = asana.calls
    assert (first.method, first.path, first.json()) == ("POST", TASKS, TASK)
    assert (second.query, second.body) == ((("project", "11"), ("limit", "5")), None)
    assert (first.is_write, second.is_write) == (True, False)


def test_too_many(asana: FakeAsana, call: Door) -> None:
    """Asana's 429 says when to come back, and nothing is applied."""
    asana.faults.add(Fault.status(429, retry_after=1))
    refusal = call("POST", TASKS, TASK)
    assert (refusal.status, refusal.header("retry-after"), asana.tasks) == (429, "1", ())
    assert b'{"errors":[{"message":' in refusal.body
    assert call("POST", TASKS, TASK).status == 201


def test_too_many_for_sentry(clock: FrozenClock, door: OpenDoor) -> None:
    """Sentry's 429 is JSON that calls itself HTML, and says when to come back in its own header."""
    sentry = FakeSentry(clock=clock)
    sentry.faults.add(Fault.status(429, retry_after=7))
    refusal = door(sentry)("GET", "/api/0/organizations/")
    assert refusal.header("retry-after") is None
    assert refusal.header("content-type") == "text/html; charset=utf-8"
    assert refusal.header("x-sentry-rate-limit-reset") == str(int(clock.time()) + 7)
    assert b"too frequently" in refusal.body


@pytest.mark.parametrize(
    ("code", "body"),
    [
        (401, b'{"detail":"Invalid token"}'),
        (403, b'{"detail":"You do not have permission to perform this action."}'),
        (410, b'{"message":"This API no longer exists."}'),
        (500, b'{"detail":"Internal Error","errorId":"00000000000000000000000000000000"}'),
        (502, b"<html>Bad gateway</html>"),
    ],
)
def test_sentry_errors(door: OpenDoor, code: int, body: bytes) -> None:
    """Sentry's errors have the shapes that it uses for them."""
    sentry = FakeSentry()
    sentry.faults.add(Fault.status(code))
    answer = door(sentry)("GET", "/api/0/organizations/")
    assert (answer.status, answer.body) == (code, body)


@pytest.mark.parametrize("code", [401, 402, 403, 404, 429, 451, 500])
def test_asana_errors(asana: FakeAsana, call: Door, code: int) -> None:
    """Asana's errors are lists of messages."""
    asana.faults.add(Fault.status(code))
    answer = call("GET", ME)
    assert answer.status == code
    assert b'{"errors":[{"message":' in answer.body


@pytest.mark.parametrize(
    ("fake", "path"), [(FakeAsana(), ME), (FakeSentry(), "/api/0/organizations/")], ids=["asana", "sentry"]
)
def test_own_body(fake: FakeAsana | FakeSentry, path: str, door: OpenDoor) -> None:
    """A fault can bring its own body and headers."""
    fake.faults.add(Fault.status(502, body=b"<h1>proxy</h1>", headers=(("via", "1.1 proxy"),)))
    answer = door(fake)("GET", path)
    assert (answer.status, answer.body, answer.header("via")) == (502, b"<h1>proxy</h1>", "1.1 proxy")


@pytest.mark.parametrize(
    ("fault", "applied"), [(Fault.not_sent(), 0), (Fault.reply_lost(), 1), (Fault.cut(), 1)]
)
def test_broken(asana: FakeAsana, call: Door, fault: Fault, applied: int) -> None:
    """A connection that breaks leaves the request applied or not, and says neither, at once."""
    asana.faults.add(fault)
    start = time.monotonic()
    with pytest.raises(BROKEN):
        call("POST", TASKS, TASK)
    assert time.monotonic() - start < 3
    assert len(asana.tasks) == applied
    assert call("POST", TASKS, TASK).status == 201


def test_which_error(asana: FakeAsana) -> None:
    """In process the error tells whether the request was sent."""
    asana.faults.add(Fault.not_sent())
    asana.faults.add(Fault.reply_lost())
    with pytest.raises(NotSent):
        asana.send(CREATE)
    with pytest.raises(ReplyLost):
        asana.send(CREATE)
    with pytest.raises(RequestRefused):
        asana.send(Request("GET", "/api/1.0/tasks/{task}", params=(("task", ".."),)))


def test_slow(asana: FakeAsana, clock: FrozenClock) -> None:
    """A slow answer takes the fake's time, and outlasts a short timeout after being applied."""
    asana.faults.add(Fault.slow(10), times=4)
    start = clock.time()
    assert asana.send(CREATE, timeout=20).status == 201
    assert clock.time() == start + 10
    with pytest.raises(ReplyLost):
        asana.send(CREATE, timeout=3)
    assert clock.time() == start + 13
    assert asyncio.run(asana.aio.send(CREATE)).status == 201
    with pytest.raises(ReplyLost):
        asyncio.run(asana.aio.send(CREATE, timeout=3))
    assert len(asana.tasks) == 4
    assert clock.time() == start + 26


def test_really_slow(door: OpenDoor) -> None:
    """Without a frozen clock a slow answer takes real time, through every door."""
    fake = FakeAsana()
    fake.faults.add(Fault.slow(0.05), times=2)
    call = door(fake)
    start = time.monotonic()
    assert call("GET", ME).status == 200
    assert time.monotonic() - start >= 0.05
    fake.faults.clear()
    fake.faults.add(Fault.slow(5))
    with pytest.raises(ReplyLost):
        call.sender.send(Request("GET", ME), timeout=0.05)
    assert time.monotonic() - start < 4


def test_order(asana: FakeAsana, call: Door) -> None:
    """Orders are served in turn, each to the calls that fit, until they are used up."""
    asana.faults.add(Fault.status(500), when=lambda one: one.method == "POST", times=2)
    asana.faults.add(Fault.status(503))
    statuses = [call("GET", ME).status, *(call("POST", TASKS, TASK).status for _ in range(3))]
    assert statuses == [503, 500, 500, 201]


def test_for_ever(asana: FakeAsana, call: Door) -> None:
    """An order without a number lasts until faults are cleared."""
    asana.faults.add(Fault.status(503), times=None)
    assert [call("GET", ME).status for _ in range(3)] == [503] * 3
    asana.faults.clear()
    assert call("GET", ME).status == 200


def statuses(seed: int) -> list[int]:
    """What a hundred calls get under random faults."""
    fake = FakeAsana()
    fake.faults.randomly({Fault.status(503): 20, Fault.status(429): 10}, seed=seed)
    request = Request("GET", ME)
    return [fake.send(request).status for _ in range(1000)]


def test_random() -> None:
    """Random faults come about as often as asked, and the same for the same seed."""
    assert statuses(1) == statuses(1) != statuses(2)
    counted = Counter(statuses(1))
    assert 150 < counted[503] < 250
    assert 60 < counted[429] < 140
    assert counted.keys() == {200, 503, 429}


def test_random_choice(asana: FakeAsana) -> None:
    """Random faults can be kept to some calls, and cleared."""
    asana.faults.randomly({Fault.status(503): 100}, seed=1, when=lambda one: one.is_write)
    assert asana.send(Request("GET", ME)).status == 200
    assert asana.send(CREATE).status == 503
    asana.faults.clear()
    assert asana.send(CREATE).status == 201


@pytest.mark.parametrize("chances", [{Fault.status(503): 101.0}, {Fault.status(503): -1.0}])
def test_bad_chances(asana: FakeAsana, chances: dict[Fault, float]) -> None:
    """Chances that are no percentages are refused."""
    with pytest.raises(ValueError, match="add up to at most 100"):
        asana.faults.randomly(chances, seed=1)


def test_extra_headers(asana: FakeAsana, call: Door) -> None:
    """Headers can be added to every answer, errors included."""
    asana.extra_headers.append(("asana-change", "name=new_thing;info=https://example.com"))
    for path in (ME, "/api/1.0/tasks/404"):
        assert call("GET", path).header("asana-change") == "name=new_thing;info=https://example.com"


def in_flight(fake: FakeAsana, request: Request, number: int) -> Counter[int]:
    """The statuses of that many calls at once."""
    with ThreadPoolExecutor(number) as pool:
        return Counter(answer.status for answer in pool.map(fake.send, [request] * number))


def test_capacity() -> None:
    """Asana takes 15 writes and 50 reads at once, and refuses the rest."""
    fake = FakeAsana()
    fake.add_project("Web", gid="11")
    fake.faults.add(Fault.slow(0.3), times=None)
    assert in_flight(fake, CREATE, 18) == {201: 15, 429: 3}
    assert (fake.peak_writes > 15, fake.peak_reads) == (True, 0)
    assert in_flight(fake, Request("GET", ME), 53) == {200: 50, 429: 3}
    assert fake.peak_reads > 50


def test_many_threads(asana: FakeAsana, call: Door) -> None:
    """Concurrent creates lose nothing and share no id."""
    with asana.serve() as base_url, httpx.Client(base_url=base_url) as client, ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: client.post(TASKS, json=TASK), range(200)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({task.gid for task in asana.tasks}) == 200


def test_token(clock: FrozenClock) -> None:
    """Over HTTP the token is checked, and kept out of what is recorded and shown."""
    asana, sentry = FakeAsana(token="canary", clock=clock), FakeSentry(token="canary", clock=clock)
    for fake, path in ((asana, ME), (sentry, "/api/0/organizations/")):
        with fake.serve() as base_url:
            for header, status in (
                ({"Authorization": "Bearer canary"}, 200),
                ({"Authorization": "Bearer wrong"}, 401),
                ({"Authorization": "Basic canary"}, 401),
                ({}, 401),
            ):
                assert httpx.get(base_url + path, headers=header).status_code == status
        assert "canary" not in repr((fake, fake.calls))
        assert fake.send(Request("GET", path)).status == 200


def connected(base_url: str) -> socket.socket:
    """A bare connection."""
    url = httpx.URL(base_url)
    return socket.create_connection((url.host, url.port or 0), timeout=5)


def test_keep_alive(asana: FakeAsana) -> None:
    """One connection serves several requests."""
    with asana.serve() as base_url, connected(base_url) as raw:
        for _ in range(2):
            raw.sendall(f"GET {ME} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            assert raw.recv(65_536).startswith(b"HTTP/1.1 200 ")


def test_stops(asana: FakeAsana) -> None:
    """Leaving the context ends idle connections, slow answers and every thread."""
    before = threading.active_count()
    with httpx.Client() as idle, ThreadPoolExecutor(1) as pool:
        with asana.serve() as base_url:
            idle.get(base_url + ME)
            asana.faults.add(Fault.slow(30))
            pending = pool.submit(httpx.get, base_url + ME, timeout=10)
            while len(asana.calls) < 2:
                time.sleep(0.01)
            start = time.monotonic()
        assert time.monotonic() - start < 3
        assert pending.exception() is None or isinstance(pending.exception(), httpx.TransportError)
    assert threading.active_count() == before


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"POST /api/1.0/tasks HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n", b"413"),
        (b"POST /api/1.0/tasks HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", b"413"),
        (b"GET /api/1.0/users/me HTTP/1.1\r\nHost: x\r\n\r\n", b"200"),
    ],
)
def test_body_bound(asana: FakeAsana, head: bytes, status: bytes) -> None:
    """A body that is declared too large, or oddly, is not read."""
    with asana.serve() as base_url, connected(base_url) as raw:
        raw.sendall(head)
        assert raw.recv(65_536).split()[1] == status


def test_call_json() -> None:
    """A call without JSON says so."""
    with pytest.raises(ValueError, match="Expecting value"):
        Call("GET", ME).json()
    assert decoded(FakeAsana().send(Request("GET", ME))) is not None
