"""A real nats-server with JetStream, which tests start, kill and start again on the same files."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Self

BINARY = Path(sys.executable).with_name("nats-server")
PATIENCE = 10.0


def free_port() -> int:
    """A port that nobody uses now."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


class NatsServer:
    """One server process, its port and its files."""

    def __init__(self, directory: Path, *, config: str = "", flags: Sequence[str] = ()) -> None:
        self.port = free_port()
        self.url = f"nats://127.0.0.1:{self.port}"
        self._store = directory / "store"
        self.config = directory / "server.conf"
        self.config.write_text(config)
        self._flags = flags
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> Self:
        """Start it, and wait until it listens."""
        address = ["-a", "127.0.0.1", "-p", str(self.port)]
        self._process = subprocess.Popen(
            [BINARY, "-c", self.config, *address, "-js", "-sd", self._store, *self._flags],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 0.1):
                return self
            time.sleep(0.005)
        self.kill()
        raise AssertionError("nats-server does not start")

    def kill(self) -> None:
        """End it without a warning."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(PATIENCE)
            self._process = None

    def stop(self) -> None:
        """Ask it to end."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(PATIENCE)
            self._process = None

    def pause(self) -> None:
        """Stop it in its tracks: it takes bytes and answers nothing."""
        self._signal(signal.SIGSTOP)
        assert self._process is not None
        os.waitpid(self._process.pid, os.WUNTRACED)  # the signal was sent, but its threads may still run

    def resume(self) -> None:
        """Let it go on after `pause`."""
        self._signal(signal.SIGCONT)

    def reload(self) -> None:
        """Have it read its configuration again."""
        self._signal(signal.SIGHUP)

    def restart(self) -> None:
        """Kill it and start it again on the same port and files."""
        self.kill()
        self.start()

    def _signal(self, number: int) -> None:
        assert self._process is not None
        self._process.send_signal(number)


@contextmanager
def running(*, config: str = "", flags: Sequence[str] = ()) -> Generator[NatsServer, None, None]:
    """A server with files of its own, gone afterwards."""
    directory = Path(tempfile.mkdtemp(prefix="nats-"))
    server = NatsServer(directory, config=config, flags=flags)
    try:
        yield server.start()
    finally:
        server.kill()
        shutil.rmtree(directory, ignore_errors=True)
