"""Facts about published weights, and their names."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import torch

import vidseg
from vidseg.errors import ModelError
from vidseg.models.files.cache_folder import cache_folder, weights_folder
from vidseg.models.files.checkpoints.origin import CONCEPTS
from vidseg.models.files.checkpoints.reading import read_checkpoint
from vidseg.models.files.registry import (
    downloaded,
    get_known,
    known_by_name,
    known_weights,
    weights_path,
)
from vidseg.models.text.concept_table import read_concept_table
from vidseg.training.run.starting_model import find_start

from .checkpoints import layouts


@pytest.fixture(autouse=True)
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIDSEG_CACHE", str(tmp_path / "cache"))


def test_names_and_files_are_distinct() -> None:
    listed = known_weights()
    names = [name for known in listed for name in (known.name, *known.aliases)]
    assert len(names) == len(set(names))
    assert len({known.file for known in listed}) == len(listed)
    assert all(re.fullmatch(r"[a-z0-9_]+", name) for name in names)
    assert all(Path(known.file).name == known.file for known in listed)


def test_facts_are_well_formed() -> None:
    for known in known_weights():
        assert urlsplit(known.page).scheme == "https"
        assert (known.url is None) == (known.access == "none"), known.name
        assert known.url is None or urlsplit(known.url).scheme == "https"
        by_browser = known.url is not None and "drive.google.com" in known.url
        assert by_browser == (known.access == "browser")
        assert known.sha256 is None or re.fullmatch("[0-9a-f]{64}", known.sha256)
        assert known.md5 is None or re.fullmatch("[0-9a-f]{6,32}", known.md5)
        if known.results is not None:
            assert all(0 < value < 100 for value in known.results.values.values())


def test_addresses_agree_with_the_checksums_that_they_carry() -> None:
    clip = get_known("clip_rn50x4")
    assert clip.url is not None and clip.url.split("/")[-2] == clip.sha256
    for name in ("resnet50_v1", "resnet50_v2"):
        known = get_known(name)
        assert known.url is not None and known.sha256 is not None
        assert known.url.endswith(f"resnet50-{known.sha256[:8]}.pth")
    for known in known_weights():
        if known.kind == "pretrained":
            assert known.url is not None and known.url.endswith(f"model_final_{known.md5}.pkl")


def test_every_model_and_backbone_is_listed() -> None:
    for backbone in ("r50", "swint", "swinb", "swinl"):
        for stage in (1, 2, 3):
            assert get_known(f"univs_{backbone}_stage{stage}").kind == "model"
        assert get_known(f"univs_{backbone}").name == f"univs_{backbone}_stage3"
        assert get_known(f"mask2former_{backbone}").kind == "pretrained"
    assert {k.kind for k in known_weights()} == {
        "model", "pretrained", "text", "concepts", "backbone"
    }  # fmt: skip


TABLE_2 = {
    "r50": "47.4 46.6 30.8 48.2 88.5 38.6 45.8 70.5 69.2 57.9 56.2 60.2",
    "swint": "52.4 51.6 33.0 51.3 89.4 38.9 51.7 71.7 70.3 58.5 56.2 62.3",
    "swinb": "57.8 56.5 39.0 59.4 90.4 46.7 56.1 75.0 70.9 58.6 57.4 68.2",
    "swinl": "60.0 57.9 41.7 59.8 92.3 49.3 58.2 76.2 71.5 59.4 58.0 68.6",
}


@pytest.mark.parametrize("backbone", TABLE_2)
def test_figures_are_those_of_the_paper(backbone: str) -> None:
    """The twelve figures at the end of the rows of UniVS in Table 2."""
    results = get_known(f"univs_{backbone}").results
    assert results is not None
    assert " ".join(f"{v:.1f}" for v in results.values.values()) == TABLE_2[backbone]


def test_names_are_found_in_any_spelling() -> None:
    assert known_by_name("UniVS-R50").name == "univs_r50_stage3"  # type: ignore[union-attr]
    assert known_by_name("nano") is None
    with pytest.raises(ModelError, match=r"'univs_r5O'.* mean 'univs_r50'\?.*weights list"):
        get_known("univs_r5O")


def test_nothing_is_downloaded_silently() -> None:
    assert downloaded("owner/name") is None
    with pytest.raises(
        ModelError, match="not downloaded yet; run `vidseg weights download univs_r50_stage3`"
    ):
        downloaded("univs_r50")
    weights_folder().mkdir(parents=True)
    file = weights_folder() / "univs_r50_stage3.pth"
    file.write_bytes(b"weights")
    assert downloaded("univs_r50") == file == get_known("univs_r50").cached


@pytest.mark.parametrize(
    ("platform", "environment", "folder"),
    [
        ("linux", {}, "~/.cache/vidseg"),
        ("linux", {"XDG_CACHE_HOME": "/data/cache"}, "/data/cache/vidseg"),
        ("linux", {"XDG_CACHE_HOME": "relative"}, "~/.cache/vidseg"),
        ("darwin", {"XDG_CACHE_HOME": "/data/cache"}, "~/Library/Caches/vidseg"),
        ("win32", {"LOCALAPPDATA": "/users/a/local"}, "/users/a/local/vidseg/Cache"),
        ("win32", {}, "~/AppData/Local/vidseg/Cache"),
        ("win32", {"VIDSEG_CACHE": "~/mine"}, "~/mine"),
    ],
)
def test_the_cache_is_where_the_platform_has_it(
    platform: str, environment: dict[str, str], folder: str
) -> None:
    assert cache_folder(environment, platform) == Path(folder).expanduser()


def test_names_stand_for_downloaded_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "univs_r50").mkdir()
    assert weights_path("univs_r50") == Path("univs_r50")  # what exists comes first
    assert weights_path(Path("univs_swint")) == Path("univs_swint")
    assert weights_path("~/none.pth") == Path("~/none.pth").expanduser()
    for read in (weights_path, read_checkpoint, read_concept_table, find_start):
        with pytest.raises(ModelError, match="run `vidseg weights download univs_concepts`"):
            read("univs_concepts")
    weights_folder().mkdir(parents=True)
    torch.save(torch.ones(CONCEPTS, 2), weights_folder() / "univs_concepts.pth")
    assert read_concept_table("univs_concepts").shape == (CONCEPTS, 2)
    assert find_start("univs_concepts") == weights_folder() / "univs_concepts.pth"


def test_models_are_loaded_by_name() -> None:
    with pytest.raises(ModelError, match="run `vidseg weights download univs_swint_stage3`"):
        vidseg.load("univs_swint")
    with pytest.raises(ModelError, match="No model 'univs_swinx'"):
        vidseg.load("univs_swinx")
    weights_folder().mkdir(parents=True)
    tensors = layouts.tensors(layouts.tiny_model("swin", univs=True))
    torch.save({"model": tensors}, weights_folder() / "univs_swint_stage3.pth")
    assert vidseg.load("univs_swint", "cpu").model.config.pixel_decoder.hidden == 32
