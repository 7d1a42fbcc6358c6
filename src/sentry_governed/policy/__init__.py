"""Layer 2: who may do what. For now the explicit opt-out; the guard itself builds on the same Protocol."""

from sentry_governed.policy._allow_all import AllowAll

__all__ = ["AllowAll"]
