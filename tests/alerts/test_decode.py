"""From bytes to an alert, whoever sent them."""

import subprocess
import sys
from functools import partial

import pytest

from sentry_governed.alerts import Alert, decode_alert, parse_alert
from sentry_governed.errors import PayloadError
from tests.alerts.samples import DATADOG_SECRET, SECRETS, body

MANY_TAGS = """
from sentry_governed.alerts import decode_alert
from tests.alerts.samples import json, with_datadog, with_event
sentry = decode_alert(json.dumps(with_event(tags=[["k", "v"]] * 300_000)).encode())
datadog = decode_alert(json.dumps(with_datadog(tags="k:v," * 900_000)).encode())
print(len(sentry.tags["k"]), len(datadog.tags["k"]))
"""


def test_many_tags() -> None:
    """One key hundreds of thousands of times is read within the time that so many keys take."""
    run = subprocess.run(
        [sys.executable, "-c", MANY_TAGS], capture_output=True, text=True, timeout=30, check=True
    )

    assert run.stdout == "300000 900000\n"


@pytest.mark.parametrize("name", ["Datadog-Secret-Token", "datadog-secret-token"])
def test_datadog_header(name: str) -> None:
    """The header of Datadog's secret tells the sender, whether the bytes are verified or not."""
    sent, given_headers = body("event_alert"), {name: DATADOG_SECRET}

    messages = []
    for deliver in (decode_alert, partial(parse_alert, secrets=SECRETS)):
        with pytest.raises(PayloadError) as caught:
            deliver(sent, given_headers)
        messages.append(str(caught.value))
    assert "the datadog webhook lacks id, title" in messages[0]
    assert messages[0] == messages[1]
    assert isinstance(decode_alert(body("datadog_triggered"), given_headers), Alert)


@pytest.mark.parametrize("name", ["Sentry-Hook-Resource", "Sentry-Hook-Signature"])
def test_both_headers(name: str) -> None:
    """Headers of both senders tell nothing."""
    with pytest.raises(PayloadError, match="both Sentry and Datadog"):
        decode_alert(body("event_alert"), {"datadog-secret-token": "x", name: "event_alert"})
