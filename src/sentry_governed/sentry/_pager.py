"""Lists as iterators, page by page as they are needed."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from functools import partial
from typing import Final, Generic, TypeVar

import attrs

from sentry_governed._actions import find
from sentry_governed.errors import UnexpectedAnswer
from sentry_governed.sentry._models import Page
from sentry_governed.typing import Clock

T = TypeVar("T")

MOST_PAGES: Final = 1000
MOST_SECONDS: Final = 900.0


class _Trail:
    """One walk through a list: what is still wanted, and the cursors that were followed."""

    def __init__(
        self, action: str, max_items: int | None, max_pages: int, max_seconds: float, clock: Clock
    ) -> None:
        self._action = action
        self._left = max_items
        self._max_pages = max_pages
        self._max_seconds = max_seconds
        self._clock = clock
        self._begun = clock.monotonic()
        self._seen: set[str] = set()

    def wanted(self, page: Page[T]) -> Page[T]:
        """The page without the items that are too many."""
        if self._left is None:
            return page
        items = page.items[: self._left]
        self._left -= len(items)
        return attrs.evolve(page, items=items)

    def following(self, page: Page[T]) -> str | None:
        """The cursor to go on with, or None when that was all.

        Raises:
            UnexpectedAnswer: The list goes round in circles, or does not end.
        """
        if page.next is None or self._left == 0:
            return None
        if page.next in self._seen:
            raise self._endless("the cursor of the next page was there before")
        self._seen.add(page.next)
        if len(self._seen) >= self._max_pages:
            raise self._endless(f"the list does not end within {self._max_pages} pages; ask for less of it")
        if self._clock.monotonic() - self._begun >= self._max_seconds:
            raise self._endless(
                f"the list does not end within {self._max_seconds:g} seconds; ask for less of it"
            )
        return page.next

    def _endless(self, problem: str) -> UnexpectedAnswer:
        action = find(self._action)
        return UnexpectedAnswer(action.method, action.endpoints[0].template, 200, problem)


class Pager(Generic[T]):
    """A list; iterating over it asks for its pages one by one, from the beginning each time.

    Args:
        fetch: Gets the page of a cursor.
        action: The action's name, for messages.
        max_items: Where to stop; None for the whole list.
        max_pages: A list of more pages than this is an error.
        max_seconds: One that goes on for longer than this is an error too, before its next page is asked for.
        clock: Tells how long it has gone on.
    """

    def __init__(
        self,
        fetch: Callable[[str | None], Page[T]],
        action: str,
        *,
        max_items: int | None = None,
        max_pages: int = MOST_PAGES,
        max_seconds: float = MOST_SECONDS,
        clock: Clock = time,
    ) -> None:
        self._fetch = fetch
        self._trail = partial(_Trail, action, max_items, max_pages, max_seconds, clock)

    def pages(self) -> Iterator[Page[T]]:
        """The pages as they come, each with how many of its items were withheld."""
        trail = self._trail()
        page = self._fetch(None)
        yield trail.wanted(page)
        while (cursor := trail.following(page)) is not None:
            page = self._fetch(cursor)
            yield trail.wanted(page)

    def __iter__(self) -> Iterator[T]:
        for page in self.pages():
            yield from page.items


class AsyncPager(Generic[T]):
    """`Pager` for asyncio."""

    def __init__(
        self,
        fetch: Callable[[str | None], Awaitable[Page[T]]],
        action: str,
        *,
        max_items: int | None = None,
        max_pages: int = MOST_PAGES,
        max_seconds: float = MOST_SECONDS,
        clock: Clock = time,
    ) -> None:
        self._fetch = fetch
        self._trail = partial(_Trail, action, max_items, max_pages, max_seconds, clock)

    async def pages(self) -> AsyncIterator[Page[T]]:
        """See `Pager.pages`."""
        trail = self._trail()
        page = await self._fetch(None)
        yield trail.wanted(page)
        while (cursor := trail.following(page)) is not None:
            page = await self._fetch(cursor)
            yield trail.wanted(page)

    async def __aiter__(self) -> AsyncIterator[T]:
        async for page in self.pages():
            for item in page.items:
                yield item
