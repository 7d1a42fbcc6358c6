"""Profiles from environment variables, by the names of Cordum's Sentry pack."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from functools import partial
from typing import Final, TypeVar

import attrs

from sentry_governed._convert import is_list, is_object
from sentry_governed._http.endpoint import Endpoint
from sentry_governed._http.gate import parse_origin
from sentry_governed._secret import Secret
from sentry_governed.errors import ConfigError
from sentry_governed.policy import Policy
from sentry_governed.settings._profiles import Profile, Profiles
from sentry_governed.settings._reader import built

T = TypeVar("T")
_Reads = Callable[[object], object]

_PREFIX: Final = "CORDUM_SENTRY_"
_DURATION: Final = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,9})?)(ms|s|m|h)")
_SECONDS: Final = {"ms": 0.001, "s": 1, "m": 60, "h": 3600}
_TRUTHS: Final = {
    **dict.fromkeys(("1", "true", "yes", "y"), True),
    **dict.fromkeys(("0", "false", "no", "n"), False),
}
_LISTS: Final = {
    "ALLOWED_ORGS": "allowed_orgs",
    "DENIED_ORGS": "denied_orgs",
    "ALLOWED_PROJECTS": "allowed_projects",
    "DENIED_PROJECTS": "denied_projects",
    "ALLOW_ACTIONS": "allowed_actions",
    "DENY_ACTIONS": "denied_actions",
}
_WAITS: Final = "require_approval"
_INLINE: Final = ("ALLOW_INLINE_AUTH", "ALLOW_INLINE_SECRETS")
_OF_A_WORKER: Final = ("POOL", "QUEUE", "SUBJECTS", "MAX_PARALLEL", "RESULT_TTL", "RESULT_TTL_SECONDS")


class _Problems:
    """Everything that is wrong, each with the name of its variable."""

    def __init__(self) -> None:
        self.found: list[str] = []

    def attempt(self, where: str, make: Callable[[], T]) -> T | None:
        """What `make` makes, or None and a problem."""
        try:
            return make()
        except ConfigError as error:
            self.found.append(f"{where}: {error}")
            return None

    def read(
        self, where: str, given: Mapping[str, object], readers: Mapping[str, _Reads]
    ) -> dict[str, object]:
        """The values of known keys, each read by its reader."""
        read = {
            key: self.attempt(f"{where}{key}", partial(readers[key], value))
            for key, value in given.items()
            if key in readers
        }
        self.found += (
            f"{where}{key[:60]}: it is unknown{_hint(key, readers)}" for key in given.keys() - readers
        )
        return {key: value for key, value in read.items() if value is not None}


def load_profiles(environ: Mapping[str, str] | None = None) -> Profiles:
    """Read `CORDUM_SENTRY_PROFILES`, or the one profile that the other `CORDUM_SENTRY_*` describe.

    An empty variable counts as not set. The lists and `writes` of the single variables narrow every profile:
    both must allow. Nothing that a variable says is ignored because it cannot be read.

    Args:
        environ: The variables; the process's environment when None.

    Raises:
        ConfigError: Some cannot be used; all problems at once, by variable and without any value that may be
            a secret.
    """
    values = dict(os.environ if environ is None else environ)
    del environ
    problems = _Problems()
    profiles = _profiles(values, problems)
    del values  # a traceback that shows locals would show it
    if problems.found or profiles is None:
        raise ConfigError(f"the profiles cannot be used: {'; '.join(sorted(problems.found))}")
    return profiles


def _profiles(values: Mapping[str, str], problems: _Problems) -> Profiles | None:
    given = {
        name.removeprefix(_PREFIX): value
        for name, value in values.items()
        if name.startswith(_PREFIX) and value
    }
    read = problems.read(_PREFIX, given, _VARIABLES)
    common = {own: read[name] for name, own in _COMMON.items() if name in read}
    if problems.found:
        return None
    if "PROFILES" in given:
        made = _several(read, common, problems)
    else:
        own = {name.lower(): read[name] for name in _OF_ONE if name in read}
        policy = _policy(_lists(read, _LISTS), read.get("WRITES", _WAITS))
        named = {"name": read.get("DEFAULT_PROFILE", "default"), "policy": policy}
        made = [_made(f"{_PREFIX}BASE_URL, TOKEN or TOKEN_ENV", {**common, **own, **named}, problems)]
    profiles: tuple[Profile, ...] = tuple(profile for profile in made if profile is not None)
    for profile in profiles:
        problems.attempt("token", partial(profile.config, values))
    if problems.found:
        return None
    default = read.get("DEFAULT_PROFILE")
    known = {"all": profiles, "default": default}
    return problems.attempt(f"{_PREFIX}DEFAULT_PROFILE", lambda: built(Profiles, known))


def _several(
    read: Mapping[str, object], common: Mapping[str, object], problems: _Problems
) -> list[Profile | None]:
    """The items of the JSON list, within what the single variables say."""
    problems.found += (
        f"{_PREFIX}{name}: it is not used beside {_PREFIX}PROFILES; put it into a profile"
        for name in _OF_ONE
        if name in read
    )
    wider = _policy(_lists(read, _LISTS), read.get("WRITES", "allow"))
    writes = read.get("WRITES", _WAITS)
    items = read["PROFILES"]
    return [
        _listed(place, item, {"writes": writes, **common}, wider, problems)
        for place, item in enumerate(items if is_list(items) else ())
    ]


def _listed(
    place: int, item: object, common: Mapping[str, object], wider: Policy, problems: _Problems
) -> Profile | None:
    """One item of the JSON list."""
    where = f"{_PREFIX}PROFILES[{place}]"
    if not is_object(item):
        problems.found.append(f"{where}: it is not an object")
        return None
    before = len(problems.found)
    given = {key: value for key, value in item.items() if value is not None and value != ""}
    read = {**common, **problems.read(f"{where}.", given, _KEYS)}
    if "name" not in given:
        problems.found.append(f"{where}: it has no name")
    if len(problems.found) > before:
        return None
    policy = attrs.evolve(_policy(_lists(read, _JSON_LISTS), read.pop("writes")), within=wider)
    rest = {key: value for key, value in read.items() if key not in _JSON_LISTS}
    return _made(where, {**rest, "policy": policy}, problems)


def _lists(read: Mapping[str, object], names: Mapping[str, str]) -> dict[str, object]:
    return {own: read[name] for name, own in names.items() if name in read}


def _made(where: str, values: Mapping[str, object], problems: _Problems) -> Profile | None:
    return problems.attempt(where, lambda: built(Profile, values))


def _policy(lists: Mapping[str, object], writes: object) -> Policy:
    return built(Policy, {**lists, "writes": writes})


def _hint(key: str, known: Mapping[str, object]) -> str:
    near = get_close_matches(key[:60], known, n=1)
    return f"; did you mean {near[0]!r}?" if near else ""


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ConfigError("it is not text")
    return value


def _base_url(value: object) -> str:
    parse_origin(_text(value), allow_http=True)
    return _text(value)


def _user_agent(value: object) -> str:
    return Endpoint(base_url="https://sentry.io", user_agent=_text(value)).user_agent


def _secret(value: object) -> Secret:
    return Secret(_text(value))


def _token_type(value: object) -> str:
    return _checked("token_type", _text(value).lower())


def _variable(value: object) -> str:
    return _checked("token_env", _text(value))


def _name(value: object) -> str:
    return _checked("name", _text(value))


def _checked(field: str, value: str) -> str:
    known = attrs.fields_dict(Profile)[field]
    if known.validator is not None:
        known.validator(None, known, value)
    return value


def _seconds(value: object) -> float:
    text = _text(value)
    parts = _DURATION.findall(text)
    seconds = sum(float(number) * _SECONDS[unit] for number, unit in parts)
    if "".join(number + unit for number, unit in parts) != text or not seconds > 0:
        raise ConfigError(f"{text[:60]!a} is not a time such as '45s' or '1m30s'")
    return seconds


def _flag(value: object) -> bool:
    found = value if isinstance(value, bool) else _TRUTHS.get(_text(value).strip().lower())
    if found is None:
        raise ConfigError(f"{_text(value)[:60]!a} is neither true nor false")
    return found


def _never(value: object) -> bool:
    if _flag(value):
        raise ConfigError("credentials inside a job are always refused; name a profile in the job")
    return False


def _patterns(own: str, value: object) -> tuple[object, ...]:
    found = [item.strip() for item in value.split(",")] if isinstance(value, str) else value
    if not is_list(found):
        raise ConfigError("it is not a list")
    problem = ""
    try:
        _policy({own: found}, _WAITS)
    except ConfigError as error:
        problem = str(error).removeprefix("the policy cannot be used: ")
    if problem:
        raise ConfigError(problem)
    return tuple(found)


def _writes(value: object) -> str:
    found = _text(value)
    _policy({}, found)
    return found


def _headers(value: object) -> tuple[tuple[str, str], ...]:
    if not is_object(value) or not all(isinstance(text, str) for text in value.values()):
        raise ConfigError("it is not an object of header name to text")
    return tuple((name, str(text)) for name, text in value.items())


def _profile_list(value: object) -> list[object]:
    try:
        found = json.loads(_text(value), object_pairs_hook=_once)
    except RecursionError:
        problem = "it is nested too deeply"
    except json.JSONDecodeError as error:
        problem = f"it is not JSON at line {error.lineno}, column {error.colno}"
    else:
        if is_list(found) and found:
            return list(found)
        problem = "it is not a JSON list of at least one profile"
    raise ConfigError(problem)


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    names = [name for name, _ in pairs]
    if len(set(names)) < len(names):
        raise ConfigError("it has a key twice in one object")
    return dict(pairs)


_READS_ONE: Final[Mapping[str, _Reads]] = {
    "TOKEN": _secret,
    "TOKEN_ENV": _variable,
}
_OF_ONE: Final = tuple(_READS_ONE)
_COMMON: Final = {
    "BASE_URL": "base_url",
    "TOKEN_TYPE": "token_type",
    "REQUEST_TIMEOUT": "timeout",
    "USER_AGENT": "user_agent",
    "ALLOW_HTTP": "allow_http",
}
_VARIABLES: Final[Mapping[str, _Reads]] = {
    **_READS_ONE,
    **{name: partial(_patterns, own) for name, own in _LISTS.items()},
    **dict.fromkeys(_INLINE, _never),
    **dict.fromkeys(_OF_A_WORKER, _text),
    "BASE_URL": _base_url,
    "TOKEN_TYPE": _token_type,
    "REQUEST_TIMEOUT": _seconds,
    "USER_AGENT": _user_agent,
    "ALLOW_HTTP": _flag,
    "WRITES": _writes,
    "DEFAULT_PROFILE": _name,
    "PROFILES": _profile_list,
}
_JSON_LISTS: Final = {name.lower(): own for name, own in _LISTS.items()}
_KEYS: Final[Mapping[str, _Reads]] = {
    **{key: partial(_patterns, own) for key, own in _JSON_LISTS.items()},
    "name": _name,
    "base_url": _base_url,
    "token": _secret,
    "token_env": _variable,
    "token_type": _token_type,
    "org": _text,
    "headers": _headers,
    "timeout": _seconds,
    "user_agent": _user_agent,
    "writes": _writes,
    "allow_http": _flag,
}
