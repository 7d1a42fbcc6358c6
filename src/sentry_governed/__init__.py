"""Route Sentry and Datadog alerts to the team that owns them, and act on Sentry only under policy.

Every public name can be imported from here. Each is loaded when it is first used, so that importing the
package costs next to nothing.
"""

from sentry_governed._lazy import later

TYPE_CHECKING = False  # type checkers know this name; `typing` itself would cost a cold start
if TYPE_CHECKING:
    from sentry_governed._operation import Operation as Operation
    from sentry_governed._secret import Secret as Secret
    from sentry_governed._values import InboxMessage as InboxMessage
    from sentry_governed._values import LedgerRecord as LedgerRecord
    from sentry_governed._values import Permit as Permit
    from sentry_governed._values import Request as Request
    from sentry_governed._values import Response as Response
    from sentry_governed.adapters.dynamodb import DynamoLedger as DynamoLedger
    from sentry_governed.adapters.nats import JetStreamInbox as JetStreamInbox
    from sentry_governed.adapters.nats import JetStreamQueue as JetStreamQueue
    from sentry_governed.adapters.nats import JetStreamWorker as JetStreamWorker
    from sentry_governed.adapters.nats import NatsConfig as NatsConfig
    from sentry_governed.adapters.nats import NatsLedger as NatsLedger
    from sentry_governed.adapters.sqlite import InboxItem as InboxItem
    from sentry_governed.adapters.sqlite import InboxStats as InboxStats
    from sentry_governed.adapters.sqlite import SqliteInbox as SqliteInbox
    from sentry_governed.adapters.sqlite import SqliteWorker as SqliteWorker
    from sentry_governed.adapters.sqs import SqsInbox as SqsInbox
    from sentry_governed.adapters.sqs import SqsWorker as SqsWorker
    from sentry_governed.adapters.sqs import lambda_sqs as lambda_sqs
    from sentry_governed.adapters.webhooks import lambda_webhook as lambda_webhook
    from sentry_governed.adapters.webhooks import webhook_app as webhook_app
    from sentry_governed.alerts import Alert as Alert
    from sentry_governed.alerts import AsyncDatadogClient as AsyncDatadogClient
    from sentry_governed.alerts import DatadogClient as DatadogClient
    from sentry_governed.alerts import DatadogConfig as DatadogConfig
    from sentry_governed.alerts import DatadogEvent as DatadogEvent
    from sentry_governed.alerts import DatadogEventDraft as DatadogEventDraft
    from sentry_governed.alerts import Ignored as Ignored
    from sentry_governed.alerts import WebhookSecrets as WebhookSecrets
    from sentry_governed.alerts import decode_alert as decode_alert
    from sentry_governed.alerts import parse_alert as parse_alert
    from sentry_governed.asana import AsanaClient as AsanaClient
    from sentry_governed.asana import AsanaConfig as AsanaConfig
    from sentry_governed.asana import AsyncAsanaClient as AsyncAsanaClient
    from sentry_governed.asana import TaskBuilder as TaskBuilder
    from sentry_governed.asana import TaskDraft as TaskDraft
    from sentry_governed.asana import TaskSettings as TaskSettings
    from sentry_governed.errors import AlertError as AlertError
    from sentry_governed.errors import ApiError as ApiError
    from sentry_governed.errors import ApprovalRefused as ApprovalRefused
    from sentry_governed.errors import ApprovalRequired as ApprovalRequired
    from sentry_governed.errors import AuditError as AuditError
    from sentry_governed.errors import BadRequest as BadRequest
    from sentry_governed.errors import CasesFileError as CasesFileError
    from sentry_governed.errors import ClaimRefused as ClaimRefused
    from sentry_governed.errors import ConfigError as ConfigError
    from sentry_governed.errors import CreateUncertain as CreateUncertain
    from sentry_governed.errors import Denied as Denied
    from sentry_governed.errors import FieldNotOnProject as FieldNotOnProject
    from sentry_governed.errors import FileError as FileError
    from sentry_governed.errors import Gone as Gone
    from sentry_governed.errors import InboxError as InboxError
    from sentry_governed.errors import LedgerError as LedgerError
    from sentry_governed.errors import MissingExtraError as MissingExtraError
    from sentry_governed.errors import NoAccess as NoAccess
    from sentry_governed.errors import NoDefaultTeam as NoDefaultTeam
    from sentry_governed.errors import NotFound as NotFound
    from sentry_governed.errors import NotSent as NotSent
    from sentry_governed.errors import PayloadError as PayloadError
    from sentry_governed.errors import PlanTooSmall as PlanTooSmall
    from sentry_governed.errors import Problem as Problem
    from sentry_governed.errors import ProjectMoved as ProjectMoved
    from sentry_governed.errors import RateLimited as RateLimited
    from sentry_governed.errors import Redirected as Redirected
    from sentry_governed.errors import ReplyLost as ReplyLost
    from sentry_governed.errors import RequestRefused as RequestRefused
    from sentry_governed.errors import ResponseTooLarge as ResponseTooLarge
    from sentry_governed.errors import SentryGovernedError as SentryGovernedError
    from sentry_governed.errors import ServiceFailed as ServiceFailed
    from sentry_governed.errors import SettingsError as SettingsError
    from sentry_governed.errors import SignatureError as SignatureError
    from sentry_governed.errors import TaskTooLarge as TaskTooLarge
    from sentry_governed.errors import TeamsFileError as TeamsFileError
    from sentry_governed.errors import TokenRefused as TokenRefused
    from sentry_governed.errors import TransportError as TransportError
    from sentry_governed.errors import UnexpectedAnswer as UnexpectedAnswer
    from sentry_governed.policy import AllowAll as AllowAll
    from sentry_governed.policy import ApprovalRequest as ApprovalRequest
    from sentry_governed.policy import AuditProblem as AuditProblem
    from sentry_governed.policy import AuditRecord as AuditRecord
    from sentry_governed.policy import AuditReport as AuditReport
    from sentry_governed.policy import CallbackApprovals as CallbackApprovals
    from sentry_governed.policy import Decision as Decision
    from sentry_governed.policy import Effect as Effect
    from sentry_governed.policy import Guard as Guard
    from sentry_governed.policy import JsonLinesAudit as JsonLinesAudit
    from sentry_governed.policy import LoggingAudit as LoggingAudit
    from sentry_governed.policy import MemoryAudit as MemoryAudit
    from sentry_governed.policy import Policy as Policy
    from sentry_governed.policy import SignedApprovals as SignedApprovals
    from sentry_governed.policy import verify_audit as verify_audit
    from sentry_governed.routing import AsyncMemoryLedger as AsyncMemoryLedger
    from sentry_governed.routing import AsyncReconciler as AsyncReconciler
    from sentry_governed.routing import AsyncRouter as AsyncRouter
    from sentry_governed.routing import Commented as Commented
    from sentry_governed.routing import Created as Created
    from sentry_governed.routing import Deferred as Deferred
    from sentry_governed.routing import Duplicate as Duplicate
    from sentry_governed.routing import MemoryLedger as MemoryLedger
    from sentry_governed.routing import Outcome as Outcome
    from sentry_governed.routing import Reconciler as Reconciler
    from sentry_governed.routing import ReconcileReport as ReconcileReport
    from sentry_governed.routing import Rejected as Rejected
    from sentry_governed.routing import Router as Router
    from sentry_governed.routing import Shadowed as Shadowed
    from sentry_governed.routing import Skipped as Skipped
    from sentry_governed.routing import SqliteLedger as SqliteLedger
    from sentry_governed.routing import Uncertain as Uncertain
    from sentry_governed.sentry import ActionResult as ActionResult
    from sentry_governed.sentry import AsyncSentryClient as AsyncSentryClient
    from sentry_governed.sentry import Installation as Installation
    from sentry_governed.sentry import Preview as Preview
    from sentry_governed.sentry import SentryClient as SentryClient
    from sentry_governed.sentry import SentryConfig as SentryConfig
    from sentry_governed.settings import Profile as Profile
    from sentry_governed.settings import Profiles as Profiles
    from sentry_governed.settings import Settings as Settings
    from sentry_governed.settings import load_profiles as load_profiles
    from sentry_governed.settings import open_async_router as open_async_router
    from sentry_governed.settings import open_router as open_router
    from sentry_governed.settings import webhook_secrets as webhook_secrets
    from sentry_governed.teams import Backtest as Backtest
    from sentry_governed.teams import Diff as Diff
    from sentry_governed.teams import Explanation as Explanation
    from sentry_governed.teams import Finding as Finding
    from sentry_governed.teams import Match as Match
    from sentry_governed.teams import Route as Route
    from sentry_governed.teams import Rule as Rule
    from sentry_governed.teams import Team as Team
    from sentry_governed.teams import Teams as Teams
    from sentry_governed.teams import Term as Term
    from sentry_governed.teams import backtest as backtest
    from sentry_governed.testing import assert_routes as assert_routes

