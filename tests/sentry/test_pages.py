"""Lists in pages: the Link header, and walks that end."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentry_governed import Response
from sentry_governed.errors import UnexpectedAnswer
from sentry_governed.sentry import AsyncPager, Page, Pager
from sentry_governed.sentry._links import next_cursor
from sentry_governed.testing import FrozenClock

BACK = '<https://x/?&cursor=0:0:1>; rel="previous"; results="false"; cursor="0:0:1"'


@pytest.mark.parametrize(
    ("header", "cursor"),
    [
        (f'{BACK}, <https://x/?&cursor=0:100:0>; rel="next"; results="true"; cursor="0:100:0"', "0:100:0"),
        (f'{BACK}, <https://x/?&cursor=0:100:0>; rel="next"; results="false"; cursor="0:100:0"', None),
        (f'{BACK}, <https://x/?a=1&cursor=0%3A100%3A0>; rel="next"; results="true"', "0:100:0"),
        (f'{BACK}, <https://x/?a=1>; rel="next"; results="true"', None),
        ('<https://x/?cursor=5>;rel="next";cursor="5"', "5"),
        ('<https://x/>; rel="next"; results="true"; cursor=""', None),
        (BACK, None),
        ('<http://[/?cursor=5>; rel="next"', None),
        ("nonsense", None),
        ("", None),
    ],
)
def test_link(header: str, cursor: str | None) -> None:
    """Only the cursor of a next page that has results is followed, wherever it stands."""
    assert next_cursor(Response(200, (("link", header),))) == cursor


def test_no_link() -> None:
    """A response without the header is the last page."""
    assert next_cursor(Response(200)) is None


@given(st.text(alphabet='<>;=",rel nextcursor:0', max_size=200))
def test_any_link(header: str) -> None:
    """Any header is read without an error."""
    cursor = next_cursor(Response(200, (("link", header),)))

    assert cursor is None or cursor != ""


PAGES = {None: Page(items=(1, 2), next="a"), "a": Page(items=(), next="b", withheld=2), "b": Page(items=(3,))}


def walk(
    pages: dict[str | None, Page[int]], kind: str, *, max_items: int | None = None, max_pages: int = 10
) -> tuple[list[int], list[str | None]]:
    """The items of a list, and the cursors that were asked for."""
    asked: list[str | None] = []

    def fetch(cursor: str | None) -> Page[int]:
        asked.append(cursor)
        return pages[cursor]

    async def fetch_async(cursor: str | None) -> Page[int]:
        return fetch(cursor)

    async def whole() -> list[int]:
        pager = AsyncPager(fetch_async, "issues.list", max_items=max_items, max_pages=max_pages)
        return [item async for item in pager]

    if kind == "async":
        return asyncio.run(whole()), asked
    return list(Pager(fetch, "issues.list", max_items=max_items, max_pages=max_pages)), asked


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_walk(kind: str) -> None:
    """Every page is asked for once, an empty one included."""
    assert walk(PAGES, kind) == ([1, 2, 3], [None, "a", "b"])
    assert walk(PAGES, kind, max_pages=3)[0] == [1, 2, 3]


@pytest.mark.parametrize("kind", ["sync", "async"])
@pytest.mark.parametrize(
    ("most", "items", "asked"),
    [(0, [], [None]), (1, [1], [None]), (2, [1, 2], [None]), (3, [1, 2, 3], [None, "a", "b"])],
)
def test_most(kind: str, most: int, items: list[int], asked: list[str | None]) -> None:
    """No page is asked for that is not needed."""
    assert walk(PAGES, kind, max_items=most) == (items, asked)


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_circle(kind: str) -> None:
    """A list that leads back to itself is an error."""
    circle: dict[str | None, Page[int]] = {
        None: Page(items=(1,), next="a"),
        "a": Page(items=(2,), next="b"),
        "b": Page(items=(3,), next="a"),
    }
    with pytest.raises(UnexpectedAnswer, match=r"GET .*/issues/: 200 the cursor"):
        walk(circle, kind)


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_endless(kind: str) -> None:
    """A list of too many pages is an error, and not a shorter list."""
    with pytest.raises(UnexpectedAnswer, match="2 pages"):
        walk(PAGES, kind, max_pages=2)


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_slow(kind: str) -> None:
    """A list that goes on for too long is an error before its next page is asked for."""
    clock = FrozenClock()
    asked: list[str | None] = []

    def fetch(cursor: str | None) -> Page[int]:
        asked.append(cursor)
        clock.sleep(6)
        return PAGES[cursor]

    async def fetch_async(cursor: str | None) -> Page[int]:
        return fetch(cursor)

    async def whole() -> list[int]:
        return [item async for item in AsyncPager(fetch_async, "issues.list", max_seconds=10, clock=clock)]

    def walked() -> list[int]:
        if kind == "async":
            return asyncio.run(whole())
        return list(Pager(fetch, "issues.list", max_seconds=10, clock=clock))

    with pytest.raises(UnexpectedAnswer, match="within 10 seconds"):
        walked()
    assert asked == [None, "a"]


def test_again() -> None:
    """A list may be walked again, from its beginning, and page by page."""
    pager = Pager(PAGES.__getitem__, "issues.list")

    assert list(pager) == list(pager) == [1, 2, 3]
    assert [(page.items, page.withheld) for page in pager.pages()] == [((1, 2), 0), ((), 2), ((3,), 0)]


def test_again_async() -> None:
    """The same holds for asyncio."""

    async def fetch(cursor: str | None) -> Page[int]:
        return PAGES[cursor]

    async def walks() -> None:
        pager = AsyncPager(fetch, "issues.list")
        assert [item async for item in pager] == [item async for item in pager] == [1, 2, 3]
        assert [page.withheld async for page in pager.pages()] == [0, 2, 0]

    asyncio.run(walks())
