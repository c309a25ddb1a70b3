"""Downloads from a server on the loopback: whole, cut, wrong, slow, and by two at once."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from vidseg.errors import ModelError, OutputError, VidsegError
from vidseg.models.files.cache_folder import weights_folder
from vidseg.models.files.downloads.fetching import fetch, fetch_from_hub
from vidseg.models.files.downloads.transfer import Limits, Partial, Watcher, transfer
from vidseg.models.files.pretrained import locate
from vidseg.models.files.registry import KnownWeights, get_known

from .web_server import Site, serve

CONTENT = bytes(range(256)) * 1200  # 300 kB
LIMITS = Limits(timeout=0.4, attempts=3, pause=0.01)


class Told(Watcher):
    """Remembers what it was told."""

    def __init__(self) -> None:
        self.begun: list[tuple[int, int | None]] = []
        self.cuts: list[str] = []
        self.pauses: list[float] = []
        self.count = 0

    def begin(self, there: int, total: int | None) -> None:
        self.begun.append((there, total))

    def advance(self, count: int) -> None:
        self.count += count

    def again(self, reason: str, seconds: float) -> None:
        self.cuts.append(reason)
        self.pauses.append(seconds)


@pytest.fixture(autouse=True)
def surroundings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIDSEG_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("no_proxy", "*")
    for name in ("VIDSEG_OFFLINE", "VIDSEG_MIRROR"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def site() -> Iterator[Site]:
    with serve(CONTENT) as served:
        yield served


def known(site: Site, **changes: Any) -> KnownWeights:
    facts: dict[str, Any] = {
        "url": site.url,
        "size": len(CONTENT),
        "sha256": hashlib.sha256(CONTENT).hexdigest(),
    }
    return KnownWeights(
        name="some",
        title="Some",
        kind="model",
        file="some.pth",
        access="direct",
        page="https://example.org",
        **{**facts, **changes},
    )


def anonymous(site: Site) -> KnownWeights:
    return known(site, size=None, sha256=None)


def left(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_a_file_comes_once_and_is_alone_in_the_cache(site: Site, tmp_path: Path) -> None:
    told = Told()
    first = fetch(known(site), watcher=told)
    assert first.path == tmp_path / "cache" / "weights" / "some.pth"
    assert first.path.read_bytes() == CONTENT and first.fresh
    assert first.sha256 == hashlib.sha256(CONTENT).hexdigest()
    assert told.begun == [(0, len(CONTENT))] and told.count == len(CONTENT)
    again = fetch(known(site))
    assert not again.fresh and again == replace(first, fresh=False)
    assert len(site.asked) == 1
    assert left(first.path.parent) == {"some.pth"}
    elsewhere = fetch(known(site), tmp_path / "new" / "folder")
    assert elsewhere.path == tmp_path / "new" / "folder" / "some.pth"


def test_cut_connections_are_gone_on_from(site: Site) -> None:
    site.cuts = [100_000, 50_000]
    told = Told()
    fetched = fetch(known(site), limits=LIMITS, watcher=told)
    assert fetched.path.read_bytes() == CONTENT
    assert [asked.get("Range") for asked in site.asked] == [
        None,
        "bytes=100000-",
        "bytes=150000-",
    ]
    assert site.asked[1]["If-Range"] == '"one"'
    assert "cut after 100,000 of 307,200" in told.cuts[0]
    assert told.count == len(CONTENT)


def test_a_later_run_goes_on_and_says_so(site: Site) -> None:
    site.cuts = [90_000, 0, 0]
    with pytest.raises(ModelError, match="run it again to go on from there"):
        fetch(known(site), limits=LIMITS)
    told = Told()
    assert fetch(known(site), watcher=told).path.read_bytes() == CONTENT
    assert told.begun == [(90_000, len(CONTENT))]


def test_a_changed_file_starts_anew(site: Site) -> None:
    site.cuts = [90_000, 0, 0]
    with pytest.raises(ModelError):
        fetch(anonymous(site), limits=LIMITS)
    site.content, site.etag = b"other" * 30_000, '"two"'
    assert fetch(anonymous(site)).path.read_bytes() == site.content
    # and where the server goes on with the new file all the same
    site.cuts = [90_000, 0, 0]
    other = replace(anonymous(site), file="other.pth")
    with pytest.raises(ModelError):
        fetch(other, limits=LIMITS)
    site.headers["ETag"] = '"three"'
    fetched = fetch(other, limits=LIMITS)
    assert fetched.path.read_bytes() == site.content
    assert "Range" not in site.asked[-1]


@pytest.mark.parametrize("etag", [None, 'W/"weak"'])
def test_without_a_strong_tag_the_date_tells_the_file(site: Site, etag: str | None) -> None:
    site.cuts, site.etag = [90_000], etag
    assert fetch(known(site), limits=LIMITS).path.read_bytes() == CONTENT
    assert site.asked[1]["If-Range"] == site.changed


def test_servers_that_cannot_resume_send_everything_again(site: Site) -> None:
    site.cuts, site.ranges = [90_000], False
    assert fetch(known(site), limits=LIMITS).path.read_bytes() == CONTENT
    site.cuts, site.ranges, site.etag, site.changed = [90_000], True, None, None
    assert fetch(replace(known(site), file="b.pth"), limits=LIMITS).path.read_bytes() == CONTENT
    assert "Range" not in site.asked[-1]


def test_416_means_whole_or_starts_anew(site: Site, tmp_path: Path) -> None:
    partial = Partial(tmp_path / "file")
    transfer(site.url, partial, size=None, limits=LIMITS, watcher=Told())
    transfer(site.url, partial, size=None, limits=LIMITS, watcher=Told())  # all is there: 416
    assert partial.path.read_bytes() == CONTENT and len(site.asked) == 2
    partial.path.write_bytes(CONTENT + b"more")
    transfer(site.url, partial, size=len(CONTENT), limits=LIMITS, watcher=Told())
    assert partial.path.read_bytes() == CONTENT


def test_wrong_hashes_leave_nothing(site: Site) -> None:
    wrong = known(site, sha256="0" * 64)
    with pytest.raises(ModelError, match=r"has the sha256 .* published file has 000.*nothing"):
        fetch(wrong, limits=LIMITS)
    assert left(weights_folder()) == set()
    with pytest.raises(ModelError, match=r"has the md5 .* begins 94dc52"):
        fetch(known(site, sha256=None, md5="94dc52"), limits=LIMITS)
    good = hashlib.md5(CONTENT).hexdigest()[:6]
    assert fetch(known(site, sha256=None, md5=good)).fresh


def test_a_damaged_rest_is_fetched_anew_once(site: Site) -> None:
    site.cuts = [90_000, 0, 0]
    with pytest.raises(ModelError):
        fetch(known(site), limits=LIMITS)
    rest = Partial(weights_folder() / "some.pth")
    rest.path.write_bytes(b"x" * 90_000)
    assert fetch(known(site), limits=LIMITS).path.read_bytes() == CONTENT


def test_a_damaged_file_in_the_cache_is_fetched_anew(site: Site) -> None:
    path = fetch(known(site)).path
    path.write_bytes(b"x" + CONTENT[1:])
    with pytest.raises(ModelError, match=r"has the sha256 .* network may not be used"):
        fetch(known(site), offline=True)
    assert fetch(known(site)).fresh and path.read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"<!DOCTYPE html><p>Sign in", "application/octet-stream"),
        (b"weights", "text/html; charset=utf-8"),
        (b"version https://git-lfs.github.com/spec/v1\noid", "text/plain"),
    ],
)
def test_pages_are_no_files(site: Site, content: bytes, kind: str) -> None:
    site.content, site.headers = content, {"Content-Type": kind}
    with pytest.raises(ModelError, match="web page in place of the file"):
        fetch(anonymous(site), limits=LIMITS)
    assert left(weights_folder()) == set()
    assert len(site.asked) == 1


@pytest.mark.parametrize(
    ("state", "words"), [(404, "not there: HTTP 404"), (403, "by everyone: HTTP 403")]
)
def test_refusals_are_final(site: Site, state: int, words: str) -> None:
    site.states = [state]
    with pytest.raises(ModelError, match=words):
        fetch(known(site), limits=LIMITS)
    assert len(site.asked) == 1


def test_busy_servers_are_asked_again_after_a_pause(site: Site) -> None:
    site.states, site.headers = [503, 429], {"Retry-After": "0"}
    told = Told()
    assert fetch(known(site), limits=LIMITS, watcher=told).fresh
    assert told.pauses == [0, 0]
    site.states, site.headers = [500] * 3, {}
    told = Told()
    with pytest.raises(ModelError, match=r"HTTP 500 .* try it later"):
        fetch(replace(known(site), file="b.pth"), limits=LIMITS, watcher=told)
    assert 0.007 < told.pauses[0] < 0.013 and 0.015 < told.pauses[1] < 0.025


def test_a_server_that_hangs_is_left(site: Site) -> None:
    site.stall = threading.Event()
    told = Told()
    with pytest.raises(ModelError, match="timed out"):
        fetch(known(site), limits=replace(LIMITS, attempts=2), watcher=told)
    site.stall = None
    assert fetch(known(site), limits=LIMITS, watcher=told).path.read_bytes() == CONTENT
    assert told.begun[-1][0] > len(CONTENT) // 2


def test_a_server_that_drips_is_left(site: Site, tmp_path: Path) -> None:
    limits = replace(LIMITS, slowest=1e12, attempts=2)
    now = iter(range(10**6))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("vidseg.models.files.downloads.transfer.time.monotonic", lambda: next(now))
        with pytest.raises(ModelError, match="bytes came each second; run it again"):
            transfer(site.url, Partial(tmp_path / "f"), size=None, limits=limits, watcher=Told())


def test_nobody_there(site: Site) -> None:
    closed = known(site, url="http://127.0.0.1:9/file")
    with pytest.raises(ModelError, match=r"Cannot download .*refused; try it later"):
        fetch(closed, limits=LIMITS)


def test_sizes_are_limited(site: Site) -> None:
    with pytest.raises(ModelError, match="307,200 bytes, but the published file has 5"):
        fetch(known(site, size=5), limits=LIMITS)
    with pytest.raises(ModelError, match="no more than 1,000 are taken"):
        fetch(anonymous(site), limits=replace(LIMITS, largest=1000))
    site.headers = {"Content-Length": None, "Transfer-Encoding": "chunked"}
    with pytest.raises(ModelError, match="sends more than 1,000 bytes"):
        fetch(anonymous(site), limits=replace(LIMITS, largest=1000))
    assert left(weights_folder()) == set()


def test_bodies_without_length(site: Site) -> None:
    site.headers = {"Content-Length": None}
    with pytest.raises(ModelError, match="does not say how long"):
        fetch(anonymous(site), limits=LIMITS)
    assert fetch(known(site), limits=LIMITS).path.read_bytes() == CONTENT


def test_packed_and_odd_answers(site: Site) -> None:
    site.headers = {"Content-Encoding": "gzip"}
    with pytest.raises(ModelError, match="packed as gzip"):
        fetch(known(site), limits=LIMITS)
    site.headers, site.states = {}, [206]
    with pytest.raises(ModelError, match="state 206 in place of a file"):
        fetch(known(site), limits=LIMITS)


def test_redirects_go_to_http_only(site: Site) -> None:
    with serve(CONTENT) as other:
        site.states, site.headers = [302], {"Location": other.url}
        assert fetch(known(site)).fresh and len(other.asked) == 1
    for place in ("file:///etc/passwd", "ftp://127.0.0.1/file"):
        site.states, site.headers = [302], {"Location": place}
        with pytest.raises(ModelError, match=f"sends on to {place}, which is not followed"):
            fetch(replace(known(site), file="b.pth"), limits=LIMITS)
    site.states, site.headers = [302] * 20, {"Location": site.url}
    with pytest.raises(ModelError, match="is not followed"):
        fetch(replace(known(site), file="b.pth"), limits=LIMITS)
    for url in ("file:///etc/passwd", "ftp://a/b", "/etc/passwd", "http:/file"):
        with pytest.raises(ModelError, match="no http or https address"):
            fetch(replace(known(site, url=url), file="b.pth"))


def test_a_full_disk_is_one_sentence(
    site: Site, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    usage = shutil.disk_usage(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "disk_usage", lambda path: usage._replace(free=1000))
        with pytest.raises(OutputError, match="1,000 bytes left, but 307,200 are still to come"):
            fetch(known(site), limits=LIMITS)
    with monkeypatch.context() as patch:
        patch.setattr(Partial, "open", lambda self, *, anew: _FullFile(self.path))
        with pytest.raises(OutputError, match="No space left on device; make room"):
            fetch(known(site), limits=LIMITS)
    assert fetch(known(site), limits=LIMITS).path.read_bytes() == CONTENT


class _FullFile:
    """A file on a disk with room for one block."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("wb")
        self._blocks = 0

    def write(self, block: bytes) -> None:
        self._blocks += 1
        if self._blocks > 1:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self._file.write(block)

    def flush(self) -> None:
        self._file.flush()

    def __enter__(self) -> _FullFile:
        return self

    def __exit__(self, *error: object) -> None:
        self._file.close()


