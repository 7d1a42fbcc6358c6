"""Several ways to reach Sentry, by name: in Python and from environment variables."""

import json
from email.message import Message
from http.server import BaseHTTPRequestHandler
from typing import ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentry_governed import ConfigError, Denied, Secret
from sentry_governed._decision import Effect
from sentry_governed.policy import Policy
from sentry_governed.settings import Profile, Profiles, load_profiles

P = "CORDUM_SENTRY_"
TOKEN = "token-canary"
ONE = {f"{P}TOKEN": TOKEN}


def several(*profiles: dict[str, object], **variables: str) -> dict[str, str]:
    """The environment of some profiles, each with a token."""
    listed = [{"token": TOKEN, **profile} for profile in profiles]
    return {f"{P}PROFILES": json.dumps(listed), **{P + name: value for name, value in variables.items()}}


def refused(environ: dict[str, str]) -> str:
    """Why an environment is refused."""
    with pytest.raises(ConfigError) as caught:
        load_profiles(environ)
    assert "canary" not in str(caught.value)
    return str(caught.value)


def profile(name: str = "eu", **values: object) -> Profile:
    """A profile with a token."""
    made: dict[str, object] = {"name": name, "policy": Policy(), "token": Secret(TOKEN), **values}
    return Profile(**made)  # type: ignore[arg-type]  # wrong ones are part of the tests


def test_single() -> None:
    """The single variables describe one profile."""
    found = load_profiles(
        {
            **ONE,
            f"{P}BASE_URL": "https://sentry.example.com/base/api/0/",
            f"{P}TOKEN_TYPE": "Bearer",
            f"{P}REQUEST_TIMEOUT": "1m30.5s",
            f"{P}USER_AGENT": "worker/1",
            f"{P}ALLOWED_ORGS": "my-org, other",
            f"{P}DENY_ACTIONS": "releases.*",
            f"{P}POOL": "sentry",
            f"{P}ALLOW_INLINE_AUTH": "no",
        }
    ).get()
    config = found.config({})

    assert found.name == "default"
    assert found.policy == Policy(allowed_orgs=["other", "my-org"], denied_actions=["releases.*"])
    assert (config.base_url, config.timeout, config.user_agent) == (
        "https://sentry.example.com/base",
        90.5,
        "worker/1",
    )
    assert (config.token.reveal(), config.patience) == (TOKEN, 90.5)


def test_defaults() -> None:
    """A token alone is enough, and writes wait for an approval."""
    found = load_profiles(ONE).get()

    assert (found.base_url, found.timeout, found.user_agent) == ("https://sentry.io", 45.0, "sentry-governed")
    assert found.policy == Policy()


@pytest.mark.parametrize("end", ["", "/", "/api/0", "/api/0/"])
def test_api_path(end: str) -> None:
    """The address may be written with the path of the API, which is not sent twice."""
    assert (
        load_profiles({**ONE, f"{P}BASE_URL": f"https://sentry.io{end}"}).get().config().endpoint.origin.path
        == ""
    )


def test_empty_is_unset() -> None:
    """An empty variable is as good as none."""
    names = (
        "PROFILES",
        "BASE_URL",
        "ALLOWED_ORGS",
        "REQUEST_TIMEOUT",
        "DEFAULT_PROFILE",
        "TOKEN_ENV",
        "WRITES",
    )

    assert load_profiles({**ONE, **{P + name: "" for name in names}}) == load_profiles(ONE)


def test_every_key() -> None:
    """A profile of the list may say everything for itself, and takes the rest from the single variables."""
    environ = several(
        {
            "name": "eu",
            "base_url": "http://127.0.0.1:9000",
            "allow_http": True,
            "token_type": "BEARER",
            "org": "my-org",
            "headers": {"X-Proxy": "let me in"},
            "timeout": "500ms",
            "allowed_projects": ["my-org/web"],
            "denied_orgs": None,
            "writes": "allow",
        },
        USER_AGENT="worker/1",
        DEFAULT_PROFILE="eu",
    )
    found = load_profiles(environ).get()

    assert (found.base_url, found.org, found.timeout) == ("http://127.0.0.1:9000", "my-org", 0.5)
    assert (found.headers, found.user_agent) == ((("X-Proxy", "let me in"),), "worker/1")
    assert found.policy.decide("issues.resolve", "my-org", "web").effect is Effect.ALLOW
    assert found.policy.decide("issues.resolve", "my-org", "api").effect is Effect.DENY


