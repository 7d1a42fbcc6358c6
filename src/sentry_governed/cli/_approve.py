"""`sentry-governed approve`: a person says yes to one exact write."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import attrs
import click

from sentry_governed._approval_request import ApprovalRequest
from sentry_governed.cli._io import as_json_text, readable, refusals
from sentry_governed.cli._key import key_from
from sentry_governed.policy import SignedApprovals

_SECONDS: Final = {"s": 1, "m": 60, "h": 3600}


def _seconds(_context: click.Context, _parameter: click.Parameter, value: str) -> int:
    found = re.fullmatch(r"([1-9][0-9]{0,5})([smh])", value)
    if found is None:
        raise click.BadParameter(f"{value!r} is not a time such as 90s, 15m or 1h")
    return int(found[1]) * _SECONDS[found[2]]


@click.command()
@click.argument("request", metavar="REQUEST.json", type=readable())
@click.option(
    "--key-env",
    metavar="NAME",
    default="SENTRY_GOVERNED_APPROVAL_KEY",
    show_default=True,
    help="The environment variable that holds the key.",
)
@click.option(
    "--expires", callback=_seconds, default="15m", show_default=True, help="How long it is good for."
)
@click.option("--approver", metavar="NAME", help="Who approves it; needed where the request says who asks.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, stable for machines.")
@refusals
def approve(*, request: str, key_env: str, expires: int, approver: str | None, as_json: bool) -> None:
    """Show the write that waits for approval, and print the token that approves it.

    What is approved goes to standard error and the token alone to standard output. Whoever has the token can
    send this one write, once, until it expires: hand it only to who asked.

    \b
    sentry-governed approve request.json --expires 15m

    Exit codes: 0 approved, 1 the file was edited or may not be approved like this, 2 wrong usage.
    """
    key = key_from(key_env)
    found = ApprovalRequest.from_json(Path(request).read_bytes())
    token = SignedApprovals([key], max_age=max(expires, 60)).issue(
        found, expires_in=expires, approver=approver
    )
    if as_json:
        click.echo(as_json_text({"token": token, "expires_in": expires, "request": attrs.asdict(found)}))
        return
    for line in _lines(found):
        click.echo(line, err=True)
    click.echo(token)


def _lines(request: ApprovalRequest) -> list[str]:
    asked = datetime.fromtimestamp(request.created_at, UTC).isoformat(timespec="seconds")
    lines = [
        ("Action", ", ".join([request.action, *request.implied])),
        ("Org", request.org or "none"),
        ("Projects", ", ".join(request.projects or ()) or "none"),
        ("Resource", request.resource or "none"),
        ("Asked by", request.principal or "unknown"),
        ("Asked at", asked),
        ("Request", f"{request.method} {request.template} to {request.service}"),
        *((" in path", f"{name} = {value}") for name, value in request.params),
        *((" in query", f"{name} = {value}") for name, value in request.query),
        ("Body", request.body if request.body is not None else "none"),
        ("Policy", request.policy_digest),
        ("Hash", request.hash),
    ]
    return [f"{label:<11}{_visible(text)}" for label, text in lines]


def _visible(text: str) -> str:
    """The text with everything escaped that a terminal would obey or hide."""
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode() for letter in text
    )
