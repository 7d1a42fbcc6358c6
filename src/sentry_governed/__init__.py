"""Route Sentry and Datadog alerts to the team that owns them, and act on Sentry only under policy.

Every public name can be imported from here. Each is loaded when it is first used, so that importing the
package costs next to nothing.
"""

TYPE_CHECKING = False  # type checkers know this name; `typing` itself would cost a cold start
if TYPE_CHECKING:
    from sentry_governed._operation import Operation as Operation
    from sentry_governed._secret import Secret as Secret
    from sentry_governed._values import LedgerRecord as LedgerRecord
    from sentry_governed._values import Permit as Permit
    from sentry_governed._values import Request as Request
    from sentry_governed._values import Response as Response
    from sentry_governed.alerts import Alert as Alert
    from sentry_governed.alerts import Ignored as Ignored
    from sentry_governed.alerts import WebhookSecrets as WebhookSecrets
    from sentry_governed.alerts import decode_alert as decode_alert
    from sentry_governed.alerts import parse_alert as parse_alert
    from sentry_governed.asana import TaskBuilder as TaskBuilder
    from sentry_governed.asana import TaskDraft as TaskDraft
    from sentry_governed.asana import TaskSettings as TaskSettings
    from sentry_governed.errors import AlertError as AlertError
    from sentry_governed.errors import ConfigError as ConfigError
    from sentry_governed.errors import Denied as Denied
    from sentry_governed.errors import FileError as FileError
    from sentry_governed.errors import MissingExtraError as MissingExtraError
    from sentry_governed.errors import NoDefaultTeam as NoDefaultTeam
    from sentry_governed.errors import NotSent as NotSent
    from sentry_governed.errors import PayloadError as PayloadError
    from sentry_governed.errors import Problem as Problem
    from sentry_governed.errors import ReplyLost as ReplyLost
    from sentry_governed.errors import RequestRefused as RequestRefused
    from sentry_governed.errors import ResponseTooLarge as ResponseTooLarge
    from sentry_governed.errors import SentryGovernedError as SentryGovernedError
    from sentry_governed.errors import SettingsError as SettingsError
    from sentry_governed.errors import SignatureError as SignatureError
    from sentry_governed.errors import TeamsFileError as TeamsFileError
    from sentry_governed.errors import TransportError as TransportError
    from sentry_governed.policy import AllowAll as AllowAll
    from sentry_governed.teams import Match as Match
    from sentry_governed.teams import Route as Route
    from sentry_governed.teams import Rule as Rule
    from sentry_governed.teams import Team as Team
    from sentry_governed.teams import Teams as Teams
    from sentry_governed.teams import Term as Term

__all__ = [
    "Alert",
    "AlertError",
    "AllowAll",
    "ConfigError",
    "Denied",
    "FileError",
    "Ignored",
    "LedgerRecord",
    "Match",
    "MissingExtraError",
    "NoDefaultTeam",
    "NotSent",
    "Operation",
    "PayloadError",
    "Permit",
    "Problem",
    "ReplyLost",
    "Request",
    "RequestRefused",
    "Response",
    "ResponseTooLarge",
    "Route",
    "Rule",
    "Secret",
    "SentryGovernedError",
    "SettingsError",
    "SignatureError",
    "TaskBuilder",
    "TaskDraft",
    "TaskSettings",
    "Team",
    "Teams",
    "TeamsFileError",
    "Term",
    "TransportError",
    "WebhookSecrets",
    "decode_alert",
    "parse_alert",
]

_HOMES = {
    "_operation": ("Operation",),
    "_secret": ("Secret",),
    "_values": ("LedgerRecord", "Permit", "Request", "Response"),
    "alerts": (
        "Alert",
        "Ignored",
        "WebhookSecrets",
        "decode_alert",
        "parse_alert",
    ),
    "asana": ("TaskBuilder", "TaskDraft", "TaskSettings"),
    "errors": (
        "AlertError",
        "ConfigError",
        "Denied",
        "FileError",
        "MissingExtraError",
        "NoDefaultTeam",
        "NotSent",
        "PayloadError",
        "Problem",
        "ReplyLost",
        "RequestRefused",
        "ResponseTooLarge",
        "SentryGovernedError",
        "SettingsError",
        "SignatureError",
        "TeamsFileError",
        "TransportError",
    ),
    "policy": ("AllowAll",),
    "teams": ("Match", "Route", "Rule", "Team", "Teams", "Term"),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> object:
    if name == "__version__":
        from importlib.metadata import version

        return version("sentry-governed")
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = globals()[name] = getattr(import_module(f"{__name__}.{home}"), name)
    return value


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
