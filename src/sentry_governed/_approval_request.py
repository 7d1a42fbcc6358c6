"""The exact request that waits for a person's yes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NoReturn, TypeGuard, TypeVar

import attrs

from sentry_governed._operation import Operation
from sentry_governed._values import Pairs, Request
from sentry_governed.errors import ApprovalRefused

_VERSION: Final = 1
_LARGEST: Final = 1024 * 1024
_LARGEST_FILE: Final = 2 * _LARGEST

_PAIR: Final = 2
_YEAR_10000: Final = 253_402_300_800

T = TypeVar("T")


def _bound(request: ApprovalRequest) -> dict[str, object]:
    return {"version": _VERSION, **{name: getattr(request, name) for name in _BOUND}}


def _hash(request: ApprovalRequest) -> str:
    import hashlib  # used rarely, and a cold start should not pay for it

    return hashlib.sha256(_encode(_bound(request))).hexdigest()


@attrs.frozen(kw_only=True)
class ApprovalRequest:
    """What is to be approved: one write, whole and exact, once policy has seen whose it really is.

    It travels as JSON to whoever approves it. `hash` covers every field but `created_at`, so the same write
    asked again has the same hash, and a write that differs in one byte has another.

    Attributes:
        action: The action's name in the catalogue.
        implied: Further actions that it amounts to.
        service: The service that it is sent to.
        org: The organization's slug, as the service itself says it.
        projects: Every project concerned, as the service itself says them, or None.
        resource: The canonical id of the thing acted on, or None.
        principal: Who asks, or None where that is not known.
        method: The HTTP method.
        template: The path with `{name}` segments.
        params: The values of the template's names.
        query: Name and value pairs.
        body: The exact text of the JSON body, or None.
        policy_digest: The policy that asked for the approval.
        created_at: When it was asked, in seconds since the epoch; it is shown and not bound.
        hash: SHA-256 of all the other fields but `created_at`, in hexadecimal digits.

    Raises:
        ApprovalRefused: It is above 1 MiB, or holds what UTF-8 cannot.
    """

    action: str
    implied: tuple[str, ...] = ()
    service: str = "sentry"
    org: str | None = None
    projects: tuple[str, ...] | None = None
    resource: str | None = None
    principal: str | None = None
    method: str
    template: str
    params: Pairs = ()
    query: Pairs = ()
    body: str | None = attrs.field(default=None, repr=False)
    policy_digest: str
    created_at: float
    hash: str = attrs.field(init=False, default=attrs.Factory(_hash, takes_self=True))

    @classmethod
    def of(
        cls,
        operation: Operation,
        request: Request,
        *,
        policy_digest: str,
        created_at: float,
        principal: str | None = None,
    ) -> ApprovalRequest:
        """Describe one request that is about to be sent.

        Raises:
            ApprovalRefused: The body is not UTF-8, so it cannot be shown as it is; or as the class says.
        """
        return cls(
            action=operation.action,
            implied=operation.implied,
            service=operation.service,
            org=operation.org,
            projects=operation.projects,
            resource=operation.resource,
            principal=principal,
            method=request.method,
            template=request.template,
            params=request.params,
            query=request.query,
            body=None if request.body is None else _utf8(request.body, "the body"),
            policy_digest=policy_digest,
            created_at=created_at,
        )

    def to_json(self) -> str:
        """One line of JSON, from which `from_json` makes an equal value."""
        return _encode({**_bound(self), "created_at": self.created_at, "hash": self.hash}).decode()

    @classmethod
    def from_json(cls, text: str | bytes) -> ApprovalRequest:
        """Read what `to_json` wrote.

        Raises:
            ApprovalRefused: It is anything else: malformed, above 2 MiB, of another version, with a field
                missing or unknown, or edited, so that its hash is not its own.
        """
        found = _decode(text)
        request = cls(
            action=_text(found, "action"),
            implied=_texts(found, "implied"),
            service=_text(found, "service"),
            org=_optional(_text, found, "org"),
            projects=_optional(_texts, found, "projects"),
            resource=_optional(_text, found, "resource"),
            principal=_optional(_text, found, "principal"),
            method=_text(found, "method"),
            template=_text(found, "template"),
            params=_pairs(found, "params"),
            query=_pairs(found, "query"),
            body=_optional(_text, found, "body"),
            policy_digest=_text(found, "policy_digest"),
            created_at=_instant(found, "created_at"),
        )
        if request.hash != found["hash"]:
            raise ApprovalRefused("the approval request was edited: its hash is not that of its content")
        return request


_NAMES: Final = {field.name for field in attrs.fields(ApprovalRequest)} | {"version"}
_BOUND: Final = _NAMES - {"version", "created_at", "hash"}


def _encode(content: dict[str, object]) -> bytes:
    import json

    try:
        encoded = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    except UnicodeEncodeError:
        encoded = b""
    if not encoded:
        raise ApprovalRefused(
            "a request to approve holds half a surrogate pair, which no approver can be shown"
        )
    if len(encoded) > _LARGEST:
        raise ApprovalRefused(
            f"a request to approve has {len(encoded)} bytes, more than the {_LARGEST} that can be approved"
        )
    return encoded


def _utf8(raw: bytes, what: str) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        place = error.start
    raise ApprovalRefused(f"{what} is not UTF-8 at byte {place}")


def _decode(text: str | bytes) -> dict[str, object]:
    import json

    if len(text) > _LARGEST_FILE:
        raise ApprovalRefused(f"the approval request is above {_LARGEST_FILE} bytes")
    if isinstance(text, bytes):
        text = _utf8(text, "the approval request")
    try:
        found: object = json.loads(text, object_pairs_hook=_unique, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):  # its text quotes the content
        found = None
    if not _is_object(found):
        raise ApprovalRefused("the approval request is not one JSON object")
    if missing := _NAMES - found.keys():
        raise ApprovalRefused(f"the approval request lacks {', '.join(sorted(missing))}")
    if len(found) > len(_NAMES):
        raise ApprovalRefused("the approval request has fields that this release does not know; upgrade it")
    if found["version"] != _VERSION:
        raise ApprovalRefused("the approval request is of another version; use the release that wrote it")
    return found


def _is_object(value: object) -> TypeGuard[dict[str, object]]:
    return isinstance(value, dict)


def _is_list(value: object) -> TypeGuard[list[object]]:
    return isinstance(value, list)


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ApprovalRefused("the approval request has a field twice")
    return found


def _refuse_constant(_name: str) -> NoReturn:
    raise ApprovalRefused("the approval request holds a number that is not JSON")


def _optional(read: Callable[[dict[str, object], str], T], found: dict[str, object], name: str) -> T | None:
    return None if found[name] is None else read(found, name)


def _text(found: dict[str, object], name: str) -> str:
    value = found[name]
    if not isinstance(value, str):
        _misfit(name)
    return value


def _texts(found: dict[str, object], name: str) -> tuple[str, ...]:
    value = found[name]
    if not _is_list(value):
        _misfit(name)
    texts = tuple(item for item in value if isinstance(item, str))
    if len(texts) != len(value):
        _misfit(name)
    return texts


def _pairs(found: dict[str, object], name: str) -> Pairs:
    value = found[name]
    if not _is_list(value):
        _misfit(name)
    texts = [_texts({name: item}, name) for item in value]
    pairs = tuple((item[0], item[1]) for item in texts if len(item) == _PAIR)
    if len(pairs) != len(value):
        _misfit(name)
    return pairs


def _instant(found: dict[str, object], name: str) -> float:
    value = found[name]
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < _YEAR_10000:
        _misfit(name)
    return value


def _misfit(name: str) -> NoReturn:
    raise ApprovalRefused(f"the approval request's {name} is not what belongs there")
