"""Settings files that are there, are not, or hold anything at all."""

import errno
import os
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from sentry_governed.errors import SettingsError
from sentry_governed.settings import Settings
from tests.settings.test_settings import WHOLE


def test_load(tmp_path: Path) -> None:
    """A file is read whole, and problems name it as it was given."""
    path = tmp_path / "settings.yaml"
    path.write_text("teams: t.yaml")

    assert Settings.load(path) == Settings.load(str(path)) == Settings(teams="t.yaml")

    path.write_text("tems: t.yaml")
    with pytest.raises(SettingsError) as caught:
        Settings.load(path)
    assert str(caught.value) == f"{path}:1:1: 'tems' is not known here (did you mean 'teams'?)"


def test_where(tmp_path: Path) -> None:
    """Settings remember their file and its folder, which are no part of what they say."""
    path = tmp_path / "settings.yaml"
    path.write_text("{}")

    loaded, parsed = Settings.load(path), Settings.parse("{}", source="x")
    assert loaded == parsed
    assert (loaded.source, loaded.folder) == (str(path), tmp_path)
    assert (parsed.source, parsed.folder) == ("x", Path())


@pytest.mark.parametrize(("name", "number"), [("none.yaml", errno.ENOENT), (".", errno.EISDIR)])
def test_unreadable(tmp_path: Path, name: str, number: int) -> None:
    """A file that cannot be read is a problem of the file as a whole."""
    with pytest.raises(SettingsError) as caught:
        Settings.load(tmp_path / name)

    assert caught.value.problems[0].line == 0
    assert str(caught.value).endswith(f":0:0: cannot be read: {os.strerror(number).lower()}")


def test_bad_path() -> None:
    """A path that no system can open is a problem too."""
    with pytest.raises(SettingsError, match="cannot be read"):
        Settings.load("a\0b")


@given(content=st.binary(max_size=200) | st.text(max_size=200))
def test_any_bytes(content: bytes | str) -> None:
    """Whatever the bytes, they load or are refused with problems."""
    refused_or_read(content)


@given(data=st.data())
def test_any_change(data: st.DataObject) -> None:
    """A whole file with a piece replaced loads or is refused with problems that stand in the file."""
    start = data.draw(st.integers(0, len(WHOLE)))
    end = data.draw(st.integers(start, min(len(WHOLE), start + 12)))
    piece = data.draw(
        st.sampled_from(["", "{", "]", ": ", "null", "'", "- x", "\n", "1e999", "\x00"]) | st.text()
    )

    refused_or_read(WHOLE[:start] + piece + WHOLE[end:])


@given(
    document=st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    [*Settings.__annotations__, "priority", "custom_fields", "1", "token", "enum", "notes"]
                ),
                inner,
                max_size=4,
            )
        ),
        max_leaves=12,
    )
)
def test_any_shape(document: object) -> None:
    """Whatever stands where, it loads or is refused with problems."""
    refused_or_read(yaml.safe_dump(document))


def refused_or_read(content: bytes | str) -> None:
    """Read it; of a refusal, see that it has problems with positions."""
    try:
        Settings.parse(content, source="s")
    except SettingsError as error:
        found = error.problems
    else:
        return
    assert found
    for problem in found:
        assert problem.source == "s"
        assert problem.message
        assert "\n" not in str(problem)
        assert (problem.line >= 1) == (problem.column >= 1)
