"""The opener of SQLite files: one schema, several processes, and clear refusals."""

import os
import sqlite3
import subprocess
import sys
import tempfile
import threading
from collections.abc import Generator
from contextlib import closing
from pathlib import Path

import pytest

from sentry_governed._sqlite import open_database, transaction
from sentry_governed.errors import ConfigError

SCHEMA = (
    "CREATE TABLE parent (id INTEGER PRIMARY KEY, text TEXT NOT NULL)",
    "CREATE TABLE child (parent INTEGER NOT NULL REFERENCES parent (id))",
    "INSERT INTO parent (text) VALUES ('made by the schema')",
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a database may be made."""
    return tmp_path / "ledger.db"


def opened(
    path: Path, *, kind: str = "ledger", schema: tuple[str, ...] = SCHEMA, timeout: float = 5.0
) -> "closing[sqlite3.Connection]":
    """An open database that is closed at the end of the block."""
    return closing(open_database(path, kind=kind, schema=schema, timeout=timeout))


def rows(connection: sqlite3.Connection, query: str = "SELECT text FROM parent") -> list[object]:
    """The first column of every row."""
    return [row[0] for row in connection.execute(query)]


def refusal(
    path: Path, *, schema: tuple[str, ...] = SCHEMA, kind: str = "ledger", timeout: float = 0.05
) -> str:
    """The message with which a file is refused, without the file's name."""
    with pytest.raises(ConfigError) as caught:
        open_database(path, kind=kind, schema=schema, timeout=timeout)

    name, _, reason = str(caught.value).partition(": ")
    assert name == str(path)
    assert len(reason.splitlines()) == 1
    return reason


def program(code: str, *arguments: object) -> "subprocess.Popen[str]":
    """Another process that runs the code with what it needs at hand."""
    head = f"""
import sys, time
from pathlib import Path
from sentry_governed._sqlite import open_database, transaction
schema = {SCHEMA!r}
path = sys.argv[1]
"""
    return subprocess.Popen(
        [sys.executable, "-c", head + code, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stdin=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize(
    ("pragma", "value"),
    [("journal_mode", "wal"), ("synchronous", 2), ("foreign_keys", 1), ("busy_timeout", 5000)],
)
def test_settings(path: Path, pragma: str, value: object) -> None:
    """Commits are durable, readers do not block writers, references hold and locks are waited for."""
    with opened(path) as connection:
        assert rows(connection, f"PRAGMA {pragma}") == [value]


def test_foreign_keys(path: Path) -> None:
    """A reference to nothing is refused."""
    with opened(path) as connection, pytest.raises(sqlite3.IntegrityError):
        connection.execute("INSERT INTO child VALUES (99)")


def test_private(path: Path) -> None:
    """A new file and its journals can be read by their owner alone."""
    with opened(path):
        modes = {file.name: file.stat().st_mode & 0o777 for file in path.parent.iterdir()}

    assert modes == {"ledger.db": 0o600, "ledger.db-shm": 0o600, "ledger.db-wal": 0o600}


def test_existing_mode(path: Path) -> None:
    """A file that is there keeps the permissions it has, and may be empty."""
    path.touch()
    path.chmod(0o640)

    with opened(path) as connection:
        assert rows(connection) == ["made by the schema"]
    assert path.stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize("name", [":memory:", "file:x?mode=memory", "a b%20?.db"])
def test_odd_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Any path is a file's, whatever SQLite would make of it."""
    monkeypatch.chdir(tmp_path)

    with closing(open_database(name, kind="ledger", schema=SCHEMA)):
        assert (tmp_path / name).stat().st_size > 0


def test_reopened(path: Path) -> None:
    """The schema is built once, whoever opens the file again."""
    for _ in range(3):
        with opened(path) as connection:
            assert rows(connection) == ["made by the schema"]


def test_grown_schema(path: Path) -> None:
    """A longer schema adds what is missing and keeps what is there."""
    with opened(path) as connection:
        connection.execute("INSERT INTO parent (text) VALUES ('kept')")

    with opened(path, schema=(*SCHEMA, "ALTER TABLE parent ADD COLUMN note TEXT")) as connection:
        assert rows(connection) == ["made by the schema", "kept"]
        assert rows(connection, "SELECT note FROM parent") == [None, None]


def test_half_built(path: Path) -> None:
    """A schema whose last statement fails leaves nothing behind."""
    assert "syntax error" in refusal(path, schema=(*SCHEMA, "CREATE NONSENSE"))

    with opened(path) as connection:
        assert rows(connection) == ["made by the schema"]


def test_newer(path: Path) -> None:
    """A file that a newer release wrote is refused, and stays as it is."""
    grown = (*SCHEMA, "CREATE TABLE more (id INTEGER)")
    with opened(path, schema=grown):
        pass

    assert "a newer release wrote it (schema 4, this release knows 3)" in refusal(path)
    with opened(path, schema=grown) as connection:
        assert rows(connection, "SELECT count(*) FROM more") == [0]


def test_other_kind(path: Path) -> None:
    """A file of one store is refused by another."""
    with opened(path):
        pass

    assert refusal(path, kind="inbox") == "it is in use for something else; give the inbox a file of its own"


@pytest.mark.parametrize(
    "mark", ["CREATE TABLE theirs (id INTEGER)", "PRAGMA application_id = 7", "PRAGMA user_version = 2"]
)
def test_foreign_database(path: Path, mark: str) -> None:
    """Another program's database is refused, by whatever mark it bears, and gets no tables of ours."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(mark)

    assert "in use for something else" in refusal(path)
    with closing(sqlite3.connect(path)) as connection:
        assert "parent" not in rows(connection, "SELECT name FROM sqlite_master")


def test_not_a_database(path: Path) -> None:
    """A file that is no database is refused and not changed."""
    path.write_bytes(b"teams: []\n" * 100)

    assert "not a SQLite database" in refusal(path)
    assert path.read_bytes() == b"teams: []\n" * 100


def test_damaged(path: Path) -> None:
    """A database whose pages are overwritten is refused as damaged."""
    with opened(path):
        pass
    whole = path.read_bytes()
    path.write_bytes(whole[:100] + b"\xff" * (len(whole) - 100))

    assert "damaged" in refusal(path)


def test_no_directory(tmp_path: Path) -> None:
    """A missing directory is named as what is missing, and is not made."""
    missing = tmp_path / "missing"

    assert "directory does not exist" in refusal(missing / "ledger.db")
    assert not missing.exists()


def test_directory(tmp_path: Path) -> None:
    """A directory is no file."""
    assert "cannot be opened" in refusal(tmp_path)


def test_below_a_file(path: Path) -> None:
    """A path through a file is refused."""
    path.touch()

    assert "cannot be opened" in refusal(path / "ledger.db")


def refusal_of_another_user(path: Path) -> str:
    """What somebody without special rights is told; permissions mean nothing to the superuser."""
    reading, writing = os.pipe()
    if (child := os.fork()) == 0:
        try:
            if os.geteuid() == 0:
                os.setuid(65534)
            open_database(path, kind="ledger", schema=SCHEMA, timeout=0.05).close()
            os.write(writing, b"opened")
        except ConfigError as error:
            os.write(writing, str(error).encode())
        finally:
            os._exit(0)
    os.close(writing)
    os.waitpid(child, 0)
    with os.fdopen(reading) as pipe:
        return pipe.read()


@pytest.fixture
def shared() -> Generator[Path, None, None]:
    """A directory that every user may enter."""
    with tempfile.TemporaryDirectory() as directory:
        Path(directory).chmod(0o777)
        yield Path(directory)
        Path(directory).chmod(0o777)


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_read_only_file(shared: Path) -> None:
    """A file that may only be read is refused with the reason."""
    path = shared / "ledger.db"
    with opened(path):
        pass
    path.chmod(0o444)

    assert refusal_of_another_user(path) == (
        f"{path}: it cannot be written; check the permissions of the file and its directory"
    )


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_unreadable_file(shared: Path) -> None:
    """A file that may not even be read is refused with the reason."""
    path = shared / "ledger.db"
    with opened(path):
        pass
    path.chmod(0)

    assert "it cannot be opened; check the permissions" in refusal_of_another_user(path)


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_read_only_directory(shared: Path) -> None:
    """A file cannot be made where nothing may be made."""
    shared.chmod(0o555)

    assert "it cannot be opened: Permission denied" in refusal_of_another_user(shared / "ledger.db")


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_no_room_for_journals(shared: Path) -> None:
    """A file that may be written is refused where its journals cannot be made."""
    path = shared / "ledger.db"
    path.touch()
    path.chmod(0o666)
    shared.chmod(0o555)

    assert "check the permissions of the file and its directory" in refusal_of_another_user(path)


def test_created_at_once(path: Path) -> None:
    """Processes that open a missing file at the same moment all get the one schema."""
    starting = path.with_name("go")
    code = """
while not Path(sys.argv[2]).exists():
    pass
connection = open_database(path, kind="ledger", schema=schema)
print(connection.execute("SELECT count(*) FROM parent").fetchone()[0])
"""
    for attempt in range(3):
        file = path.with_name(f"{attempt}.db")
        others = [program(code, file, starting) for _ in range(4)]
        starting.touch()
        printed = [other.communicate(timeout=60)[0] for other in others]
        starting.unlink()

        assert printed == ["1\n"] * 4


def test_killed_writer(path: Path) -> None:
    """A writer killed amid a transaction leaves what it had committed, no more, and no lock."""
    other = program(
        """
connection = open_database(path, kind="ledger", schema=schema)
with transaction(connection):
    connection.execute("INSERT INTO parent (text) VALUES ('committed')")
with transaction(connection):
    connection.execute("INSERT INTO parent (text) VALUES ('lost')")
    print("writing", flush=True)
    time.sleep(60)
""",
        path,
    )
    assert other.stdout is not None
    assert other.stdout.readline() == "writing\n"
    assert "locked" in refusal(path)
    other.kill()
    other.communicate(timeout=60)

    with opened(path, timeout=0.05) as connection, transaction(connection):
        assert rows(connection) == ["made by the schema", "committed"]


def test_waits_for_a_lock(path: Path) -> None:
    """A lock that another process gives up in time is waited for."""
    with opened(path) as holder:
        holder.execute("BEGIN IMMEDIATE")
        freed = threading.Timer(0.2, holder.execute, ("COMMIT",))
        freed.start()
        with opened(path) as connection:
            assert rows(connection) == ["made by the schema"]
        freed.join()


def test_waits_for_the_journal(path: Path) -> None:
    """A file that another program holds is waited for before its journal is switched."""
    with closing(sqlite3.connect(path, check_same_thread=False, isolation_level=None)) as holder:
        holder.execute("BEGIN IMMEDIATE")
        assert "locked" in refusal(path)
        freed = threading.Timer(0.2, holder.execute, ("ROLLBACK",))
        freed.start()
        with opened(path) as connection:
            assert rows(connection, "PRAGMA journal_mode") == ["wal"]
        freed.join()


def test_commits(path: Path) -> None:
    """What a transaction wrote is there for others once its block has ended, and not before."""
    with opened(path) as writer, opened(path) as reader:
        with transaction(writer):
            writer.execute("INSERT INTO parent (text) VALUES ('new')")
            assert rows(reader) == ["made by the schema"]
        assert rows(reader) == ["made by the schema", "new"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_rolls_back(path: Path, error: type[BaseException]) -> None:
    """A block that raises leaves nothing behind, and the connection usable."""

    def fail(connection: sqlite3.Connection) -> None:
        with transaction(connection):
            connection.execute("INSERT INTO parent (text) VALUES ('gone')")
            raise error

    with opened(path) as connection:
        with pytest.raises(error):
            fail(connection)
        with transaction(connection):
            assert rows(connection) == ["made by the schema"]


def test_own_rollback(path: Path) -> None:
    """A block in which SQLite itself rolled back raises its error, not one about rolling back."""
    with opened(path) as connection:
        with pytest.raises(sqlite3.IntegrityError), transaction(connection):
            connection.execute("INSERT OR ROLLBACK INTO parent VALUES (1, 'twice')")
        assert not connection.in_transaction


def test_excludes_writers(path: Path) -> None:
    """The lock is held from the start of the block, before anything is written."""
    with opened(path) as first, opened(path, timeout=0.05) as second, transaction(first):
        with pytest.raises(sqlite3.OperationalError, match="locked"), transaction(second):
            pass
        assert not second.in_transaction


def test_lazy() -> None:
    """Importing the opener does not load SQLite."""
    code = (
        "import sys; sys.modules.pop('sqlite3', None); "  # a coverage tool may have loaded it
        "import sentry_governed._sqlite; print('sqlite3' in sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert run.stdout == "False\n"
