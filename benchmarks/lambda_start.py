"""What a cold Lambda function pays: importing the module of each handler, in time and in memory."""

import json
import statistics
import subprocess
import sys

WORKER = """
import sentry_governed as sg
handler = sg.lambda_sqs(lambda: sg.Router(...), dead_letter_url="https://sqs.eu-west-1.amazonaws.com/1/dead")
"""
WEBHOOK = """
import sentry_governed as sg
class Inbox:
    def put(self, message): ...
handler = sg.lambda_webhook(secrets=sg.WebhookSecrets(sentry=("secret",)), inbox=Inbox())
"""
CLIENT = """
import sentry_governed as sg
inbox = sg.SqsInbox("https://sqs.eu-west-1.amazonaws.com/1/alerts")
handler = sg.lambda_webhook(secrets=sg.WebhookSecrets(sentry=("secret",)), inbox=inbox)
"""
HANDLERS = {
    "worker function": WORKER,
    "webhook function": WEBHOOK,
    "webhook function, with boto3's client": CLIENT,
}
BOUND = ("worker function", "webhook function")
"""Those that do not load boto3."""
MEASURED = """
import json, resource, sys, time
began = time.perf_counter()
exec(sys.argv[1])
took = time.perf_counter() - began
try:  # on Linux ru_maxrss begins with the size of whoever started the process
    kilobytes = next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM"))
except OSError:
    kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(json.dumps([took * 1e3, kilobytes / 1024]))
"""


def measure(rounds: int = 9) -> dict[str, tuple[float, float]]:
    """Median milliseconds of the import, and megabytes of the whole process after it."""
    return {name: _median(code, rounds) for name, code in HANDLERS.items()}


def _median(code: str, rounds: int) -> tuple[float, float]:
    found = []
    for _ in range(rounds + 1):
        run = subprocess.run(
            [sys.executable, "-c", MEASURED, code], capture_output=True, text=True, check=True
        )
        found.append(json.loads(run.stdout))
    times, sizes = zip(*found[1:], strict=True)  # the first one reads the disk
    return statistics.median(times), statistics.median(sizes)
