"""`sentry-governed inbox ...`: look into the inbox of a running service, and put right what was put aside."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, cast

import attrs
import click

from sentry_governed.cli._inbox_desk import Desk, desk_of
from sentry_governed.cli._io import as_json_text, printable, readable, refusals, show
from sentry_governed.errors import InboxError
from sentry_governed.typing import JsonValue

if TYPE_CHECKING:
    from sentry_governed.adapters.sqlite import InboxItem, InboxState

_PAGE: Final = 100
_config = click.option("--config", required=True, type=readable(), help="The configuration file.")
_as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON object, stable for machines.")
_number = click.IntRange(min=1)


@click.group()
def inbox() -> None:
    """Look into a SQLite or NATS inbox, and put right what was put aside.

    A message is `waiting` for a worker, `dead` because no worker could make anything of it, or `quarantined`
    because its sender is genuine and nothing could read it. All of this works while the service runs. Of a
    NATS inbox only what was put aside can be seen.
    """


@inbox.command("list")
@_config
@click.option(
    "--state", type=click.Choice(["waiting", "dead", "quarantined"]), help="Only what is in that state."
)
@click.option("--limit", type=click.IntRange(1, 10_000), default=100, show_default=True, help="How many.")
@click.option("--after", type=int, default=0, metavar="NUMBER", help="Begin after this one.")
@_as_json
@refusals
def list_(*, config: str, state: str | None, limit: int, after: int, as_json: bool) -> None:
    """List the messages, oldest first, one a line.

    Exit codes: 0 done, 1 the inbox or the configuration cannot be used, 2 wrong usage.
    """
    with desk_of(config) as opened:
        found = opened.list(cast("InboxState | None", state), limit=limit, after=after)
    _print(found, as_json=as_json)


@inbox.command()
@_config
@_as_json
@refusals
def dead(*, config: str, as_json: bool) -> None:
    """List everything that was put aside, with the reason; see `retry` and `discard`.

    Exit codes: 0 nothing was put aside, 1 something was, or the inbox cannot be used, 2 wrong usage.
    """
    with desk_of(config) as opened:
        found = [*_all(opened, "dead"), *_all(opened, "quarantined")]
    _print(found, as_json=as_json)
    sys.exit(1 if found else 0)


@inbox.command("show")
@_config
@click.argument("number", type=_number)
@click.option("--payload", is_flag=True, help="Print the webhook's body too; it holds what users wrote.")
@_as_json
@refusals
def show_(*, config: str, number: int, payload: bool, as_json: bool) -> None:
    """Show one message.

    Exit codes: 0 done, 1 there is no such message, or the inbox cannot be used, 2 wrong usage.
    """
    with desk_of(config) as opened:
        item = opened.show(number)
    if item is None:
        raise InboxError(f"there is no message {number}")
    body = item.message.body.decode(errors="backslashreplace")
    if as_json:
        click.echo(as_json_text({**_fields(item), **({"payload": body} if payload else {})}))
        return
    show([f"{name:<13}{value}" for name, value in _fields(item).items() if value not in {None, ""}])
    if payload:
        click.echo()
        for line in body.splitlines():
            click.echo(printable(line))


@inbox.command()
@_config
@click.argument("numbers", metavar="[NUMBER]...", type=_number, nargs=-1)
@click.option("--all-dead", is_flag=True, help="All dead letters.")
@click.option("--all-quarantined", is_flag=True, help="Everything in quarantine.")
@refusals
def retry(*, config: str, numbers: tuple[int, ...], all_dead: bool, all_quarantined: bool) -> None:
    """Have messages handled again, with all their attempts.

    This is safe: the ledger knows what has a task already. What is in quarantine is read anew, as a later
    release may be able to.

    Exit codes: 0 done, 1 a message is gone, a worker holds it, or the inbox cannot be used, 2 wrong usage.
    """
    if not (numbers or all_dead or all_quarantined):
        raise click.UsageError("name the messages, or say --all-dead or --all-quarantined")
    with desk_of(config) as opened:
        states: list[InboxState] = []
        if all_dead:
            states.append("dead")
        if all_quarantined:
            states.append("quarantined")
        chosen = [*numbers, *(item.number for state in states for item in _all(opened, state))]
        refused = [number for number in chosen if not opened.retry(number)]
    _tell("to be handled again", len(chosen), refused)


@inbox.command()
@_config
@click.argument("numbers", metavar="NUMBER...", type=_number, nargs=-1, required=True)
@refusals
def discard(*, config: str, numbers: tuple[int, ...]) -> None:
    """Remove messages for good; their alerts make no task.

    Exit codes: 0 done, 1 a message is gone, a worker holds it, or the inbox cannot be used, 2 wrong usage.
    """
    with desk_of(config) as opened:
        refused = [number for number in numbers if not opened.discard(number)]
    _tell("removed", len(numbers), refused)


def _all(opened: Desk, state: InboxState) -> list[InboxItem]:
    found: list[InboxItem] = []
    while page := opened.list(state, limit=_PAGE, after=found[-1].number if found else 0):
        found += page
    return found


def _fields(item: InboxItem) -> dict[str, JsonValue]:
    message = attrs.asdict(item.message, filter=attrs.filters.exclude("body"))
    fields = attrs.asdict(item, filter=attrs.filters.exclude("message"))
    return {**fields, **message, "due": _time(item.due), "received_at": _time(item.message.received_at)}


def _time(seconds: float) -> str:
    """The instant; what a producer of its own wrote may be none."""
    try:
        return _instant(seconds)
    except (ValueError, OverflowError, OSError):
        return f"{seconds:g}"


def _instant(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _print(found: Iterable[InboxItem], *, as_json: bool) -> None:
    if as_json:
        click.echo(as_json_text({"messages": [_fields(item) for item in found]}))
        return
    for item in found:
        state = "held" if item.leased else item.state
        what = item.message.key or item.message.resource or "-"
        when = _time(item.message.received_at)
        line = f"{item.number:>7}  {state:<12} {when}  {item.message.source:<8} {what}  {item.reason}"
        click.echo(printable(line.rstrip()))


def _tell(done: str, asked: int, refused: list[int]) -> None:
    click.echo(f"{asked - len(refused)} {done}")
    for number in refused:
        click.echo(f"message {number} is gone, or a worker holds it", err=True)
    sys.exit(1 if refused else 0)
