"""Whose alert it is: organization and project from the payload's own URLs."""

import pytest

from tests.alerts.samples import decoded, refusal, with_event, with_issue

API = "/api/0/projects/acme/checkout-api/events/0123/"
HOSTS = (
    "https://sentry.io",
    "https://us.sentry.io",
    "https://acme.sentry.io",
    "https://errors.example/sentry",
    "http://10.0.0.1:9000/a/b",
)


@pytest.mark.parametrize("host", HOSTS)
def test_api_url(host: str) -> None:
    """Organization and project come from the API URL on any host and below any prefix."""
    alert = decoded(with_event(url=host + API, web_url=None, issue_url=None))

    assert (alert.org, alert.project) == ("acme", "checkout-api")


@pytest.mark.parametrize(
    ("url", "org"),
    [
        ("https://sentry.io/organizations/acme/issues/1/events/2/", "acme"),
        ("https://errors.example/sentry/organizations/AcMe-2/issues/1/", "AcMe-2"),
        ("https://us.sentry.io/api/0/organizations/acme/issues/1/", "acme"),
        ("https://acme.sentry.io/issues/1/events/2/", "acme"),
        ("https://us.sentry.io/issues/1/", None),
        ("https://de.sentry.io/issues/1/", None),
        ("https://usa.sentry.io/issues/1/", "usa"),
        ("https://acme.errors.example/issues/1/", None),
        ("https://acme.sentry.io.evil.example/issues/1/", None),
        ("https://sentry.io/api/0/issues/1/", None),
        ("https://sentry.io/organizations/4242/issues/1/", None),
        ("https://sentry.io/organizations/../issues/1/", None),
        ("https://sentry.io/organizations/-acme/issues/1/", None),
        ("https://sentry.io/organizations/a%2Fb/issues/1/", None),
        ("https://sentry.io/organizations/a_b/issues/1/", None),
        ("https://sentry.io/?next=/organizations/acme/issues/1/", None),
        ("https://sentry.io/#/organizations/acme/issues/1/", None),
        ("ftp://sentry.io/organizations/acme/issues/1/", None),
        ("", None),
        (5, None),
    ],
)
def test_org(url: object, org: str | None) -> None:
    """The organization comes from any of the URLs, by the grammar of slugs, or is not established."""
    assert decoded(with_event(url=..., web_url=url, issue_url=None)).org == org
    assert decoded(with_event(url=..., web_url=None, issue_url=url)).org == org
    assert decoded(with_issue(permalink=url)).org == org


def test_two_orgs() -> None:
    """URLs that name two organizations are refused; two cases of one are one."""
    other = "https://sentry.io/organizations/other/issues/1/"

    assert "two organizations" in refusal(with_event(web_url=other))
    assert decoded(with_event(web_url=other.replace("other", "ACME"))).org == "acme"


@pytest.mark.parametrize(
    ("segment", "project"),
    [("web_2-x", "web_2-x"), ("4508123456789", None), ("Web", None), ("..", None), ("a%20b", None)],
)
def test_project(segment: str, project: str | None) -> None:
    """The project's segment is a slug, or an id that must be the event's own."""
    url = f"https://sentry.io/api/0/projects/acme/{segment}/events/x/"

    assert decoded(with_event(url=url)).project == project


def test_foreign_project() -> None:
    """An id in the URL that is not the event's, or another slug than the issue's, is refused."""
    url = "https://sentry.io/api/0/projects/acme/99/events/x/"
    other = "https://sentry.io/api/0/projects/acme/other/"

    assert "differ" in refusal(with_event(url=url))
    assert "differ" in refusal(with_issue(project_url=other))


@pytest.mark.parametrize("slug", ["Upper", "12", "a/b", "", None, 7])
def test_issue_project(slug: object) -> None:
    """An issue's project is taken from the issue, if it is a slug."""
    assert decoded(with_issue(project={"id": "1", "slug": slug})).project is None
    assert decoded(with_issue(project={"id": "1", "slug": "web"})).project == "web"
