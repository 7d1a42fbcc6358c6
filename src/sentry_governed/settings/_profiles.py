"""Profiles: several ways to reach Sentry, each with its own token and policy, by name."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from typing import Final, Literal, TypeAlias

import attrs

from sentry_governed._http.gate import parse_origin
from sentry_governed._secret import Secret
from sentry_governed._values import Pairs
from sentry_governed.errors import ConfigError, Denied
from sentry_governed.policy import Policy
from sentry_governed.sentry import SentryConfig

TokenType: TypeAlias = Literal["bearer"]

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")
_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,199}")
_API: Final = re.compile(r"/api/0/*\Z")
_PATIENCE: Final = 60.0
_CREDENTIALS: Final = ("auth", "base_url", "headers", "token", "token_env", "token_type")


def _check_name(_owner: object, _field: object, name: str) -> None:
    if not _NAME.fullmatch(name):
        raise ConfigError(f"the name {name[:60]!a} is not 1 to 100 of A-Z a-z 0-9 _ . -")


def _check_variable(_owner: object, _field: object, name: str | None) -> None:
    if name is not None and not _VARIABLE.fullmatch(name):
        raise ConfigError("token_env is not the name of a variable; it is not shown, as it may be the token")


def _check_type(_owner: object, _field: object, value: str) -> None:
    if value != "bearer":
        raise ConfigError("token_type is not 'bearer', the only one that Sentry takes everywhere")


def _without_api(base_url: str) -> str:
    return _API.sub("", base_url)


@attrs.frozen(kw_only=True)
class Profile:
    """One way to reach Sentry, and what may be done there.

    Attributes:
        name: What it is chosen by.
        policy: What may be done.
        token: The token, unless `token_env` finds one.
        token_env: The environment variable that holds the token; it wins when it is set and not empty.
        token_type: How the token is shown to Sentry.
        org: The slug of the organization that calls are for unless they name another.
        base_url: Where Sentry is; a `/api/0` at its end is left out.
        headers: Further headers of every request.
        timeout: Seconds that one attempt of a request may take.
        user_agent: Who we say we are.
        allow_http: Whether the token may travel in clear text.

    Raises:
        ConfigError: A value cannot be used, or there is neither a token nor a variable for one.
    """

    name: str = attrs.field(validator=_check_name)
    policy: Policy
    token: Secret | None = None
    token_env: str | None = attrs.field(default=None, validator=_check_variable)
    token_type: TokenType = attrs.field(default="bearer", validator=_check_type)
    org: str | None = None
    base_url: str = attrs.field(default="https://sentry.io", converter=_without_api, repr=False)
    headers: Pairs = attrs.field(default=(), repr=False)
    timeout: float = 45.0
    user_agent: str = "sentry-governed"
    allow_http: bool = False

    def __attrs_post_init__(self) -> None:
        parse_origin(self.base_url, allow_http=self.allow_http)
        if self.token is None and self.token_env is None:
            raise ConfigError(f"profile {self.name!r} has neither a token nor a token_env")
        self._config(Secret("checked"))

    def config(self, environ: Mapping[str, str] | None = None) -> SentryConfig:
        """How Sentry is reached, with the token as it is now.

        Args:
            environ: Where `token_env` is looked up; the process's environment when None.

        Raises:
            ConfigError: There is no token, or it cannot be used.
        """
        values = os.environ if environ is None else environ
        problem = f"profile {self.name!r} has no token: {self.token_env} is not set"
        try:
            token = (self.token_env and _secret(values, self.token_env)) or self.token
        except ConfigError as error:
            token, problem = None, f"profile {self.name!r}: {self.token_env}: {error}"
        del values, environ  # a traceback that shows locals would show them
        if token is None:
            raise ConfigError(problem)
        return self._config(token)

    def _config(self, token: Secret) -> SentryConfig:
        return SentryConfig(
            token=token,
            org=self.org,
            base_url=self.base_url,
            headers=self.headers,
            user_agent=self.user_agent,
            timeout=self.timeout,
            patience=max(self.timeout, _PATIENCE),
            allow_http=self.allow_http,
        )


def _secret(values: Mapping[str, str], name: str) -> Secret | None:
    return Secret(values[name]) if values.get(name) else None


def _listed(profiles: Iterable[Profile]) -> tuple[Profile, ...]:
    return tuple(profiles)


def _check_names(_owner: object, _field: object, profiles: tuple[Profile, ...]) -> None:
    names = [profile.name for profile in profiles]
    if not names:
        raise ConfigError("there is no profile")
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ConfigError(f"profile {twice[0]!r} is there twice")


@attrs.frozen
class Profiles:
    """Profiles by name, and the one that is meant where none is named.

    Attributes:
        all: Each has a name of its own.
        default: The name of the default; it may be left out for a single profile, or where one is called
            `default`.

    Raises:
        ConfigError: There is no profile, two have one name, or it is not clear which is the default.
    """

    all: tuple[Profile, ...] = attrs.field(converter=_listed, validator=_check_names)
    default: str | None = attrs.field(default=None)

    def __attrs_post_init__(self) -> None:
        self.get()

    def get(self, name: str | None = None) -> Profile:
        """A profile by its name, or the default one.

        Raises:
            ConfigError: There is none.
        """
        wanted = name if name is not None else self.default
        if wanted is None and len(self.all) == 1:
            return self.all[0]
        for profile in self.all:
            if profile.name == (wanted or "default"):
                return profile
        known = ", ".join(profile.name for profile in self.all)
        if wanted is None:
            raise ConfigError(f"several profiles need a named default; there are {known}")
        raise ConfigError(f"there is no profile {wanted[:60]!a}; there are {known}")

    def of_job(self, job: Mapping[str, object]) -> Profile:
        """The profile that a job from elsewhere names under `profile`.

        Raises:
            Denied: It brings credentials or an address of its own, which is always refused.
            ConfigError: There is no such profile.
        """
        brought = [key for key in job if key.strip().lower() in _CREDENTIALS and job[key] is not None]
        if brought:
            raise Denied(f"a job brings no credentials: {', '.join(sorted(brought))}; name a profile")
        name = job.get("profile")
        if name is not None and not isinstance(name, str):
            raise ConfigError("the profile of a job is not text")
        return self.get(name or None)
