"""Ways to reach a fake: in process, asynchronously, and over loopback HTTP."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Protocol
from urllib.parse import quote

import attrs
import httpx
import pytest

from sentry_governed import Request, Response
from sentry_governed.errors import NotSent, ReplyLost
from sentry_governed.testing import FakeAsana, FakeInstallation, FakeSentry, FrozenClock
from sentry_governed.typing import JsonValue, Sender

Fake = FakeAsana | FakeSentry
Pairs = tuple[tuple[str, str], ...]


@attrs.frozen
class Door:
    """One way to reach one fake."""

    sender: Sender

    def __call__(self, method: str, path: str, body: JsonValue = None, **query: str) -> Response:
        """Send one request; a body is sent as JSON."""
        content = None if body is None else json.dumps(body).encode()
        return self.sender.send(Request(method, path, query=tuple(query.items()), body=content))

    def data(self, method: str, path: str, body: JsonValue = None, **query: str) -> JsonValue:
        """The decoded body of a successful answer."""
        response = self(method, path, body, **query)
        assert response.status < 300, response.body
        return decoded(response)


def decoded(response: Response) -> JsonValue:
    """An answer's JSON."""
    value: JsonValue = json.loads(response.body)
    return value


@attrs.frozen
class _Async:
    _fake: Fake

    def send(self, request: Request, *, timeout: float | None = None) -> Response:
        return asyncio.run(self._fake.aio.send(request, timeout=timeout))


@attrs.frozen
class _Http:
    """A bare client, with the errors that every sender raises."""

    _client: httpx.Client
    _installation: FakeInstallation | None

    def send(self, request: Request, *, timeout: float | None = None) -> Response:
        try:
            answer = self._client.request(
                request.method,
                _filled(request),
                params=list(request.query),
                content=request.body,
                timeout=timeout or 5,
                headers=self._credentials(request.template),
            )
        except httpx.TransportError as error:
            raise ReplyLost(request.method, request.template, str(error)) from error
        pairs = tuple((name.lower(), value) for name, value in answer.headers.multi_items())
        return Response(answer.status_code, pairs, answer.content)

    def _credentials(self, path: str) -> dict[str, str]:
        known = self._installation
        if known is None or "/sentry-app-installations/" not in path:
            return {}
        return {"Authorization": f"Bearer {known.token}"}


def _filled(request: Request) -> str:
    path = request.template
    for name, value in request.params:
        path = path.replace(f"{{{name}}}", quote(value, safe=""))
    return path


class OpenDoor(Protocol):
    """Opens a fake."""

    def __call__(self, fake: Fake, installation: FakeInstallation | None = None) -> Door: ...


BROKEN = (NotSent, ReplyLost)


@pytest.fixture
def clock() -> FrozenClock:
    """A clock that stands still."""
    return FrozenClock()


@pytest.fixture(params=["in process", "async", "http"])
def door(request: pytest.FixtureRequest) -> Iterator[OpenDoor]:
    """Opens a fake, each way in turn."""
    with ExitStack() as stack:

        def opened(fake: Fake, installation: FakeInstallation | None = None) -> Door:
            if request.param == "in process":
                return Door(fake)
            if request.param == "async":
                return Door(_Async(fake))
            base_url = stack.enter_context(fake.serve())
            headers = {} if fake.token is None else {"Authorization": f"Bearer {fake.token}"}
            client = stack.enter_context(httpx.Client(base_url=base_url, headers=headers))
            return Door(_Http(client, installation))

        yield opened


@pytest.fixture
def asana(clock: FrozenClock) -> FakeAsana:
    """A workspace with one project."""
    fake = FakeAsana(token="pat", clock=clock)
    fake.add_project("Web", gid="11")
    return fake


@pytest.fixture
def sentry(clock: FrozenClock) -> FakeSentry:
    """Two organizations; one has an issue with two events."""
    fake = FakeSentry(token="sntryu_main", clock=clock)
    fake.add_org("acme", org_id="501")
    fake.add_project("acme", "web", project_id="601")
    fake.add_project("acme", "api", project_id="602")
    fake.add_project("other", "web")
    fake.add_issue("acme", "web", issue_id="1001", title="ValueError: out of range")
    fake.add_event("1001", event_id="a" * 32, tags={"service": "shop", "retry": True}, seen=clock.time() - 60)
    fake.add_event("1001", event_id="b" * 32, tags={"service": ["shop", "cart"]}, environment=None)
    return fake


@pytest.fixture
def installation(sentry: FakeSentry) -> FakeInstallation:
    """An integration of the first organization."""
    return sentry.add_installation("acme", app_slug="linker")
