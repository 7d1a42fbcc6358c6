"""How anything leaves the process: flows and their two drivers, and the senders below them.

The senders bring the HTTP and retry libraries with them, so they are loaded when they are first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sentry_governed._http.drivers import AsyncService, Service, arun, run
from sentry_governed._http.endpoint import Credential, Endpoint, bearer
from sentry_governed._http.flow import Flow, Step, check, ledger_get, ledger_put, now, send, within
from sentry_governed._http.retry import RetryPolicy
from sentry_governed._lazy import later

if TYPE_CHECKING:
    from sentry_governed._http._httpx import AsyncHttpSender as AsyncHttpSender
    from sentry_governed._http._httpx import HttpSender as HttpSender
    from sentry_governed._http._tenacity import AsyncRetryingSender as AsyncRetryingSender
    from sentry_governed._http._tenacity import RetryingSender as RetryingSender

__all__ = [
    "AsyncHttpSender",
    "AsyncRetryingSender",
    "AsyncService",
    "Credential",
    "Endpoint",
    "Flow",
    "HttpSender",
    "RetryPolicy",
    "RetryingSender",
    "Service",
    "Step",
    "arun",
    "bearer",
    "check",
    "ledger_get",
    "ledger_put",
    "now",
    "run",
    "send",
    "within",
]

__getattr__ = later(
    __name__,
    {
        "_httpx": "AsyncHttpSender HttpSender",
        "_tenacity": "AsyncRetryingSender RetryingSender",
    },
)
