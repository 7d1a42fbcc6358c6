"""Verifying and parsing one Sentry webhook of about 25 KB, beside the least that any receiver does."""

import hashlib
import hmac
import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path

from sentry_governed.alerts import WebhookSecrets, parse_alert

DATA = Path(__file__).parent.parent / "tests" / "data" / "alerts"
SECRET = "sentry-client-secret-of-the-tests"


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def measure(rounds: int = 2000) -> dict[str, float]:
    """Median microseconds, measured in turns."""
    body = (DATA / "event_alert.json").read_bytes()
    headers = json.loads((DATA / "event_alert.headers.json").read_text())
    secrets = WebhookSecrets(sentry=SECRET)

    def bare() -> object:
        digest = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
        assert hmac.compare_digest(digest, headers["Sentry-Hook-Signature"])
        return json.loads(body)

    def ours() -> object:
        return parse_alert(body, headers, secrets=secrets)

    works = {"bare hmac + json.loads": bare, "parse_alert": ours}
    times: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(rounds):
        for name, work in works.items():
            times[name].append(_seconds(work))
    return {name: statistics.median(values) * 1e6 for name, values in times.items()}


if __name__ == "__main__":
    print(measure())
