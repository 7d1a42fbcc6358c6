"""The catalogue of actions as pure data: one place says what each is, sends and needs."""

from sentry_governed._actions._action import Action, Endpoint, Kind, Method, Paging, Parameter, Where
from sentry_governed._actions._catalogue import ACTIONS, find
from sentry_governed._actions._implied import implied

__all__ = [
    "ACTIONS",
    "Action",
    "Endpoint",
    "Kind",
    "Method",
    "Paging",
    "Parameter",
    "Where",
    "find",
    "implied",
]
