"""Addresses of tasks: the one form that is written, and the forms that people paste."""

from __future__ import annotations

import re
from itertools import pairwise
from urllib.parse import urlsplit

_HOST = "app.asana.com"
_GID = re.compile(r"[0-9]{1,32}")


def is_gid(text: object) -> bool:
    """Whether it can be an Asana id: decimal digits, kept as text."""
    return isinstance(text, str) and _GID.fullmatch(text) is not None


def task_url(gid: str) -> str:
    """The address of a task, in the form that needs only its id and that Asana keeps supporting."""
    return f"https://{_HOST}/0/0/{gid}"


def parse_task_url(text: str) -> str | None:
    """The task's id in a task's address of either form (`/0/...`, `/1/...`), or in a bare id; else None."""
    text = text.strip()
    if is_gid(text):
        return text
    try:
        address = urlsplit(text)
        host = address.hostname
    except ValueError:
        return None
    if address.scheme not in {"http", "https"} or host != _HOST:
        return None
    return _task_in(address.path.split("/")[1:])


def _task_in(path: list[str]) -> str | None:
    match path:
        case ["0", container, task, *_] if is_gid(container) and is_gid(task):
            return task
        case ["1", *rest]:
            return _after(rest, "task") or _after(rest, "item")
        case _:
            return None


def _after(path: list[str], kind: str) -> str | None:
    return next((gid for name, gid in pairwise(path) if name == kind and is_gid(gid)), None)
