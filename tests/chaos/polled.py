"""The workers of the scenario with SQS, whose ledger is a table of DynamoDB."""

import json
import logging
import sys

import sentry_governed as sg
from tests.chaos.harness import router_of


def main(text: str) -> None:
    """Run until somebody ends the process."""
    logging.disable()
    told = json.loads(text)
    ledger = sg.DynamoLedger(told["table"], endpoint_url=told["cloud"])
    sg.SqsWorker(told["queue"], router_of(told, ledger), threads=4, visibility=4, wait=2).run()


if __name__ == "__main__":
    main(*sys.argv[1:])