__all__ = [
    "ActionResult",
    "Alert",
    "AlertError",
    "AllowAll",
    "ApiError",
    "ApprovalRefused",
    "ApprovalRequest",
    "ApprovalRequired",
    "AsanaClient",
    "AsanaConfig",
    "AsyncAsanaClient",
    "AsyncDatadogClient",
    "AsyncMemoryLedger",
    "AsyncReconciler",
    "AsyncRouter",
    "AsyncSentryClient",
    "AuditError",
    "AuditProblem",
    "AuditRecord",
    "AuditReport",
    "Backtest",
    "BadRequest",
    "CallbackApprovals",
    "CasesFileError",
    "ClaimRefused",
    "Commented",
    "ConfigError",
    "CreateUncertain",
    "Created",
    "DatadogClient",
    "DatadogConfig",
    "DatadogEvent",
    "DatadogEventDraft",
    "Decision",
    "Deferred",
    "Denied",
    "Diff",
    "Duplicate",
    "DynamoLedger",
    "Effect",
    "Explanation",
    "FieldNotOnProject",
    "FileError",
    "Finding",
    "Gone",
    "Guard",
    "Ignored",
    "InboxError",
    "InboxItem",
    "InboxMessage",
    "InboxStats",
    "Installation",
    "JetStreamInbox",
    "JetStreamQueue",
    "JetStreamWorker",
    "JsonLinesAudit",
    "LedgerError",
    "LedgerRecord",
    "LoggingAudit",
    "Match",
    "MemoryAudit",
    "MemoryLedger",
    "MissingExtraError",
    "NatsConfig",
    "NatsLedger",
    "NoAccess",
    "NoDefaultTeam",
    "NotFound",
    "NotSent",
    "Operation",
    "Outcome",
    "PayloadError",
    "Permit",
    "PlanTooSmall",
    "Policy",
    "Preview",
    "Problem",
    "Profile",
    "Profiles",
    "ProjectMoved",
    "RateLimited",
    "ReconcileReport",
    "Reconciler",
    "Redirected",
    "Rejected",
    "ReplyLost",
    "Request",
    "RequestRefused",
    "Response",
    "ResponseTooLarge",
    "Route",
    "Router",
    "Rule",
    "Secret",
    "SentryClient",
    "SentryConfig",
    "SentryGovernedError",
    "ServiceFailed",
    "Settings",
    "SettingsError",
    "Shadowed",
    "SignatureError",
    "SignedApprovals",
    "Skipped",
    "SqliteInbox",
    "SqliteLedger",
    "SqliteWorker",
    "SqsInbox",
    "SqsWorker",
    "TaskBuilder",
    "TaskDraft",
    "TaskSettings",
    "TaskTooLarge",
    "Team",
    "Teams",
    "TeamsFileError",
    "Term",
    "TokenRefused",
    "TransportError",
    "Uncertain",
    "UnexpectedAnswer",
    "WebhookSecrets",
    "assert_routes",
    "backtest",
    "decode_alert",
    "lambda_sqs",
    "lambda_webhook",
    "load_profiles",
    "open_async_router",
    "open_router",
    "parse_alert",
    "verify_audit",
    "webhook_app",
    "webhook_secrets",
]

