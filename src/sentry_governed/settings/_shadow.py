"""The teams file that is tried out beside the live one."""

from __future__ import annotations

from sentry_governed.settings._settings import Settings
from sentry_governed.teams import Teams


def load_shadow(settings: Settings, default: str | None = None) -> Teams | None:
    """The rules of `routing.shadow`; None without one.

    Args:
        settings: What the configuration file says. A relative path begins in its folder.
        default: The name of the default team, instead of the one that the settings or the file name.

    Raises:
        TeamsFileError: The file has problems.
    """
    routing = settings.routing
    if routing.shadow is None:
        return None
    return Teams.load(settings.folder / routing.shadow, default=default or routing.default_team)
