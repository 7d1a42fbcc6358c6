"""Alerts that a worker takes off SQS a second and core, beside a bare loop that receives and deletes them.

AWS is moto in another process, and Asana answers at once: what is measured is the processor time of this one.
"""

from __future__ import annotations

import os
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import sentry_governed as sg
from benchmarks.worker import ALERTS, router, webhooks

if TYPE_CHECKING:
    from types_boto3_sqs.client import SQSClient

ROUNDS = 3
ACCOUNT = {"AWS_ACCESS_KEY_ID": "any", "AWS_SECRET_ACCESS_KEY": "any", "AWS_DEFAULT_REGION": "eu-west-1"}


@contextmanager
def _cloud() -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            for _ in range(300):
                with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                    break
                time.sleep(0.1)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()


def _bare(sqs: SQSClient, queue: str) -> None:
    request: dict[str, Any] = {"QueueUrl": queue, "MaxNumberOfMessages": 1, "WaitTimeSeconds": 1}
    for _ in range(ALERTS):
        (message,) = sqs.receive_message(**request)["Messages"]
        sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])


class _Count:
    """Stops the worker after the last alert."""

    def __init__(self) -> None:
        self.left = ALERTS
        self.worker: sg.SqsWorker | None = None

    def received(self, source: str, verdict: str) -> None: ...

    def settled(self, outcome: sg.Outcome, settlement: object) -> None:
        del settlement
        assert isinstance(outcome, sg.Created), outcome
        self.left -= 1
        if self.left == 0 and self.worker is not None:
            self.worker.stop()


def _worked(queue: str) -> None:
    count = _Count()
    count.worker = sg.SqsWorker(queue, router(sg.MemoryLedger()), threads=1, wait=1, watch=count)
    thread = threading.Thread(target=count.worker.run)
    thread.start()
    thread.join()


def _seconds(work: Callable[[], None]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def measure() -> dict[str, float]:
    """Alerts a second and core, from medians, measured in turns."""
    import boto3

    os.environ.update(ACCOUNT)
    bare, worked = [], []
    with _cloud() as url:
        sqs = boto3.client("sqs", endpoint_url=url)
        queue = sqs.create_queue(QueueName="alerts")["QueueUrl"]
        inbox = sg.SqsInbox(queue, timeout=10)
        for _ in range(ROUNDS):
            for times, work in ((bare, lambda: _bare(sqs, queue)), (worked, lambda: _worked(queue))):
                for message in webhooks():
                    inbox.put(message)
                times.append(_seconds(work))
        inbox.close()
    return {"bare": ALERTS / statistics.median(bare), "worker": ALERTS / statistics.median(worked)}


if __name__ == "__main__":
    print(measure())