def test_a_place_that_cannot_be_written_to(site: Site, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot be written to"):
        fetch(known(site), tmp_path / "file", limits=LIMITS)
    (tmp_path / "folder" / "some.pth").mkdir(parents=True)
    with pytest.raises(OutputError, match=r"some\.pth cannot be written"):
        fetch(known(site), tmp_path / "folder", limits=LIMITS)


def test_mirrors_are_asked_in_place_of_publishers(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VIDSEG_MIRROR", f"http://127.0.0.1:{site.port}/mirror/")
    assert fetch(known(site, url="http://nowhere.invalid/file")).fresh
    browser = get_known("univs_r50")
    assert fetch(browser).path.read_bytes() == CONTENT
    assert fetch(get_known("univs_r50_stage1")).fresh
    monkeypatch.setenv("VIDSEG_MIRROR", "/a/folder")
    with pytest.raises(ModelError, match="no http or https address"):
        fetch(known(site, sha256="0" * 64))


def test_what_a_program_cannot_fetch_says_how_a_person_can(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"lies on drive\.google\.com.* open https.* save it as"):
        fetch(get_known("univs_r50"), tmp_path)
    with pytest.raises(ModelError, match="No public address of univs_r50_stage1 is known"):
        fetch(get_known("univs_r50_stage1"))
    (tmp_path / "univs_r50_stage3.pth").write_bytes(b"saved by hand")
    assert not fetch(get_known("univs_r50"), tmp_path).fresh


@pytest.mark.parametrize("way", ["argument", "variable"])
def test_offline_touches_no_network(site: Site, monkeypatch: pytest.MonkeyPatch, way: str) -> None:
    if way == "variable":
        monkeypatch.setenv("VIDSEG_OFFLINE", "1")
    offline = way == "argument"
    with pytest.raises(ModelError, match="is not there, and the network may not be used"):
        fetch(known(site), offline=offline)
    assert not weights_folder().exists() and not site.asked
    monkeypatch.setenv("VIDSEG_OFFLINE", "0")
    fetch(known(site))
    assert not fetch(known(site), offline=True).fresh


FETCH = """
import sys
from vidseg.models.files.downloads.fetching import fetch
from vidseg.models.files.registry import KnownWeights
url, size = sys.argv[1], int(sys.argv[2])
known = KnownWeights(name="a", title="a", kind="model", file="some.pth", access="direct",
                     page="", url=url, size=size)
print(fetch(known).fresh)
"""


def test_two_processes_download_once(site: Site) -> None:
    site.content = CONTENT * 20
    words = [sys.executable, "-c", FETCH, site.url, str(len(site.content))]
    running = [subprocess.Popen(words, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    told = sorted(process.communicate(timeout=30)[0].strip() for process in running)
    assert told == ["False", "False", "True"] and len(site.asked) == 1
    assert left(weights_folder()) == {"some.pth"}


def test_a_killed_process_leaves_no_lock_and_a_rest(site: Site) -> None:
    site.stall = threading.Event()
    process = subprocess.Popen(
        [sys.executable, "-c", FETCH, site.url, str(len(CONTENT))], stderr=subprocess.DEVNULL
    )
    rest = Partial(weights_folder() / "some.pth")
    while rest.length < 100_000 and process.poll() is None:
        pass
    process.kill()
    process.wait()
    site.stall.set()
    site.stall = None
    told = Told()
    assert fetch(known(site), watcher=told).path.read_bytes() == CONTENT
    assert told.begun[0][0] >= 100_000
    assert left(weights_folder()) == {"some.pth"}


def test_models_of_the_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[dict[str, Any]] = []

    def snapshot(name: str, **options: Any) -> str:
        asked.append(options)
        if name == "owner/none":
            raise OSError("no such repository.\nMore words")
        suffix = options["allow_patterns"][1].removeprefix("*")
        if (name == "owner/old" and suffix == ".bin") or name == "owner/new":
            (tmp_path / f"model{suffix}").write_text("")
        return str(tmp_path)

    monkeypatch.setattr("huggingface_hub.snapshot_download", snapshot)
    assert fetch_from_hub("owner/old") == tmp_path and len(asked) == 2
    assert fetch_from_hub("owner/new", offline=True) == tmp_path
    assert asked[-1]["local_files_only"] is True
    with pytest.raises(ModelError, match=r"gives no model owner/none: no such repository; check"):
        fetch_from_hub("owner/none")
    for file in tmp_path.glob("model.*"):
        file.unlink()
    with pytest.raises(VidsegError, match="holds no weights"):
        fetch_from_hub("owner/empty")


def test_loading_from_the_hub_is_offline_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIDSEG_OFFLINE", "1")
    with pytest.raises(ModelError, match=r"the hub has no config\.json of it"):
        locate("owner/none-of-this-name", "config.json")
