"""The command line; it needs the `cli` extra."""

import io
import sys

__all__ = ["main"]


def main() -> None:
    """Run `sentry-governed` with the process's arguments."""
    try:
        from sentry_governed.cli._app import app
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in {"click", "rich"}:
            raise
        sys.stderr.write("the command line needs an extra: pip install 'sentry-governed[cli]'\n")
        sys.exit(2)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(
                errors="backslashreplace"
            )  # a title may hold what the terminal's encoding lacks
    app()
