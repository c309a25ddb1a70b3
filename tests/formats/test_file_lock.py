"""One process at a time."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from vidseg.errors import OutputError
from vidseg.formats.file_lock import file_lock

HOLD = """
import sys
from pathlib import Path
from vidseg.formats.file_lock import file_lock
with file_lock(Path(sys.argv[1]), lambda: None):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_second_process_waits_and_is_told_once(tmp_path: Path) -> None:
    path = tmp_path / "new" / "lock"
    other = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert other.stdout is not None and other.stdout.readline() == "held\n"
    told: list[bool] = []

    def waiting() -> None:
        told.append(path.is_file())
        assert other.stdin is not None
        other.stdin.close()

    with file_lock(path, waiting):
        assert other.wait(5) == 0
        assert path.is_file()
    assert told == [True] and not path.exists()
    other.stdout.close()


def test_a_lock_on_a_file_that_was_removed_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "lock"
    same, calls = os.path.samestat, []

    def replaced_once(a: os.stat_result, b: os.stat_result) -> bool:
        calls.append(a)
        return len(calls) > 1 and same(a, b)

    monkeypatch.setattr(os.path, "samestat", replaced_once)
    told: list[None] = []
    with file_lock(path, lambda: told.append(None)):
        assert len(calls) == 2


def test_it_is_let_go_of_when_the_block_fails(tmp_path: Path) -> None:
    for _ in range(2):
        with pytest.raises(ValueError), file_lock(tmp_path / "lock", pytest.fail):
            raise ValueError
    assert not list(tmp_path.iterdir())


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(OutputError, match="choose another folder"),
        file_lock(tmp_path / "file" / "lock", lambda: None),
    ):
        pass
