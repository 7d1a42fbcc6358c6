"""Amazon SQS: an inbox, a worker that polls, and a handler for AWS Lambda."""

from sentry_governed.adapters._sqs_inbox import SqsInbox
from sentry_governed.adapters._sqs_lambda import (
    BatchItemFailure,
    BatchResponse,
    LambdaContext,
    batch_response,
    lambda_sqs,
)
from sentry_governed.adapters._sqs_worker import SqsWorker

__all__ = [
    "BatchItemFailure",
    "BatchResponse",
    "LambdaContext",
    "SqsInbox",
    "SqsWorker",
    "batch_response",
    "lambda_sqs",
]
