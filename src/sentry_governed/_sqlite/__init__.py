"""The SQLite files of the embedded stores: durable, shared by processes, and each with one schema."""

from sentry_governed._sqlite._database import Database
from sentry_governed._sqlite._open import open_database, transaction

__all__ = ["Database", "open_database", "transaction"]
