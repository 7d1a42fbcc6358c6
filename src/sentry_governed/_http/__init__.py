"""How anything leaves the process: flows and their two drivers, and the senders below them.

The senders bring the HTTP and retry libraries with them, so they are loaded when they are first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sentry_governed._http.drivers import AsyncService, Service, arun, run
from sentry_governed._http.endpoint import Credential, Endpoint, bearer
from sentry_governed._http.flow import Flow, Step, check, ledger_get, ledger_put, now, send, within
from sentry_governed._http.retry import RetryPolicy

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

_HOME_OF = {
    "AsyncHttpSender": "_httpx",
    "HttpSender": "_httpx",
    "AsyncRetryingSender": "_tenacity",
    "RetryingSender": "_tenacity",
}


def __getattr__(name: str) -> object:
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = globals()[name] = getattr(import_module(f"{__name__}.{home}"), name)
    return value
