"""Where the commands that ask Sentry take their access from: a configuration file, or profiles."""

from __future__ import annotations

import functools
import json
import re
import sys
from collections.abc import Callable, Sequence
from typing import Final, ParamSpec

import click

from sentry_governed.cli._io import readable
from sentry_governed.errors import ConfigError, RequestRefused, SentryGovernedError
from sentry_governed.policy import Policy
from sentry_governed.sentry import SentryConfig
from sentry_governed.settings import Settings, load_profiles, sentry_config

P = ParamSpec("P")

_ARGUMENT: Final = re.compile(r"([A-Za-z][A-Za-z0-9_.]*)(:?)=(.*)", re.DOTALL)

config_option = click.option(
    "--config",
    type=readable(),
    help="The configuration file; its sentry and policy sections are read. Without it, profiles are read "
    "from the environment.",
)
profile_option = click.option("--profile", metavar="NAME", help="Which profile; the default one without it.")


def usage_and_refusals(command: Callable[P, None]) -> Callable[P, None]:
    """Show the library's errors: what was called wrongly exits with 2, any other with 1."""

    @functools.wraps(command)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            command(*args, **kwargs)
        except (ConfigError, RequestRefused) as error:
            click.echo(str(error), err=True)
            sys.exit(2)
        except SentryGovernedError as error:
            click.echo(str(error), err=True)
            sys.exit(1)

    return wrapped


def access(config: str | None, profile: str | None) -> tuple[SentryConfig, Policy]:
    """How Sentry is reached, and what may be done there."""
    if config is None:
        chosen = load_profiles().get(profile)
        return chosen.config(), chosen.policy
    settings = _settings(config, profile)
    return sentry_config(settings), settings.policy


def policy_of(config: str | None, profile: str | None) -> Policy:
    """What may be done; of a configuration file no secret is looked up."""
    return load_profiles().get(profile).policy if config is None else _settings(config, profile).policy


def _settings(config: str, profile: str | None) -> Settings:
    if profile is not None:
        raise click.UsageError("--profile is for profiles of the environment; leave it or --config out")
    return Settings.load(config)


def parameters(arguments: Sequence[str]) -> dict[str, object]:
    """The parameters of `key=value` arguments; `key:=` takes JSON, and a repeated key makes a list.

    Raises:
        click.UsageError: One is neither. It is not shown, as it may be a secret.
    """
    found: dict[str, list[object]] = {}
    for place, argument in enumerate(arguments, start=1):
        parts = _ARGUMENT.fullmatch(argument)
        if parts is None:
            raise click.UsageError(f"parameter {place} is not written key=value or key:=JSON")
        key, is_json, text = parts.groups()
        found.setdefault(key, []).append(_json(key, text) if is_json else text)
    return {key: values if len(values) > 1 else values[0] for key, values in found.items()}


def _json(key: str, text: str) -> object:
    try:
        found: object = json.loads(text)
    except (ValueError, RecursionError):
        pass
    else:
        return found
    raise click.UsageError(f"the value of {key} is not JSON; write {key}=TEXT for text")
