"""Keys that commands take from the environment."""

from __future__ import annotations

import os

import click

from sentry_governed._secret import Secret
from sentry_governed.errors import ConfigError
from sentry_governed.policy._keys import check_key


def key_from(variable: str) -> Secret:
    """The key in an environment variable.

    Raises:
        click.UsageError: It is not set or empty, or cannot be a key.
    """
    value = os.environ.get(variable)
    if not value:
        raise click.UsageError(f"the environment variable {variable} holds no key; set it, or use --key-env")
    try:
        key = Secret(value)
        check_key(key, "the key")
    except ConfigError as error:
        problem = str(error)
    else:
        return key
    raise click.UsageError(f"the environment variable {variable} cannot be used: {problem}")
