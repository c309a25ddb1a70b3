"""Files are whole or not there, whatever stands at their place."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from vidseg.errors import OutputError
from vidseg.formats.atomic import PendingFile, discard_pending, remove_partials, replacing


def write(path: Path, text: str = "new") -> None:
    with replacing(path) as partial:
        partial.write_text(text)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_replacing_keeps_the_old_file_when_interrupted(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("old")
    with pytest.raises(KeyboardInterrupt), replacing(path) as partial:
        partial.write_text("half")
        raise KeyboardInterrupt
    assert path.read_text() == "old" and names(tmp_path) == ["file"]
    write(path)
    assert path.read_text() == "new" and names(tmp_path) == ["file"]


def test_two_writers_of_one_file_do_not_meet(tmp_path: Path) -> None:
    path = tmp_path / "file"
    with replacing(path) as first:
        first.write_text("first")
        with replacing(path) as second:
            assert second != first
            second.write_text("second")
        assert path.read_text() == "second"
    assert path.read_text() == "first" and names(tmp_path) == ["file"]


def test_a_file_has_the_permissions_of_any_other(tmp_path: Path) -> None:
    earlier = os.umask(0o027)
    try:
        write(tmp_path / "file")
    finally:
        os.umask(earlier)
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == 0o640


def test_a_planted_link_is_not_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Even where somebody guesses the hidden name."""
    tokens = iter(["00000000", "11111111"])
    monkeypatch.setattr("vidseg.formats.atomic.secrets.token_hex", lambda count: next(tokens))
    victim = tmp_path / "victim"
    victim.write_text("precious")
    for name in (".file.part", ".file.vidseg-00000000.part"):
        (tmp_path / name).symlink_to(victim)
    write(tmp_path / "file")
    assert victim.read_text() == "precious" and (tmp_path / "file").read_text() == "new"


def test_a_link_is_followed_to_its_file(tmp_path: Path) -> None:
    """As editors do: the link stays, and its file is replaced in its own folder in one step."""
    (tmp_path / "there").mkdir()
    target = tmp_path / "there" / "file"
    for present in (False, True):
        link = tmp_path / f"link{present}"
        link.symlink_to(target)
        with replacing(link) as partial:
            assert partial.parent == target.parent
            partial.write_text(str(present))
        assert link.is_symlink() and target.read_text() == str(present)
    assert names(tmp_path / "there") == ["file"]


def test_a_long_name_needs_no_longer_one(tmp_path: Path) -> None:
    path = tmp_path / ("ü" * 120 + ".json")  # 245 bytes, of 255
    write(path)
    assert names(tmp_path) == [path.name]


def test_a_folder_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(OutputError, match="it is a folder"), replacing(tmp_path / "folder"):
        raise AssertionError("not reached")
    with pytest.raises(OutputError, match="No such file"), replacing(tmp_path / "no" / "file"):
        raise AssertionError("not reached")


def test_a_pipe_gets_the_bytes(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read: list[str] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_text()))
    reader.start()
    write(pipe, "through the pipe")
    reader.join(10)
    assert read == ["through the pipe"] and names(tmp_path) == ["pipe"]
    assert stat.S_ISFIFO(pipe.stat().st_mode)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs Linux")
def test_a_full_device_stays_a_device(tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to("/dev/full")
    for path in (Path("/dev/full"), link):
        with pytest.raises(OutputError, match="No space left on device"):
            write(path)
    assert stat.S_ISCHR(Path("/dev/full").stat().st_mode) and link.is_symlink()


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs Linux")
def test_an_open_descriptor_gets_the_bytes_where_it_stands(tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to("/dev/stdout")
    code = (
        "from pathlib import Path; import sys; from vidseg.formats.atomic import replacing\n"
        "print('before')\n"
        "with replacing(Path(sys.argv[1])) as partial: partial.write_text('within ')\n"
        "print('after')\n"
    )
    for place in ("/dev/stdout", "/dev/fd/1", "/proc/self/fd/1", str(link)):
        with (tmp_path / "out").open("w") as out:
            subprocess.run([sys.executable, "-c", code, place], stdout=out, check=True)
        assert (tmp_path / "out").read_text() == "before\nwithin after\n", place
    assert sorted(names(tmp_path)) == ["link", "out"]
    with pytest.raises(OutputError, match="Bad file descriptor"):
        write(Path("/dev/fd/987"))


def test_a_full_disk_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file"
    path.write_text("old")
    with (
        pytest.raises(OutputError, match=r"file cannot be written: No space left on device\."),
        replacing(path),
    ):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert path.read_text() == "old" and names(tmp_path) == ["file"]


def test_what_killed_runs_left_is_removed_and_nothing_else(tmp_path: Path) -> None:
    left = tmp_path / ".file.vidseg-0123abcd.part"
    left.write_text("half")
    others = [".file.part", "file.vidseg-0123abcd.part", ".file.vidseg-0123abc.part"]
    for name in others:
        (tmp_path / name).write_text("not ours")
    (tmp_path / ".link.vidseg-0123abcd.part").symlink_to(tmp_path / ".file.part")
    (tmp_path / ".folder.vidseg-0123abcd.part").mkdir()
    with replacing(tmp_path / "file") as partial:
        partial.write_text("in use")
        remove_partials(tmp_path)
        assert partial.exists() and not left.exists()
    kept = [*others, ".folder.vidseg-0123abcd.part", ".link.vidseg-0123abcd.part", "file"]
    assert names(tmp_path) == sorted(kept)


def test_a_process_that_ends_at_once_removes_what_it_was_writing(tmp_path: Path) -> None:
    PendingFile(tmp_path / "file")
    discard_pending()
    assert not names(tmp_path)
