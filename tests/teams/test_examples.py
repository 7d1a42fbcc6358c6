"""The two example files, routed."""

from pathlib import Path

import pytest

from sentry_governed.errors import NoDefaultTeam
from sentry_governed.teams import Teams
from sentry_governed.typing import TagValue

EXAMPLES = Path(__file__).parent.parent.parent / "examples"


@pytest.fixture(scope="module")
def teams() -> Teams:
    """The file that uses every feature."""
    return Teams.load(EXAMPLES / "teams.yaml")


@pytest.mark.parametrize(
    ("tags", "team"),
    [
        ({"service": "gateway"}, "Platform"),
        ({"zap_service": "scheduler"}, "Platform"),
        ({"server_name": "ip-10-0-3-4"}, "Platform"),
        ({"team": "checkout", "service": "gateway"}, "Checkout"),
        ({"service": "payments"}, "Checkout"),
        ({"service": "payments", "provider": "giftcard"}, "Gift Cards"),
        ({"transaction": "POST /checkout/12"}, "Checkout"),
        ({"service": "search-api"}, "Search"),
        ({"service": "search-api", "customer": "acme"}, "Customer Success"),
        ({"app_service": "search-indexer"}, "Search"),
        ({"service": ["suggest", "other"]}, "Search"),
        ({"platform": "android"}, "Mobile"),
        ({"device:class": "low"}, "Mobile"),
        ({"device:class": "low", "platform": "python", "logger": "etl.load"}, "Data"),
        ({"path": "/warehouse/"}, "Data"),
        ({"job": "nightly"}, "Data"),
        ({"service": "gateway", "message": "CSRF check failed"}, "Security"),
        ({"team": "checkout", "url": "https://shop.example/.git/config"}, "Security"),
    ],
)
def test_owner(teams: Teams, tags: dict[str, TagValue], team: str) -> None:
    """Each rule of the file finds its team."""
    route = teams.route(tags)

    assert route.team.name == team
    assert not route.is_default
    assert not route.ignored


@pytest.mark.parametrize(
    "tags",
    [{}, {"service": "unknown"}, {"job": "x", "queue": ""}, {"url": "https://x/.git/", "environment": "dev"}],
)
def test_default(teams: Teams, tags: dict[str, TagValue]) -> None:
    """What nobody claims goes to the default team."""
    route = teams.route(tags)

    assert (route.team.name, route.is_default) == ("Platform", True)


def test_ignored(teams: Teams) -> None:
    """An event of a laptop is ignored, with the reason of the file."""
    route = teams.route({"environment": "local", "service": "cart"})

    assert (route.ignored, route.team.name) == (True, "Checkout")
    assert route.reason == "events of local and CI runs need no task"
    assert teams.route({"title": "ChunkLoadError: 3", "level": "warning"}).ignored
    assert not teams.route({"title": "ChunkLoadError: 3", "level": "error"}).ignored


def test_size(teams: Teams) -> None:
    """The file shows at least eight teams."""
    assert len(teams.teams) >= 8
    assert teams.default is teams.teams[0]


def test_list() -> None:
    """The plain list of teams loads as it is, and needs a default only for what no rule matches."""
    path = EXAMPLES / "teams-list.yaml"
    plain, with_default = Teams.load(path), Teams.load(path, default="Operations")

    for tags, team in (
        ({"service": "web"}, "Storefront"),
        ({"service": "web-admin", "component": "cron"}, "Storefront"),
        ({"team": "fulfilment", "service": "web"}, "Fulfilment"),
        ({"component": "backup-daily"}, "Operations"),
    ):
        assert plain.route(tags).team.name == team
        assert with_default.route(tags).team.name == team
    assert with_default.route({}).team.name == "Operations"
    with pytest.raises(NoDefaultTeam):
        plain.route({})
