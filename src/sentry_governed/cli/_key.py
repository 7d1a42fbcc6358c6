"""Keys that commands take from the environment."""

from __future__ import annotations

import os

import click

from sentry_governed._secret import Secret
from sentry_governed.errors import ConfigError


def key_from(variable: str) -> Secret:
    """The key in an environment variable.

    Raises:
        click.UsageError: It is not set or empty, or holds what no key can.
    """
    value = os.environ.get(variable)
    if not value:
        raise click.UsageError(f"the environment variable {variable} holds no key; set it, or use --key-env")
    try:
        return Secret(value)
    except ConfigError as error:
        problem = str(error)
    raise click.UsageError(f"the environment variable {variable} cannot be used: {problem}")