_HOMES = {
    "adapters.webhooks": "lambda_webhook webhook_app",
    "adapters.sqlite": "InboxItem InboxStats SqliteInbox SqliteWorker",
    "_operation": "Operation",
    "_secret": "Secret",
    "_values": "InboxMessage LedgerRecord Permit Request Response",
    "adapters.dynamodb": "DynamoLedger",
    "adapters.nats": "JetStreamInbox JetStreamQueue JetStreamWorker NatsConfig NatsLedger",
    "adapters.sqs": "SqsInbox SqsWorker lambda_sqs",
    "alerts": (
        "Alert AsyncDatadogClient DatadogClient DatadogConfig DatadogEvent DatadogEventDraft Ignored "
        "WebhookSecrets decode_alert parse_alert"
    ),
    "asana": "AsanaClient AsanaConfig AsyncAsanaClient TaskBuilder TaskDraft TaskSettings",
    "errors": (
        "AlertError ApiError ApprovalRefused ApprovalRequired AuditError BadRequest CasesFileError "
        "ClaimRefused ConfigError CreateUncertain Denied FieldNotOnProject FileError Gone InboxError "
        "LedgerError MissingExtraError NoAccess NoDefaultTeam NotFound NotSent PayloadError "
        "PlanTooSmall Problem ProjectMoved RateLimited Redirected ReplyLost RequestRefused "
        "ResponseTooLarge SentryGovernedError ServiceFailed SettingsError SignatureError TaskTooLarge "
        "TeamsFileError TokenRefused TransportError UnexpectedAnswer"
    ),
    "policy": (
        "AllowAll ApprovalRequest AuditProblem AuditRecord AuditReport CallbackApprovals Decision "
        "Effect Guard JsonLinesAudit LoggingAudit MemoryAudit Policy SignedApprovals verify_audit"
    ),
    "routing": (
        "AsyncMemoryLedger AsyncReconciler AsyncRouter Commented Created Deferred Duplicate "
        "MemoryLedger Outcome ReconcileReport Reconciler Rejected Router Shadowed Skipped "
        "SqliteLedger Uncertain"
    ),
    "sentry": "ActionResult AsyncSentryClient Installation Preview SentryClient SentryConfig",
    "settings": "Profile Profiles Settings load_profiles open_async_router open_router webhook_secrets",
    "teams": "Backtest Diff Explanation Finding Match Route Rule Team Teams Term backtest",
    "testing": "assert_routes",
}
_load = later(__name__, _HOMES)


def __getattr__(name: str) -> object:
    if name == "__version__":
        from importlib.metadata import version

        return version("sentry-governed")
    return _load(name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