def test_narrowed() -> None:
    """The single lists narrow every profile: both must allow."""
    environ = several(
        {"name": "a", "allowed_orgs": ["my-*"], "writes": "allow"},
        {"name": "b", "denied_projects": ["our-org/web"]},
        ALLOWED_ORGS="*-org",
        DENY_ACTIONS="issues.comment",
        DEFAULT_PROFILE="a",
    )
    profiles = load_profiles(environ)
    a, b = profiles.get("a").policy, profiles.get("b").policy

    assert a.decide("issues.get", "my-org", "web").effect is Effect.ALLOW
    assert a.decide("issues.get", "our-org", "web").effect is Effect.DENY
    assert a.decide("issues.get", "my-own", "web").effect is Effect.DENY
    assert a.decide("issues.comment", "my-org", "web").rule == "denied_actions: issues.comment"
    assert b.decide("issues.get", "our-org", "web").effect is Effect.DENY
    assert b.decide("issues.get", "our-org", "api").effect is Effect.ALLOW
    assert a.decide("issues.resolve", "my-org", "web").effect is Effect.ALLOW
    assert b.decide("issues.resolve", "my-org", "web").effect is Effect.REQUIRE_APPROVAL


@pytest.mark.parametrize(
    ("wide", "own", "effect"),
    [
        ("deny", "allow", "deny"),
        ("require_approval", "allow", "require_approval"),
        ("allow", "allow", "allow"),
        ("allow", "deny", "deny"),
        ("allow", "", "allow"),
        ("", "", "require_approval"),
        ("", "allow", "allow"),
    ],
)
def test_writes(wide: str, own: str, effect: str) -> None:
    """The stricter word about writes holds; a profile that says nothing takes the wider one."""
    policy = load_profiles(several({"name": "a", "writes": own}, WRITES=wide)).get().policy

    assert policy.decide("issues.resolve", "my-org", "web").effect == effect


def test_digest() -> None:
    """What narrows a policy is part of its digest, and decisions carry that of the whole."""
    inner, outer = Policy(writes="allow"), Policy(denied_orgs=["evil"])
    policy = Policy(writes="allow", within=outer)
    decision = policy.decide("issues.resolve", "my-org", "web")

    assert len({inner.digest, outer.digest, policy.digest}) == 3
    assert (decision.effect, decision.policy_digest) == (Effect.REQUIRE_APPROVAL, policy.digest)
    assert policy.decide("issues.get", "evil", "web").rule == "denied_orgs: evil"


@given(
    st.lists(st.sampled_from(["a-*", "b-*", "*-1", "a-1", "b-2"]), max_size=3),
    st.lists(st.sampled_from(["a-*", "b-*", "*-1", "a-1", "b-2"]), max_size=3),
    st.sampled_from(["a-1", "a-2", "b-1", "b-2", "c-1"]),
)
def test_both_allow(wide: list[str], own: list[str], org: str) -> None:
    """A policy within another allows exactly what both allow."""
    outer, inner = Policy(allowed_orgs=wide), Policy(allowed_orgs=own)
    both = Policy(allowed_orgs=own, within=outer)
    effects = [policy.decide("projects.list", org).effect for policy in (outer, inner, both)]

    assert (effects[2] is Effect.ALLOW) == (effects[:2] == [Effect.ALLOW, Effect.ALLOW])


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("REQUEST_TIMEOUT", "45", "is not a time"),
        ("REQUEST_TIMEOUT", "0s", "is not a time"),
        ("REQUEST_TIMEOUT", "-1s", "is not a time"),
        ("REQUEST_TIMEOUT", "1m 30s", "is not a time"),
        ("REQUEST_TIMEOUT", "\u0661s", "is not a time"),
        ("ALLOW_HTTP", "maybe", "neither true nor false"),
        ("ALLOW_INLINE_AUTH", "true", "always refused"),
        ("ALLOW_INLINE_SECRETS", "y", "always refused"),
        ("ALLOWED_ORGS", "org-[", "is not a set"),
        ("ALLOWED_ORGS", "a,,b", "it is empty"),
        ("DENIED_PROJECTS", "web", "'org/project'"),
        ("ALLOW_ACTIONS", "isues.*", "matches no known action"),
        ("TOKEN_TYPE", "basic", "is not 'bearer'"),
        ("BASE_URL", "http://sentry.example.com", "is not https"),
        ("BASE_URL", "https://me:canary@sentry.io", "holds a user name"),
        ("USER_AGENT", "a\nb", "printable ASCII"),
        ("TOKEN", "canary token", "whitespace"),
        ("TOKEN_ENV", "canary-token", "not the name of a variable"),
        ("WRITES", "yes", "it is one of"),
        ("PROFILES", "{", "not JSON"),
        ("PROFILES", "[]", "at least one profile"),
        ("PROFILES", "{}", "at least one profile"),
        ("PROFILES", "[1]", "not an object"),
        ("PROFILES", '[{"name": "a", "name": "b"}]', "twice"),
        ("PROFILES", "[" * 100_000, "nested too deeply"),
        ("DENIED_PROJECT", "a/b", "did you mean 'DENIED_PROJECTS'?"),
        ("DEFAULT_PROFILE", "a b", "the name 'a b'"),
    ],
)
def test_bad(name: str, value: str, problem: str) -> None:
    """A value that cannot be used is an error that names its variable."""
    told = refused({**ONE, P + name: value})

    assert problem in told
    assert P + name in told


