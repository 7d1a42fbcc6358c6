"""The function behind the webhook's URL: it verifies a webhook, keeps it in the queue, and answers.

Configure `webhook.handler` for API Gateway, a function URL or a load balancer. It needs `sqs:SendMessage`.
"""

import os

import sentry_governed as sg

handler = sg.lambda_webhook(
    secrets=sg.WebhookSecrets(sentry=os.environ["SENTRY_CLIENT_SECRET"].split()),  # two while one is replaced
    inbox=sg.SqsInbox(os.environ["QUEUE_URL"]),
)
