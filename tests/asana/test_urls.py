"""Addresses of tasks, in the forms that people paste."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentry_governed.asana import is_gid, parse_task_url, task_url

TASKS = [
    "345",
    " 345\n",
    "https://app.asana.com/0/12/345",
    "https://app.asana.com/0/12/345/f",
    "https://app.asana.com/0/0/345",
    "https://app.asana.com/0/0/345/f",
    "http://app.asana.com/0/0/345?focus=true",
    "https://APP.asana.com:443/0/0/345#comment",
    "https://app.asana.com/1/99/task/345",
    "https://app.asana.com/1/99/task/345/f",
    "https://app.asana.com/1/99/task/345?focus=true",
    "https://app.asana.com/1/99/project/12/task/345",
    "https://app.asana.com/1/99/project/12/task/345/comment/678?focus=true",
    "https://app.asana.com/1/99/inbox/5/item/345/story/678",
    "https://app.asana.com/1/99/home/task/345",
]
OTHERS = [
    "",
    "task 345",
    "\u0663\u0664\u0665",
    "345x",
    "https://example.com/0/0/345",
    "https://app.asana.com.example.com/0/0/345",
    "https://app.asana.com@example.com/0/0/345",
    "ftp://app.asana.com/0/0/345",
    "//app.asana.com/0/0/345",
    "https://app.asana.com/0/12/list",
    "https://app.asana.com/0/12/board",
    "https://app.asana.com/0/search/345",
    "https://app.asana.com/0/12",
    "https://app.asana.com/1/99/project/12",
    "https://app.asana.com/1/99/project/12/list/5",
    "https://app.asana.com/1/99/task/",
    "https://app.asana.com/1/99/task/345x",
    "https://app.asana.com/2/99/task/345",
    "https://[app.asana.com/0/0/345",
    "https://app.asana.com/" + "1" * 40,
]


@pytest.mark.parametrize("text", TASKS)
def test_tasks(text: str) -> None:
    """Both generations of addresses, with whatever is behind the id, name the task."""
    assert parse_task_url(text) == "345"


@pytest.mark.parametrize("text", OTHERS)
def test_others(text: str) -> None:
    """Projects, other hosts and other text name no task."""
    assert parse_task_url(text) is None


@given(gid=st.from_regex(r"[0-9]{1,32}", fullmatch=True))
def test_round_trip(gid: str) -> None:
    """The address that is written is read back as the same id."""
    assert parse_task_url(task_url(gid)) == gid


@given(text=st.text() | st.text().map("https://app.asana.com/{}".format))
def test_any_text(text: str) -> None:
    """Whatever the text, the answer is an id or None."""
    found = parse_task_url(text)

    assert found is None or is_gid(found)
