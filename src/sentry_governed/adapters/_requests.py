"""A name for each request, in the log and in the answer."""

from __future__ import annotations

import secrets
from typing import cast

from sentry_governed.adapters._logs import request_id
from sentry_governed.adapters.webhooks import AsgiApp
from sentry_governed.adapters.webhooks._asgi import AsgiEvent, Receive, Send


def identified(app: AsgiApp) -> AsgiApp:
    """The application, with an id for each request: in what is logged meanwhile, and as `x-request-id`."""

    async def identify(scope: AsgiEvent, receive: Receive, send: Send) -> None:
        name = secrets.token_hex(8)
        request_id.set(name)  # a request is a task, with a context of its own

        async def send_named(event: AsgiEvent) -> None:
            if event["type"] == "http.response.start":
                headers = cast("list[tuple[bytes, bytes]]", event.get("headers", []))
                event = {**event, "headers": [*headers, (b"x-request-id", name.encode())]}
            await send(event)

        await app(scope, receive, send_named)

    return identify
