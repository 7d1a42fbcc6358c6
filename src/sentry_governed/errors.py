"""Every exception of the library.

```
SentryGovernedError
├── ConfigError              what the embedding program passed in cannot be used
│   ├── MissingExtraError    an optional dependency is not installed
│   └── NoDefaultTeam        nothing matched and no default team is declared
├── FileError                a file that people write has problems (.problems holds all of them)
│   ├── TeamsFileError
│   ├── SettingsError
│   └── CasesFileError
├── AlertError               an alert's bytes were refused
│   ├── SignatureError       ... because they could not be authenticated
│   └── PayloadError         ... because they are not what the sender's documents describe
├── Denied                   policy refused; nothing was sent
│   ├── ApprovalRequired     ... until a person has approved it (.request is what to show them)
│   ├── ApprovalRefused      ... because an approval, or what is to be approved, is not in order
│   └── ClaimRefused         ... because Sentry says otherwise than the caller
├── AuditError               the audit record cannot be written; nothing is sent without it
├── LedgerError              the ledger cannot be used; nothing is done without it
├── InboxError               the inbox cannot be used; the webhook is not acknowledged
├── CreateUncertain          a task may or may not have been created; look before creating it again
├── TransportError           a request got no whole answer
│   ├── RequestRefused       the request itself is unsafe; never sent
│   ├── NotSent              never reached the service, so repeating it is safe
│   └── ReplyLost            may have been applied: its fate is unknown
│       └── ResponseTooLarge
└── ApiError                 a service answered, and the answer is no
    ├── BadRequest           400 and every status that has no class of its own
    │   ├── FieldNotOnProject    Asana: a custom field is on none of the task's projects
    │   └── TaskTooLarge         Asana: the notes are larger than it stores
    ├── TokenRefused         401
    ├── PlanTooSmall         402
    ├── NoAccess             403
    ├── NotFound             404
    ├── Gone                 410: the address is being retired; repeating does not help
    ├── RateLimited          429, still so after the retries
    ├── Redirected           3xx: never followed
    │   └── ProjectMoved         Sentry: the project has another slug now (.old and .new)
    ├── ServiceFailed        5xx: a write may have been applied
    └── UnexpectedAnswer     a success whose body is not what is documented
```

Messages are one lower-case line that names the offending value, and never hold a secret or a body.
All of them survive pickling.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    from sentry_governed._approval_request import ApprovalRequest
    from sentry_governed._decision import Decision


class SentryGovernedError(Exception):
    """The root: catch this to catch everything the library raises on purpose."""


class ConfigError(SentryGovernedError):
    """What the embedding program passed in cannot be used."""


class MissingExtraError(ConfigError):
    """An optional dependency is not installed; the message holds the pip command."""


class NoDefaultTeam(ConfigError):
    """No rule matched and the teams file declares no default team."""


@attrs.frozen
class Problem:
    """One thing wrong in a file, and where.

    Attributes:
        source: The file's name as it was given, or a placeholder such as `<string>`.
        line: 1-based; 0 when the file as a whole is meant.
        column: 1-based; 0 when the file as a whole is meant.
        message: What is wrong, in one line.
        hint: What to write instead, or an empty string.
    """

    source: str
    line: int
    column: int
    message: str
    hint: str = ""

    def __str__(self) -> str:
        text = f"{self.source}:{self.line}:{self.column}: {self.message}"
        return f"{text} ({self.hint})" if self.hint else text


class FileError(SentryGovernedError):
    """A file that people write has problems; all of them are in `problems`."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__(problems)
        self.problems = problems

    def __str__(self) -> str:
        return "\n".join(str(problem) for problem in self.problems)


class TeamsFileError(FileError):
    """A teams file could not be loaded."""


class SettingsError(FileError):
    """A settings file could not be loaded."""


class CasesFileError(FileError):
    """A file of cases that test a teams file could not be loaded."""


class AlertError(SentryGovernedError):
    """An alert's bytes were refused."""


class SignatureError(AlertError):
    """The bytes could not be authenticated: answer 401 and keep nothing."""


class PayloadError(AlertError):
    """The bytes are not what the sender's documents describe."""


class Denied(SentryGovernedError):
    """Policy refused the operation; nothing was sent.

    Attributes:
        decision: What policy said and why, or None where it was not a policy that refused.
    """

    def __init__(self, problem: object, *, decision: Decision | None = None) -> None:
        super().__init__(problem)
        self.decision = decision


