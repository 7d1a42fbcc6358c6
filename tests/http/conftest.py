"""One suite for both drivers: `drive` runs a flow with `run` or with `asyncio.run(arun(...))`."""

from __future__ import annotations

import asyncio
import time
from typing import TypeVar

import attrs
import pytest

from sentry_governed import AllowAll, Request, Response, TransportError
from sentry_governed._http import (
    AsyncHttpSender,
    AsyncRetryingSender,
    AsyncService,
    Endpoint,
    Flow,
    HttpSender,
    RetryingSender,
    RetryPolicy,
    Service,
    arun,
    run,
    send,
)
from sentry_governed.typing import Authorizer, Clock, Ledger, Sender
from tests.http.makers import GET, READ, FakeClock, endpoint
from tests.http.servers import Play, Server

T = TypeVar("T")


@attrs.frozen
class Awaited:
    """A sender as an asynchronous one."""

    sender: Sender

    async def send(self, request: Request, *, timeout: float | None = None) -> Response:
        await asyncio.sleep(0)
        return self.sender.send(request, timeout=timeout)


@attrs.frozen
class Drive:
    """One of the two drivers, with what belongs to it."""

    is_async: bool

    def __call__(
        self,
        flow: Flow[T],
        sender: Sender,
        authorizer: Authorizer,
        *,
        ledger: Ledger | None = None,
        clock: Clock = time,
        approval: str | None = None,
        deadline: float | None = None,
    ) -> T:
        """Drive a flow whose only service is `sentry`."""
        if self.is_async:
            return asyncio.run(
                arun(
                    flow,
                    {"sentry": AsyncService(Awaited(sender), authorizer)},
                    ledger=ledger,
                    clock=clock,
                    approval=approval,
                    deadline=deadline,
                )
            )
        services = {"sentry": Service(sender, authorizer)}
        return run(flow, services, ledger=ledger, clock=clock, approval=approval, deadline=deadline)

    def http(self, endpoint: Endpoint, *requests: Request, deadline: float | None = None) -> list[Response]:
        """Send requests over one real sender, allowing everything."""
        if self.is_async:
            return asyncio.run(_over_asyncio(endpoint, requests, deadline))
        with HttpSender(endpoint) as sender:
            return run(_all(requests), {"sentry": Service(sender, AllowAll())}, deadline=deadline)

    def fails(
        self,
        play: Play,
        request: Request = GET,
        *,
        timeout: float = 30.0,
        max_response_bytes: int = 16 * 2**20,
    ) -> TransportError:
        """The error of one request to such a server."""
        with Server(play) as server:
            bounds = endpoint(server.origin, timeout=timeout, max_response_bytes=max_response_bytes)
            with pytest.raises(TransportError) as caught:
                self.http(bounds, request)
        return caught.value

    def retrying(
        self,
        sender: Sender,
        request: Request,
        *,
        clock: FakeClock,
        policy: RetryPolicy | None = None,
        random: float = 0.0,
        timeout: float | None = None,
    ) -> Response:
        """Send through the retrying sender; sleeping moves the clock."""
        policy = policy or RetryPolicy()
        if self.is_async:
            patient = AsyncRetryingSender(Awaited(sender), policy, clock, clock.asleep, lambda: random)
            return asyncio.run(patient.send(request, timeout=timeout))
        return RetryingSender(sender, policy, clock, clock.sleep, lambda: random).send(
            request, timeout=timeout
        )


async def _over_asyncio(
    endpoint: Endpoint, requests: tuple[Request, ...], deadline: float | None
) -> list[Response]:
    async with AsyncHttpSender(endpoint) as sender:
        services = {"sentry": AsyncService(sender, AllowAll())}
        return await arun(_all(requests), services, deadline=deadline)


def _all(requests: tuple[Request, ...]) -> Flow[list[Response]]:
    answers: list[Response] = []
    for request in requests:
        answer = yield from send("sentry", READ, request)
        answers += [answer]
    return answers


@pytest.fixture(scope="session", params=["run", "arun"])
def drive(request: pytest.FixtureRequest) -> Drive:
    """Either driver."""
    return Drive(request.param == "arun")
