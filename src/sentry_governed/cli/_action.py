"""`sentry-governed action`: any action of Sentry, under policy."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Final

import attrs
import click

from sentry_governed._approval_request import ApprovalRequest
from sentry_governed._decision import Effect
from sentry_governed.cli._access import access, config_option, parameters, profile_option, usage_and_refusals
from sentry_governed.cli._io import as_json_text, show
from sentry_governed.cli._key import key_from
from sentry_governed.cli._policy import EXIT_CODES, decision_fields, decision_lines
from sentry_governed.errors import ApprovalRequired
from sentry_governed.policy import Guard, JsonLinesAudit, SignedApprovals
from sentry_governed.sentry import ActionResult, Preview, SentryClient

_FILE: Final = click.Path(dir_okay=False)


def _approvals(token: str | None, store: str | None, key_env: str) -> SignedApprovals | None:
    """Who knows approvals; the key is asked for only where there is something to remember."""
    if store is not None:
        return SignedApprovals([key_from(key_env)], store=store)
    if token is not None:
        raise click.UsageError("--approval needs --approval-store, which remembers what is spent")
    return None


@click.command()
@click.argument("action")
@click.argument("params", nargs=-1, metavar="[KEY=VALUE]...")
@config_option
@profile_option
@click.option(
    "--approval",
    metavar="TOKEN",
    envvar="SENTRY_GOVERNED_APPROVAL",
    show_envvar=True,
    help="The token that approves exactly this write.",
)
@click.option("--dry-run", is_flag=True, help="Show the request and the decision; no write is sent.")
@click.option("--request-out", type=_FILE, help="Where the request goes that needs an approval.")
@click.option(
    "--approval-store",
    type=_FILE,
    envvar="SENTRY_GOVERNED_APPROVAL_STORE",
    show_envvar=True,
    help="Remembers which approvals are spent; name it from the first call on.",
)
@click.option("--approval-key-env", metavar="NAME", default="SENTRY_GOVERNED_APPROVAL_KEY", show_default=True)
@click.option("--audit", type=_FILE, help="The audit file to write to.")
@click.option("--audit-key-env", metavar="NAME", default="SENTRY_GOVERNED_AUDIT_KEY", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, stable for machines.")
@usage_and_refusals
def action(  # noqa: PLR0913  # click passes each option by its name
    *,
    action: str,
    params: tuple[str, ...],
    config: str | None,
    profile: str | None,
    dry_run: bool,
    approval: str | None,
    approval_store: str | None,
    approval_key_env: str,
    audit: str | None,
    audit_key_env: str,
    request_out: str | None,
    as_json: bool,
) -> None:
    """Do ACTION in Sentry, if policy allows it on what Sentry says.

    KEY=VALUE is text; KEY:=VALUE is JSON; a KEY that is repeated has several values. A write that needs an
    approval is not sent: its request is printed, for `sentry-governed approve`, and the token that this makes
    goes into --approval.

    \b
    sentry-governed action issues.list org=my-org project=web
    sentry-governed action issues.resolve org=my-org issue_id=123 --request-out request.json
    sentry-governed action issues.resolve org=my-org issue_id=123 --approval "$TOKEN"

    Exit codes: 0 done, 1 policy refused, Sentry said no or a file was refused, 2 wrong usage, an unknown
    action, parameters or profiles that cannot be used, 3 it needs an approval.
    """
    given = parameters(params)
    reached, policy = access(config, profile)
    guard = Guard(
        policy,
        approvals=_approvals(approval, approval_store, approval_key_env),
        audit=None if audit is None else JsonLinesAudit(audit, key_from(audit_key_env)),
    )
    try:
        with SentryClient(reached, guard=guard) as sentry:
            found = sentry.call(action, given, approval=approval, dry_run=dry_run)
    except ApprovalRequired as stopped:
        _ask(stopped.request, request_out)
        click.echo(str(stopped), err=True)
        sys.exit(3)
    if isinstance(found, Preview):
        _preview(found, as_json=as_json)
    else:
        _done(found, as_json=as_json)


def _ask(request: ApprovalRequest, file: str | None) -> None:
    """Hand out the request; a file of it is for its owner alone, as it holds the body."""
    if file is None:
        click.echo(request.to_json())
        return
    try:
        Path(file).unlink(missing_ok=True)
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as out:
            out.write(request.to_json())
    except OSError as error:
        raise click.FileError(file, error.strerror) from None


def _done(result: ActionResult, *, as_json: bool) -> None:
    if as_json:
        click.echo(as_json_text(attrs.asdict(result)))
        return
    show(
        [
            f"Action     {result.action}",
            f"Org        {result.org or 'none'}",
            f"Project    {result.project or 'none'}",
            f"Status     {result.status_code} in {result.duration_ms} ms",
            *([f"Withheld   {result.withheld}"] if result.withheld else []),
            *([f"Cursor     {result.cursor}"] if result.cursor else []),
        ]
    )
    click.echo(json.dumps(result.result, indent=2))


def _preview(preview: Preview, *, as_json: bool) -> None:
    decision = preview.decision
    if as_json:
        told = attrs.asdict(preview, filter=attrs.filters.exclude("operation", "decision"))
        facts = {"org": preview.org, "projects": preview.projects}
        why = None if decision is None else decision_fields(decision)
        click.echo(as_json_text({**told, **facts, "decision": why}))
    else:
        show(
            [
                f"Action     {preview.action}",
                f"Org        {preview.org or 'none'}",
                f"Projects   {', '.join(preview.projects or ()) or 'none'}",
                f"Request    {preview.method} {preview.path}",
                *(f" in query  {name} = {value}" for name, value in preview.query),
                f"Body       {preview.body or 'none'}",
                *([] if decision is None else decision_lines(decision)),
            ]
        )
    sys.exit(EXIT_CODES[Effect.ALLOW if decision is None else decision.effect])
