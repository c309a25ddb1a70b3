"""``vidseg weights list`` and ``vidseg weights download``."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from vidseg.cli.main import main
from vidseg.models.files import registry as weight_registry
from vidseg.models.files.registry import KnownWeights, known_weights

from ..models.files.web_server import Site, serve

CONTENT = b"weights" * 30_000


@pytest.fixture(autouse=True)
def surroundings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIDSEG_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.setenv("COLUMNS", "200")
    for name in ("VIDSEG_OFFLINE", "VIDSEG_MIRROR"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """Serves the file of "some", the only weights that are known meanwhile."""
    with serve(CONTENT) as served:
        some = KnownWeights(
            name="some",
            title="Some weights",
            kind="model",
            file="some.pth",
            access="direct",
            page="https://example.org",
            url=served.url,
            sha256=hashlib.sha256(CONTENT).hexdigest(),
            licence="MIT",
        )
        monkeypatch.setattr(weight_registry, "known_weights", lambda: (some,))
        yield served


def test_list_shows_files_and_results(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["weights", "list"]) == 0
    told = capsys.readouterr().out
    assert all(known.name in told for known in known_weights())
    for words in (
        "drive.google.com (browser)",
        "no public address is known",
        "CC BY-NC 4.0",
        "not stated",
        "UniVS (CVPR 2024), Table 2",
    ):
        assert words in told
    assert [line.split("│")[1:3] for line in told.splitlines() if "vspw mIoU" in line] == [
        [" VSS vspw mIoU        ", "             48.2 "]
    ]


def test_list_as_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "cache" / "weights"
    folder.mkdir(parents=True)
    (folder / "swin_tiny_patch4_window7_224.pth").write_bytes(b"")
    assert main(["weights", "list", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    by_name = {entry["name"]: entry for entry in listed}
    assert by_name["swin_t"]["cached"] == str(folder / "swin_tiny_patch4_window7_224.pth")
    assert by_name["clip_rn50x4"]["cached"] is None and by_name["clip_rn50x4"]["size"] is None
    assert by_name["univs_r50_stage3"]["results"]["values"]["VIS ovis mAP"] == 30.8
    assert main(["weights", "list", "--json", str(tmp_path / "new" / "list.json")]) == 0
    assert json.loads((tmp_path / "new" / "list.json").read_text()) == listed


def test_download_prints_the_path_alone_on_stdout(
    site: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    site.cuts, site.headers = [50_000], {}
    path = tmp_path / "cache" / "weights" / "some.pth"
    for verb in ("downloaded", "was there already"):
        assert main(["weights", "download", "Some"]) == 0
        told = capsys.readouterr()
        assert told.out == f"{path}\n" and path.read_bytes() == CONTENT
        last = told.err.splitlines()[-1]
        digest = hashlib.sha256(CONTENT).hexdigest()
        assert last == (f"some {verb}: 0.2 MiB, sha256 {digest} (as published); licence: MIT.")
    assert main(["weights", "download", "some", "--to", str(tmp_path / "mine")]) == 0
    assert (tmp_path / "mine" / "some.pth").read_bytes() == CONTENT


def test_what_was_not_compared_is_said(
    site: Site, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (some,) = weight_registry.known_weights()
    loose = dataclasses.replace(some, sha256=None, licence=None)
    monkeypatch.setattr(weight_registry, "known_weights", lambda: (loose,))
    assert main(["weights", "download", "some"]) == 0
    told = capsys.readouterr().err
    assert "no checksum to compare); no licence is stated" in told
    md5 = hashlib.md5(CONTENT).hexdigest()[:6]
    checked = dataclasses.replace(loose, md5=md5)
    monkeypatch.setattr(weight_registry, "known_weights", lambda: (checked,))
    assert main(["weights", "download", "some"]) == 0
    assert "(the first 6 digits of md5 are as published)" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["download", "swinn_t"], "Did you mean 'swin_t'?"),
        (["download", "univs_r50"], "which hands files to a browser"),
        (["download", "univs_swinl_stage1"], "No public address"),
        (["download", "clip", "--offline"], "the network may not be used"),
        (["download"], "see vidseg weights download --help"),
    ],
)
def test_mistakes_are_one_sentence(
    words: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["weights", *words]) == 2
    out, err = capsys.readouterr()
    assert told in err and err.count("\n") == 1 and not out


def test_a_wrong_file_is_one_sentence(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    site.content = b"other"
    assert main(["weights", "download", "some"]) == 2
    err = capsys.readouterr().err
    assert err.count("\n") == 1 and "nothing of it was kept" in err


def test_interruption_says_how_to_go_on(
    site: Site, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("vidseg.models.files.downloads.fetching.transfer", interrupted)
    assert main(["weights", "download", "some"]) == 130
    assert "the same command goes on from there" in capsys.readouterr().err


def test_hub_ids_go_to_the_hub(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[object] = []

    def fetch_from_hub(name: str, folder: Path | None, *, offline: bool) -> Path:
        asked.append((name, folder, offline))
        return tmp_path

    monkeypatch.setattr("vidseg.models.files.downloads.fetching.fetch_from_hub", fetch_from_hub)
    assert main(["weights", "download", "owner/name", "--offline"]) == 0
    assert asked == [("owner/name", None, True)]
    assert capsys.readouterr().out == f"{tmp_path}\n"
