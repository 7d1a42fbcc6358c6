"""What profiles and policies of the settings are for: clients that send, and are governed."""

from email.message import Message
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import ClassVar

import attrs
import pytest

from sentry_governed import Denied, SettingsError
from sentry_governed.policy import Guard, Policy
from sentry_governed.sentry import SentryClient
from sentry_governed.settings import Settings, load_profiles
from sentry_governed.testing import FakeSentry
from tests.settings.test_profiles import TOKEN, profile, several


class Recorder(BaseHTTPRequestHandler):
    """Answers with an empty list and keeps the headers."""

    seen: ClassVar[list[Message]] = []

    def do_GET(self) -> None:
        """Answer."""
        self.seen.append(self.headers)
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"[]")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # its name in the base class
        """Stay silent."""


def test_sent() -> None:
    """The token, the headers and the user agent arrive at the configured address."""
    with HTTPServer(("127.0.0.1", 0), Recorder) as server:
        Thread(target=server.handle_request).start()
        environ = several(
            {
                "name": "a",
                "base_url": f"http://127.0.0.1:{server.server_port}/api/0",
                "headers": {"X-Proxy": "let me in"},
            },
            ALLOW_HTTP="1",
            USER_AGENT="worker/1",
        )
        chosen = load_profiles(environ).get()
        with SentryClient(chosen.config(), guard=Guard(chosen.policy)) as sentry:
            assert list(sentry.projects.list(org="my-org")) == []

    (headers,) = Recorder.seen
    assert headers["Authorization"] == f"Bearer {TOKEN}"
    assert (headers["X-Proxy"], headers["User-Agent"]) == ("let me in", "worker/1")


def test_governed() -> None:
    """A client of a profile is held to the profile's policy and to what narrows it."""
    fake = FakeSentry(token=TOKEN)
    issue = fake.add_issue("my-org", "web")
    with fake.serve() as url:
        found = load_profiles(
            several({"name": "a", "base_url": url}, ALLOW_HTTP="1", DENIED_PROJECTS="my-org/web")
        )
        chosen = found.get()
        with (
            SentryClient(chosen.config(), guard=Guard(chosen.policy)) as sentry,
            pytest.raises(Denied, match="project 'my-org/web' is denied"),
        ):
            sentry.issues.get(issue.id, org="my-org")


def test_lookup_within() -> None:
    """What the wider policy denies is not even looked up for an organization that is known by its number."""
    fake = FakeSentry(token=TOKEN)
    fake.add_org("my-org", org_id="41")
    policy = Policy(within=Policy(denied_actions=["projects.get"]))
    config = attrs.evolve(profile(policy=policy).config(), sender=fake)
    with SentryClient(config, guard=Guard(policy)) as sentry, pytest.raises(Denied, match="is denied"):
        sentry.call("projects.get", {"org": "41", "project": "web"})

    assert fake.calls == ()


def test_policy_section() -> None:
    """The policy section of a configuration file is a policy."""
    settings = Settings.parse("policy: {allowed_orgs: [my-org], denied_projects: [], writes: deny}")

    assert settings.policy == Policy(allowed_orgs=["my-org"], denied_projects=[], writes="deny")
    assert Settings.parse("policy: {}").policy == Settings().policy == Policy()
    assert Settings.parse("policy: {allowed_orgs: []}").policy == Policy(allowed_orgs=[])


def test_policy_section_refused() -> None:
    """All problems of the policy section are reported, each where it stands."""
    text = "policy:\n  denied_projects: [web]\n  allowed_actions: issues.*\n  writes: yes\n  alowed_orgs: []"
    with pytest.raises(SettingsError) as caught:
        Settings.parse(text)

    assert [problem.line for problem in caught.value.problems] == [2, 3, 4, 5]
    assert "'org/project'" in str(caught.value)
    assert "did you mean 'allowed_orgs'?" in str(caught.value)
