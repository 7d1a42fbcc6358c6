"""The processes of the embedded scenario: `web` receives webhooks, `work` routes them."""

import json
import sys

import uvicorn

import sentry_governed as sg
from tests.chaos.harness import SECRET, router_of


def main(role: str, text: str) -> None:
    """Run until somebody ends the process."""
    told = json.loads(text)
    inbox = sg.SqliteInbox(told["inbox"], timeout=10.0)
    if role == "web":
        app = sg.webhook_app(secrets=sg.WebhookSecrets(sentry=SECRET), inbox=inbox)
        uvicorn.run(app, port=int(told["port"]), log_level="critical")
    else:
        router = router_of(told, sg.SqliteLedger(told["ledger"], timeout=10.0))
        sg.SqliteWorker(inbox, router, threads=4, lease=3.0).run()


if __name__ == "__main__":
    main(*sys.argv[1:])
