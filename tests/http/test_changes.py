"""What services announce: each announcement is passed on once."""

import threading
from collections.abc import Iterator

from sentry_governed import Request, Response
from sentry_governed._http.changes import ServiceChange, Watch

REQUEST = Request("GET", "/x")


def named(_request: Request, response: Response) -> Iterator[ServiceChange]:
    """One announcement for each header."""
    return (ServiceChange("asana", name) for name, _ in response.headers)


def test_once() -> None:
    """A name that came before is not passed on, whichever thread sees it."""
    told: list[str] = []
    watch = Watch(named, lambda change: told.append(change.name))
    response = Response(200, (("a", ""), ("b", ""), ("a", "")))
    threads = [threading.Thread(target=watch.look, args=(REQUEST, response)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(told) == ["a", "b"]


def test_bounded() -> None:
    """A service that makes names up cannot fill the memory."""
    told: list[str] = []
    watch = Watch(named, lambda change: told.append(change.name))
    watch.look(REQUEST, Response(200, tuple((str(number), "") for number in range(2000))))

    assert len(told) == 1000
