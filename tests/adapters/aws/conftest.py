"""One cloud for the tests of this folder, and credentials that only it takes."""

from collections.abc import Iterator

import pytest

from tests.adapters.aws import cloud as clouds
from tests.adapters.aws.cloud import Cloud
from tests.adapters.aws.queues import Office, Site

ACCOUNT = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": "/dev/null",
    "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
}


@pytest.fixture(scope="session")
def _server() -> Iterator[Cloud]:
    with clouds.running() as cloud:
        yield cloud


@pytest.fixture
def cloud(_server: Cloud, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    """A cloud in which nothing goes wrong yet."""
    for name, value in ACCOUNT.items():
        monkeypatch.setenv(name, value)
    _server.calls.clear()
    _server.catch_up.clear()
    yield _server
    _server.mishaps.clear()
    _server.is_out = False
    _server.catch_up.set()


@pytest.fixture
def site(cloud: Cloud) -> Iterator[Site]:
    """The cloud's queues."""
    site = Site.of(cloud)
    yield site
    site.client.close()


@pytest.fixture
def office() -> Office:
    """A router among fakes."""
    return Office.new()