class ApprovalRequired(Denied):
    """Policy lets it happen only once a person has approved it; nothing was sent.

    Attributes:
        request: What is to be approved, whole and exact; `request.to_json()` is for whoever approves it.
    """

    def __init__(self, request: ApprovalRequest) -> None:
        super().__init__(request)
        self.request = request

    def __str__(self) -> str:
        request = self.request
        where = ", ".join(request.projects or ()) or "no project"
        return (
            f"{request.action} on {request.resource!r} of {request.org!r} ({where}) needs an approval "
            f"of the request {request.hash[:12]}"
        )


class ApprovalRefused(Denied):
    """An approval, or what is to be approved, is not in order; nothing was sent."""


class ClaimRefused(Denied):
    """What the caller named is not what Sentry says: another project, or an issue that is not there."""


class AuditError(SentryGovernedError):
    """The audit record cannot be written or read; what has to be recorded first was not sent."""


class TransportError(SentryGovernedError):
    """A request got no whole answer.

    Attributes:
        method: The HTTP method.
        template: The path template, so that no identifier from a payload is in the message.
        reason: What happened, in a few words.
    """

    def __init__(self, method: str, template: str, reason: str) -> None:
        super().__init__(method, template, reason)
        self.method = method
        self.template = template
        self.reason = reason

    def __str__(self) -> str:
        return f"{self.method} {self.template}: {self.reason}"


class RequestRefused(TransportError):
    """The request is unsafe or malformed and never left the process."""


class NotSent(TransportError):
    """The request never reached the service, so it may be repeated whatever its method."""


class ReplyLost(TransportError):
    """The request went out and no whole reply came back: it may or may not have been applied."""


class ResponseTooLarge(ReplyLost):
    """The reply is larger than the bound, or is compressed in a way that hides its size."""


class LedgerError(SentryGovernedError):
    """The ledger cannot be used: it is locked, full, read-only, gone, or holds what it should not."""


class InboxError(SentryGovernedError):
    """The inbox cannot be used: what was to be kept in it may be lost unless it is sent again."""


class CreateUncertain(SentryGovernedError):
    """A task may or may not have been created: look for it before creating it again.

    Attributes:
        reason: What happened, in a few words.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

    def __str__(self) -> str:
        return f"a task may or may not have been created: {self.reason}"


class ApiError(SentryGovernedError):
    """A service answered, and the answer is no.

    Attributes:
        method: The HTTP method.
        template: The path template, so that no identifier from a payload is in the message.
        status: The HTTP status.
        detail: The service's own words, cut to one line of at most 500 characters.
        request_id: The service's name for this request, for its support, or None.
        retry_after: Seconds that the service asked to wait, or None.
    """

    def __init__(
        self,
        method: str,
        template: str,
        status: int,
        detail: str,
        request_id: str | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(method, template, status, detail, request_id, retry_after)
        self.method = method
        self.template = template
        self.status = status
        self.detail = detail
        self.request_id = request_id
        self.retry_after = retry_after

    def __str__(self) -> str:
        return f"{self.method} {self.template}: {self.status} {self.detail}".rstrip()


class BadRequest(ApiError):
    """The service does not accept the request as it is."""


class FieldNotOnProject(BadRequest):
    """Asana: a custom field is on none of the task's projects; `field` is its gid."""

    @property
    def field(self) -> str:
        """The custom field's gid."""
        found = re.search(r"[0-9]+", self.detail)
        return found[0] if found else ""


class TaskTooLarge(BadRequest):
    """Asana: the notes are larger than it stores."""


class TokenRefused(ApiError):
    """The token is missing, wrong or expired."""


class PlanTooSmall(ApiError):
    """The service's plan lacks the feature."""


class NoAccess(ApiError):
    """The token may not do this."""


class NotFound(ApiError):
    """The thing does not exist, or the token may not know that it does."""


class Gone(ApiError):
    """The address is being retired; repeating does not help."""


class RateLimited(ApiError):
    """The service still asks to wait after every retry that the deadline allowed."""


class Redirected(ApiError):
    """The service points elsewhere, which is never followed: a renamed project, or a wrong base URL."""


class ProjectMoved(Redirected):
    """Sentry: the project has another slug now; nothing was done under the old one."""

    @property
    def old(self) -> str:
        """The slug that was asked for."""
        return self._slugs[0]

    @property
    def new(self) -> str:
        """The slug that it has now."""
        return self._slugs[-1]

    @property
    def _slugs(self) -> list[str]:
        return re.findall(r"'([^']*)'", self.detail) or [""]


class ServiceFailed(ApiError):
    """The service failed; a write may have been applied."""


class UnexpectedAnswer(ApiError):
    """A success whose body is not what the service documents."""
