"""Rules that are tried out beside the live ones."""

from __future__ import annotations

from sentry_governed.alerts import Alert
from sentry_governed.routing._outcome import Shadowed
from sentry_governed.teams import Route, Teams

LONGEST_REASON = 1_000


def shadowed(
    alert: Alert, live: Route, shadow: Teams | None, *, unmatched: str | None = None
) -> Shadowed | None:
    """What the shadow rules would do otherwise; None where both agree or there are none.

    Args:
        alert: What the live rules were asked about.
        live: Their answer.
        shadow: The rules that are tried out.
        unmatched: Why the live rules were not asked, if they were not.
    """
    if shadow is None:
        return None
    try:
        other = shadow.route(alert) if unmatched is None else shadow.default_route(unmatched)
        if (other.team.name, other.ignored) == (live.team.name, live.ignored):
            return None
        return Shadowed(other.team.name, other.reason[:LONGEST_REASON], other.ignored)
    except Exception as error:  # noqa: BLE001 - whatever it is, what is tried out must not stop the live rules
        return Shadowed(None, f"{type(error).__name__}: {error}"[:LONGEST_REASON])
