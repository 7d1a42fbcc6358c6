"""What the adapters to AWS share: clients with bounds on time, and errors in one line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import attrs

from sentry_governed.errors import ConfigError, MissingExtraError

if TYPE_CHECKING:
    from botocore.client import BaseClient

_LONGEST_PROBLEM = 500


@attrs.frozen(kw_only=True)
class Access:
    """How a service is reached.

    Attributes:
        region: None where the environment or the profile says it.
        endpoint_url: None for AWS itself.
        connect_timeout: Seconds for one connection.
        read_timeout: Seconds to wait for each answer.
        attempts: How often one call is sent at most.
    """

    region: str | None
    endpoint_url: str | None
    connect_timeout: float
    read_timeout: float
    attempts: int


def new_client(service: Literal["dynamodb", "sqs"], access: Access) -> BaseClient:
    """A client of its own session, which any number of threads may share.

    Raises:
        MissingExtraError: boto3 is not installed.
        ConfigError: There is no region, or boto3 does not take what it was given.
    """
    try:
        from botocore.config import Config
        from botocore.exceptions import BotoCoreError
        from botocore.session import Session
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "botocore":
            raise
        raise MissingExtraError("AWS needs an extra: pip install 'sentry-governed[aws]'") from None
    config = Config(
        connect_timeout=access.connect_timeout,
        read_timeout=access.read_timeout,
        retries={"total_max_attempts": access.attempts, "mode": "standard"},
    )
    try:
        client: BaseClient = Session().create_client(
            service, region_name=access.region, endpoint_url=access.endpoint_url, config=config
        )
    except (BotoCoreError, ValueError) as error:
        problem = one_line(error)
    else:
        return client
    raise ConfigError(f"no client for {service}: {problem}")


def one_line(error: BaseException) -> str:
    """What AWS or boto3 said."""
    return " ".join(str(error).split())[:_LONGEST_PROBLEM]
