"""What Sentry's identifiers may look like: each check accepts or rejects, and never normalises.

All but an environment may be a path segment once percent-encoded: what passes is not empty, is no dot segment
and holds no slash, backslash or control character. Slugs, ids and keys are ASCII; versions and environments
may be in any script.
"""

from __future__ import annotations

import re

_LARGEST_ID = 2**63 - 1
_LONGEST_VERSION = 200
_LONGEST_ENVIRONMENT = 64

_ORG_SLUG = re.compile(r"(?![0-9]+\Z)[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,98}[a-zA-Z0-9])?")
_PROJECT_SLUG = re.compile(r"(?![0-9]+\Z)[a-z0-9_-]{1,100}")
_ID = re.compile(r"[1-9][0-9]{0,18}")
_EVENT_ID = re.compile(r"[0-9a-f]{32}")
_SHORT_ID = re.compile(r"[A-Z0-9_-]{1,100}-[A-Z0-9]{1,13}")
_ANY_SHORT_ID = re.compile(r"(?:issue:)?[a-zA-Z0-9_-]{1,100}[-_ ][a-zA-Z0-9]{1,13}")
_TAG_KEY = re.compile(r"(?!\.{1,2}\Z)[a-zA-Z0-9_.:-]{1,200}")
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_NAME = re.compile(r"[^\x00-\x1f\x7f-\x9f\ud800-\udfff/\\]*")


def is_org_slug(text: str) -> bool:
    """Whether it is an organization's slug: either case, digits, inner hyphens, not digits alone."""
    return _ORG_SLUG.fullmatch(text) is not None


def is_project_slug(text: str) -> bool:
    """Whether it is the slug of a project or team: lower case, digits, `_`, `-`, not digits alone."""
    return _PROJECT_SLUG.fullmatch(text) is not None


def is_id(text: str) -> bool:
    """Whether it is a numeric id: a positive 64-bit decimal without leading zeros."""
    return _ID.fullmatch(text) is not None and int(text) <= _LARGEST_ID


def is_event_id(text: str) -> bool:
    """Whether it is an event's id: 32 lower-case hexadecimal digits."""
    return _EVENT_ID.fullmatch(text) is not None


def is_short_id(text: str) -> bool:
    """Whether it is an issue's short id in its one upper-case spelling, such as `WEB-1A`."""
    return _SHORT_ID.fullmatch(text) is not None


def is_release_version(text: str) -> bool:
    """Whether it names a release: at most 200 characters, no outer whitespace, not `.`, `..` or `latest`."""
    return (
        0 < len(text) <= _LONGEST_VERSION
        and _NAME.fullmatch(text) is not None
        and text == text.strip()
        and text not in {".", ".."}
        and text.lower() != "latest"
    )


def is_environment(text: str) -> bool:
    """Whether it can name an environment: at most 64 characters; an empty one means "none was sent"."""
    return len(text) <= _LONGEST_ENVIRONMENT and _NAME.fullmatch(text) is not None


def may_be_short_id(text: str) -> bool:
    """Whether Sentry reads it as a short id: either case, `-`, `_` or a space before its last part."""
    return _ANY_SHORT_ID.fullmatch(text) is not None


def is_tag_key(text: str) -> bool:
    """Whether it can be a tag's key: at most 200 of letters, digits, `_`, `.`, `:` and `-`."""
    return _TAG_KEY.fullmatch(text) is not None


def is_uuid(text: str) -> bool:
    """Whether it is a UUID as Sentry writes an installation's: lower case, with dashes."""
    return _UUID.fullmatch(text) is not None
