"""The examples do what they say: each script is run as a reader would run it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent


def lines(script: str) -> list[str]:
    """What a script prints."""
    run = subprocess.run(
        [sys.executable, str(HERE / script)],
        cwd=HERE.parent,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (run.returncode, run.stderr) == (0, ""), run.stderr
    return run.stdout.splitlines()


def test_lambda_embed() -> None:
    """The old path still answers; an alert makes one task, a forged one none; a failure asks for more."""
    up, created, again, forged, deferred, count = lines("lambda_embed.py")

    assert up == '200 - {"status": "up"}'
    assert created.startswith('200 - {"outcome": "Created", "task": "https://app.asana.com/')
    assert again == created.replace("Created", "Duplicate")
    assert forged.startswith('401 - {"error": "the Sentry signature does not fit')
    assert deferred.startswith('503 300 {"outcome": "Deferred"')
    assert count == "1 task, 1 link in Sentry"


def test_custom_task() -> None:
    """The new section is in both tasks, and the new placement sends one of them elsewhere."""
    printed = lines("custom_task.py")

    places = [line for line in printed if " is in project " in line]
    assert [place.rpartition(" ")[2] for place in places] == ["1300000000000002", "1300000000000001"]
    assert "Impact: customers on plan free" in printed
    assert "Impact: customers on plan vip" in printed
    assert sum(line.startswith("sentry-governed: sentry.") for line in printed) == 2


def test_fastapi_app() -> None:
    """Two deliveries of one alert are accepted, a forged one is not, and there is one task."""
    assert lines("fastapi_app.py") == [
        "202 kept",
        "202 kept",
        "401 refused",
        "{'waiting': 0, 'dead': 0, 'quarantined': 0}",
        "1 task",
    ]


def test_nats_worker() -> None:
    """Each alert makes one task, however often it was sent; what nobody can read is put aside."""
    printed = lines("nats_worker.py")

    assert sorted(printed[:3]) == ["Created: Ack", "Created: Ack", "Rejected: DeadLetter"]
    assert printed[3:] == [
        "dead letter 1: the body is not UTF-8 at byte 0",
        "2 tasks for 2 alerts in 3 webhooks",
    ]


def test_lambda() -> None:
    """Genuine webhooks are kept, and the function behind the queue makes a task of each alert."""
    assert lines("lambda/play.py") == [
        "202",
        "202",
        "202",
        "401",
        "4 messages",
        "dead letter: the body is not JSON",
        "2 tasks",
    ]


def test_sqs_worker() -> None:
    """Each alert makes one task, however often it was sent; what nobody can read is put aside."""
    printed = lines("sqs_worker.py")

    settled = ["Created: Ack", "Created: Ack", "Duplicate: Ack", "Rejected: DeadLetter"]
    assert sorted(printed[:4]) == settled
    assert printed[4:] == ["dead letter: the body is not JSON", "2 tasks for 2 alerts in 3 webhooks"]