@pytest.mark.parametrize(
    ("key", "value", "problem"),
    [
        ("timeout", 45, "it is not text"),
        ("headers", {"X": 1}, "header name to text"),
        ("headers", {"Authorization": "canary"}, "is given twice"),
        ("headers", {"X": "canary\n"}, "printable ASCII"),
        ("denied_orgs", {"a": 1}, "it is not a list"),
        ("denied_orgs", [1], "it is not text"),
        ("denied_project", ["a/b"], "did you mean 'denied_projects'?"),
        ("token_type", "DSN", "is not 'bearer'"),
        ("token_env", "canary token", "not the name of a variable"),
        ("base_url", "http://a", "is not https"),
        ("org", "123", "is not an organization's slug"),
        ("name", "", "it has no name"),
    ],
)
def test_bad_key(key: str, value: object, problem: str) -> None:
    """A key of a profile that cannot be used is an error that names the variable and the place."""
    told = refused(several({"name": "a", key: value}))

    assert problem in told
    assert f"{P}PROFILES[0]" in told


def test_all_at_once() -> None:
    """All problems are reported together."""
    told = refused({f"{P}ALLOW_HTTP": "maybe", f"{P}REQUEST_TIMEOUT": "x", f"{P}TOKENS": "canary"})

    assert all(f"{P}{name}: " in told for name in ("ALLOW_HTTP", "REQUEST_TIMEOUT", "TOKENS"))


def test_token_env() -> None:
    """The named variable wins over the token when it is set, and is read anew each time."""
    environ = {**ONE, f"{P}TOKEN_ENV": "MINE"}

    assert load_profiles({**environ, "MINE": "newer"}).get().config({"MINE": "newest"}).token == Secret(
        "newest"
    )
    assert load_profiles({**environ, "MINE": ""}).get().config({}).token == Secret(TOKEN)


@pytest.mark.parametrize(
    ("environ", "problem"),
    [
        ({}, "neither a token nor a token_env"),
        ({f"{P}TOKEN_ENV": "MINE"}, "MINE is not set"),
        ({f"{P}TOKEN_ENV": "MINE", "MINE": "can ary"}, "MINE: a secret holds whitespace"),
        ({f"{P}PROFILES": '[{"name": "a"}]', f"{P}TOKEN": TOKEN}, "not used beside"),
    ],
)
def test_no_token(environ: dict[str, str], problem: str) -> None:
    """A profile without a usable token is an error, and no other profile lends it one."""
    assert problem in refused(environ)


def test_default() -> None:
    """Several profiles need a default: the one that is named, or the one called so."""
    two = several({"name": "a"}, {"name": "b"})

    assert "several profiles need a named default; there are a, b" in refused(two)
    assert "there is no profile 'c'" in refused({**two, f"{P}DEFAULT_PROFILE": "c"})
    assert load_profiles({**two, f"{P}DEFAULT_PROFILE": "b"}).get().name == "b"
    assert load_profiles(several({"name": "a"}, {"name": "default"})).get().name == "default"
    assert "profile 'a' is there twice" in refused(several({"name": "a"}, {"name": "a"}))


def test_unknown() -> None:
    """A profile that is not there is an error that names those that are."""
    with pytest.raises(ConfigError, match="there is no profile 'us'; there are eu"):
        Profiles([profile()]).get("us")


@pytest.mark.parametrize("key", ["auth", "token", "token_env", "token_type", "base_url", "headers", "Auth"])
def test_job(key: str) -> None:
    """A job names a profile, and never brings credentials or an address."""
    profiles = Profiles([profile()])

    assert profiles.of_job({"action": "issues.get", "profile": "eu", "auth": None}).name == "eu"
    assert profiles.of_job({"profile": ""}).name == "eu"
    with pytest.raises(Denied, match="brings no credentials") as caught:
        profiles.of_job({"profile": "eu", key: {"token": "canary"}})
    assert "canary" not in str(caught.value)


def test_job_profile() -> None:
    """A job's profile is text."""
    with pytest.raises(ConfigError, match="not text"):
        Profiles([profile()]).of_job({"profile": 1})


@pytest.mark.parametrize(
    "values",
    [
        {"name": "a/b"},
        {"token": None},
        {"token": None, "token_env": "A B"},
        {"token_type": "dsn"},
        {"base_url": "http://127.0.0.1"},
        {"timeout": 0.0},
        {"headers": (("Host", "evil"),)},
        {"org": "1"},
    ],
    ids=str,
)
def test_bad_in_python(values: dict[str, object]) -> None:
    """A profile is checked when it is made."""
    with pytest.raises(ConfigError):
        profile(**{"name": "eu", **values})  # type: ignore[arg-type]  # as in profile


def test_hidden() -> None:
    """Neither the token nor a header shows in a profile."""
    shown = repr(Profiles([profile(headers=(("X-Proxy", "header-canary"),))]))

    assert "canary" not in shown
    assert "canary" not in repr(profile(headers=(("X-Proxy", "header-canary"),)).config({}))


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
