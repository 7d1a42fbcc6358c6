"""What type checkers see of the public names. Never executed: mypy and pyright read it.

A line that stops being true here is a change that breaks other people's code.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import assert_never, assert_type

import sentry_governed as sg
from sentry_governed.adapters.sqs import BatchResponse
from sentry_governed.testing import Case, load_cases
from sentry_governed.typing import (
    AsyncInbox,
    AsyncLedger,
    Authorizer,
    HasFacts,
    Inbox,
    JsonValue,
    Ledger,
    Sender,
    Tags,
)


def teams(tags: Tags, alert: sg.Alert) -> None:
    """Layer 3."""
    loaded = sg.Teams.load("teams.yaml", default="Platform")
    assert_type(loaded, sg.Teams)
    assert_type(sg.Teams.parse("- Name: a", source="x", default=None), sg.Teams)
    assert_type(loaded.teams, tuple[sg.Team, ...])
    assert_type(loaded.default, sg.Team | None)
    assert_type(loaded.digest, str)
    assert_type(loaded.match(tags), sg.Match | None)
    assert_type(loaded.matches(alert), tuple[sg.Match, ...])
    route = loaded.route(tags)
    assert_type(route, sg.Route)
    assert_type(route.team.name, str)
    assert_type(route.team.asana_backlog_id, str | None)
    assert_type(route.match, sg.Match | None)
    assert_type((route.is_default, route.ignored, route.reason), tuple[bool, bool, str])
    for match in loaded.matches({"a": "b", "n": 1, "f": 0.5, "t": True, "none": None, "many": ["a", 1]}):
        assert_type(match.team, sg.Team)
        assert_type(match.rule, sg.Rule)
        assert_type(match.terms, tuple[sg.Term, ...])
        assert_type(match.location, str)
    assert_type(loaded.rules, tuple[sg.Match, ...])
    explanation = loaded.explain(alert, team="Search")
    assert_type(explanation, sg.Explanation)
    assert_type(explanation.team, sg.Team | None)
    assert_type(explanation.to_json(), dict[str, JsonValue])
    assert_type(sg.backtest(loaded, [alert, alert.facts, tags]), sg.Backtest)
    assert_type(loaded.lint(), tuple[sg.Finding, ...])
    diff = loaded.diff(loaded, alerts=[alert, tags])
    assert_type(diff, sg.Diff)
    assert_type((diff.alerts_moved, diff.certain, diff.to_markdown()), tuple[int, bool, str])
    assert_type(sg.Rule.parse("[a:b]"), sg.Rule)
    assert_type(sg.Term.parse("a:b"), sg.Term)


def alerts(body: bytes, headers: Mapping[str, str]) -> None:
    """What comes in."""
    secrets = sg.WebhookSecrets(sentry=("a", sg.Secret("b")), datadog=("c",))
    assert_type(sg.parse_alert(body, headers, secrets=secrets), sg.Alert | sg.Ignored)
    assert_type(sg.parse_alert(body, list(headers.items()), secrets=secrets), sg.Alert | sg.Ignored)
    alert = sg.decode_alert(body)
    if isinstance(alert, sg.Ignored):
        assert_type(alert.reason, str)
        return
    assert_type((alert.kind, alert.key, alert.title), tuple[str, str, str])
    assert_type(alert.org, str | None)
    assert_type(alert.occurred_at, str | None)
    assert_type(alert.tags, Mapping[str, tuple[str, ...]])
    assert_type(alert.facts, Mapping[str, tuple[str, ...]])
    assert_type(alert.raw, Mapping[str, JsonValue])
    _: HasFacts = alert


def cases(loaded: sg.Teams, builder: sg.TaskBuilder) -> None:
    """Tests of a teams file."""
    sg.assert_routes(loaded, "cases.yaml")
    sg.assert_routes(loaded, Path("cases.yaml"), builder=builder)
    sg.assert_routes(loaded, [Case("a", tags={"a": "b"}, team="Web", rule="42:7", ignored="noise")])
    sg.assert_routes(loaded, load_cases("cases.yaml"))


def tasks(alert: sg.Alert, route: sg.Route) -> None:
    """Layer 4, the pure half."""
    builder = sg.TaskBuilder(sg.TaskSettings(default_project="1"))
    draft = builder.build(alert, route, previous="1", root=None, projects=["2"])
    assert_type(draft, sg.TaskDraft)
    assert_type(draft.to_payload(), dict[str, JsonValue])
    assert_type(draft.projects, tuple[str, ...] | None)
    assert_type(draft.marker, str)


def clients(draft: sg.TaskDraft) -> None:
    """Layers 1 and 4, the acting half; the guard is required."""
    asana = sg.AsanaConfig(token=sg.Secret("a"), base_url="http://127.0.0.1:1", allow_http=True)
    with sg.AsanaClient(asana) as tasks:
        assert_type(tasks.create(draft).gid, str)
        assert_type(tasks.get_task("1").url, str)
    integration = sg.Installation("a8e5d37a-696c-4c54-adb5-b3f28d64c7de", sg.Secret("b"))
    config = sg.SentryConfig(token=sg.Secret("a"), org="my-org", integration=integration)
    with sg.SentryClient(config, guard=sg.AllowAll()) as sentry:
        for issue in sentry.issues.list(project="web", query="is:unresolved"):
            assert_type(issue.title, str)
        assert_type(sentry.issues.comment("1", "text").existed, bool)


async def async_clients(draft: sg.TaskDraft) -> None:
    """The same for asyncio."""
    async with sg.AsyncAsanaClient(sg.AsanaConfig(token=sg.Secret("a"))) as tasks:
        assert_type((await tasks.create(draft)).gid, str)
    async with sg.AsyncSentryClient(sg.SentryConfig(token=sg.Secret("a")), guard=sg.AllowAll()) as sentry:
        async for issue in sentry.issues.list(org="my-org"):
            assert_type(issue.id, str)


def routers(
    teams: sg.Teams, builder: sg.TaskBuilder, asana: sg.AsanaClient, alert: sg.Alert | sg.Ignored
) -> str:
    """The composition; every outcome can be told apart, and there are no others."""
    with sg.SqliteLedger("ledger.db") as ledger:
        router = sg.Router(teams=teams, tasks=builder, asana=asana, sentry=None, ledger=ledger, shadow=teams)
        outcome = router.handle(alert, deadline=10.0)
    assert_type(outcome, sg.Outcome)
    match outcome:
        case sg.Created():
            assert_type(outcome.projects, tuple[str, ...])
            assert_type(outcome.shadow, sg.Shadowed | None)
            return outcome.url
        case sg.Commented() | sg.Duplicate():
            return outcome.task
        case sg.Skipped():
            assert_type(outcome.key, str | None)
            return outcome.reason
        case sg.Deferred() | sg.Uncertain():
            assert_type(outcome.retry_after, float)
            return outcome.reason
        case sg.Rejected():
            return outcome.problem
    assert_never(outcome)


def embedded_inbox(router: sg.Router, message: sg.InboxMessage) -> None:
    """The inbox and the worker that need no broker."""
    with sg.SqliteInbox("inbox.db") as inbox:
        inbox.put(message)
        worker = sg.SqliteWorker(inbox, router, threads=4)
        worker.stop()
        assert_type(worker.run(), None)
        assert_type(inbox.list("dead", limit=10), tuple[sg.InboxItem, ...])
        assert_type(inbox.show(1), sg.InboxItem | None)
        assert_type(inbox.stats(), sg.InboxStats)
        assert_type(inbox.retry(1) or inbox.discard(1), bool)


def webhooks(secrets: sg.WebhookSecrets, inbox: sg.SqliteInbox) -> None:
    """Both ways in take the same things."""
    sg.webhook_app(secrets=secrets, inbox=inbox, timeout=0.5)
    answer = sg.lambda_webhook(secrets=secrets, inbox=inbox)({"httpMethod": "GET"}, None)
    assert_type(answer["statusCode"], JsonValue)


async def async_routers(
    teams: sg.Teams, builder: sg.TaskBuilder, asana: sg.AsyncAsanaClient, alert: sg.Alert
) -> None:
    """An AsyncRouter takes either kind of ledger."""
    for ledger in (sg.AsyncMemoryLedger(), sg.MemoryLedger(), sg.DynamoLedger("t", region="eu-west-1")):
        router = sg.AsyncRouter(teams=teams, tasks=builder, asana=asana, ledger=ledger)
        assert_type(await router.handle(alert), sg.Outcome)


async def configured(alert: sg.Alert) -> None:
    """From one file."""
    settings = sg.Settings.load("sentry-governed.yaml")
    assert_type(sg.webhook_secrets(settings), sg.WebhookSecrets)
    with sg.open_router(settings, secrets={"ASANA_PAT": "x"}) as runtime:
        assert_type(runtime.router, sg.Router)
        assert_type(runtime.sentry, sg.SentryClient | None)
    async with sg.open_async_router(settings) as other:
        assert_type(await other.router.handle(alert), sg.Outcome)


def values(operation: sg.Operation, request: sg.Request) -> None:
    """What the Protocols speak of."""
    authorizer: Authorizer = sg.AllowAll()
    permit = authorizer.authorize(operation, request, None)
    assert_type(permit, sg.Permit)
    permit.completed(200)
    assert_type(operation.projects, tuple[str, ...] | None)
    assert_type(request.body, bytes | None)


def queues(router: sg.Router, message: sg.InboxMessage) -> None:
    """Amazon SQS."""
    with sg.SqsInbox("https://sqs.eu-west-1.amazonaws.com/1/alerts", timeout=0.5) as inbox:
        inbox.put(message)
        _: Inbox = inbox
    handler = sg.lambda_sqs(lambda: router, threads=4, reserve=5.0)
    assert_type(handler({"Records": []}, _Invocation()), BatchResponse)
    worker = sg.SqsWorker("https://sqs.eu-west-1.amazonaws.com/1/alerts", router, threads=2, wait=10)
    worker.run()
    worker.stop()
    sg.lambda_sqs(router, dead_letter_url="https://sqs.eu-west-1.amazonaws.com/1/dead")


class _Invocation:
    def get_remaining_time_in_millis(self) -> int:
        return 1


def protocols(sender: Sender, ledger: Ledger, request: sg.Request) -> None:
    """What users implement."""
    assert_type(sender.send(request, timeout=1.0), sg.Response)
    assert_type(ledger.get("key"), sg.LedgerRecord | None)
    assert_type(ledger.put("key", "value", expected=None, expires_at=0.0), sg.LedgerRecord | None)


def errors(problem: sg.TeamsFileError) -> None:
    """One root, structured attributes."""
    root: sg.SentryGovernedError = problem
    assert_type(problem.problems, tuple[sg.Problem, ...])
    assert_type(problem.problems[0].line, int)
    api: sg.ApiError = sg.RateLimited("GET", "/tasks", 429, "slow down")
    assert_type(api.retry_after, float | None)
    raise root


def policy(operation: sg.Operation) -> None:
    """Layer 2."""
    rules = sg.Policy(allowed_orgs=["a"], denied_projects=("a/b",), writes="require_approval")
    assert_type(rules.digest, str)
    decision = rules.decide("issues.resolve", org="a", project="web")
    assert_type(decision, sg.Decision)
    assert_type(rules.decide(operation), sg.Decision)
    assert_type(decision.effect, sg.Effect)
    assert_type((decision.reason, decision.rule), tuple[str, str | None])
    assert_type(sg.Policy.for_router(orgs=["a"]), sg.Policy)
    guard: Authorizer = sg.Guard(rules, audit=sg.MemoryAudit())
    with sg.SentryClient(sg.SentryConfig(token=sg.Secret("a")), guard=guard) as sentry:
        assert_type(sentry.call("issues.get", {"issue_id": "1"}), sg.ActionResult)
        assert_type(sentry.call("issues.resolve", {"issue_id": "1"}, dry_run=True), sg.Preview)


async def datadog() -> None:
    """Events out of Datadog and into it."""
    config = sg.DatadogConfig(api_key=sg.Secret("a"), app_key=sg.Secret("b"), site="datadoghq.eu")
    draft = sg.DatadogEventDraft(title="a", text="b", tags=("env:prod",))
    with sg.DatadogClient(config) as threads:
        assert_type(threads.events.get("1"), sg.DatadogEvent)
        assert_type(threads.events.post(draft).tag_values, dict[str, tuple[str, ...]])
    async with sg.AsyncDatadogClient(config) as loop:
        assert_type(await loop.events.get("1"), sg.DatadogEvent)


async def nats() -> None:
    """A ledger in a bucket."""
    config = sg.NatsConfig(servers="nats://127.0.0.1:4222", user="me", password=sg.Secret("a"))
    assert_type(config.servers, tuple[str, ...])
    async with await sg.NatsLedger.open(config, bucket="ledger") as ledger:
        anyone: AsyncLedger = ledger
        assert_type(await anyone.get("key"), sg.LedgerRecord | None)


async def reconciling(router: sg.Router, other: sg.AsyncRouter) -> None:
    """Webhooks that never came."""
    report = sg.Reconciler(router).reconcile(3600, projects=["web"], query="is:unresolved", grace=60)
    assert_type(report, sg.ReconcileReport)
    assert_type(report.outcomes, tuple[sg.Outcome, ...])
    assert_type(await sg.AsyncReconciler(other).reconcile(3600, deadline=30), sg.ReconcileReport)


async def jetstream(router: sg.AsyncRouter, message: sg.InboxMessage) -> None:
    """A queue, what fills it and what works it off."""
    queue = sg.JetStreamQueue(stream="ALERTS", durable="workers", ack_wait=60.0)
    async with await sg.JetStreamInbox.open("nats://127.0.0.1:4222", queue, timeout=0.5) as inbox:
        anyone: AsyncInbox = inbox
        assert_type(await anyone.put(message), None)
    worker = sg.JetStreamWorker("nats://127.0.0.1:4222", router, queue=queue, loops=4)
    assert_type(await worker.run(), None)
    worker.stop()
