"""Folders of one run at a time, which leave nothing behind that they made in vain."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from vidseg.errors import OutputError
from vidseg.formats.output_places import lone_output, output_file, output_folder, prepare_folder


def names(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def test_a_second_run_is_refused_and_the_first_goes_on(tmp_path: Path) -> None:
    out = tmp_path / "out"
    with output_folder(out):
        refusal = pytest.raises(OutputError, match="out is being written by another run")
        with refusal, output_folder(out):
            raise AssertionError("not reached")
        (out / "result").touch()
    assert names(tmp_path) == ["out", "out/result"]
    with output_folder(out):
        pass
    with lone_output(out), pytest.raises(OutputError, match="another run"), lone_output(out):
        raise AssertionError("not reached")
    assert names(tmp_path) == ["out", "out/result"]


def test_the_lock_of_a_killed_run_does_not_block(tmp_path: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path; from vidseg.formats import output_places\n"
        "from vidseg.formats.atomic import PendingFile\n"
        "with output_places.output_folder(Path(sys.argv[1])) as out:\n"
        "    PendingFile(out / 'file'); (out / 'png').mkdir(); PendingFile(out / 'png' / '0.png')\n"
        "    print('ready', flush=True); time.sleep(60)\n"
    )
    out = tmp_path / "out"
    run = subprocess.Popen([sys.executable, "-c", code, str(out)], stdout=subprocess.PIPE)
    assert run.stdout is not None and run.stdout.readline() == b"ready\n"
    with pytest.raises(OutputError, match="another run"), output_folder(out):
        raise AssertionError("not reached")
    assert len(names(out)) == 4  # a lock, a folder and two files half-written
    run.send_signal(signal.SIGKILL)
    run.communicate()
    with output_folder(out):
        assert names(out) == [".vidseg.lock", "png"]
    assert names(out) == ["png"]


def test_a_planted_lock_is_not_followed(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / ".vidseg.lock").symlink_to(victim)
    with pytest.raises(OutputError, match="cannot be locked"), output_folder(tmp_path / "out"):
        raise AssertionError("not reached")
    assert victim.read_text() == "precious"


def test_folders_that_stay_empty_are_taken_away(tmp_path: Path) -> None:
    with output_folder(tmp_path / "a" / "b"):
        pass
    with output_file(tmp_path / "c" / "d" / "file"):
        assert (tmp_path / "c" / "d").is_dir()
    with lone_output(tmp_path / "e" / "f"):
        pass
    assert not names(tmp_path)
    (tmp_path / "mine").mkdir()
    with output_folder(tmp_path / "mine"):
        pass
    assert names(tmp_path) == ["mine"]


def test_a_folder_that_is_deleted_meanwhile(tmp_path: Path) -> None:
    out = tmp_path / "out"
    with output_folder(out):
        (out / ".vidseg.lock").unlink()
        out.rmdir()
    assert not names(tmp_path)


def test_places_that_cannot_be_written(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(OutputError, match="file, which is a file"):
        prepare_folder(file)
    for place in (file / "out", tmp_path / ("n" * 300), tmp_path / "a\0b"):
        with pytest.raises(OutputError, match="cannot be written"), output_folder(place):
            raise AssertionError("not reached")
        with pytest.raises(OutputError, match="cannot be written"), output_file(place / "x.json"):
            raise AssertionError("not reached")
    if os.geteuid() != 0:
        closed = tmp_path / "closed"
        closed.mkdir(mode=0o500)
        with pytest.raises(OutputError, match="cannot be written to"):
            prepare_folder(closed)
