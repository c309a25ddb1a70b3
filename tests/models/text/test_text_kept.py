"""Features of names on the disk."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

from vidseg.models.files.cache_folder import texts_folder
from vidseg.models.text import clip_text
from vidseg.models.text.clip_templates import TEMPLATES
from vidseg.models.text.clip_text import ClipTextConfig, ClipTextEncoder, ClipTextTower
from vidseg.models.text.kept_features import KeptFeatures
from vidseg.models.text.listed_texts import ListedTexts
from vidseg.vocabularies import get_vocabulary

SMALL = ClipTextConfig(dim=6, width=8, layers=1, heads=2)


@pytest.fixture(autouse=True)
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIDSEG_CACHE", str(tmp_path / "cache"))


def encoder(seed: int = 0, config: ClipTextConfig = SMALL) -> ClipTextEncoder:
    pytest.importorskip("instant_clip_tokenizer", reason="pip install vidseg[clip]")
    torch.manual_seed(seed)
    return ClipTextEncoder(ClipTextTower(config))


def forbid_computing(encoder: ClipTextEncoder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoder, "_run", lambda ids: pytest.fail("encoded again"))


def test_another_encoder_with_the_same_weights_reads_them(monkeypatch: pytest.MonkeyPatch) -> None:
    first = encoder().encode_names(["Traffic_light", "dog"])
    second = encoder()
    forbid_computing(second, monkeypatch)
    assert torch.equal(second.encode_names(["traffic light", "Dog"]), first)
    assert torch.equal(second.encode_names(["dog"]), first[1:])  # remembered by name as well
    assert [path.suffix for path in texts_folder().iterdir()] == [".safetensors"]


def test_whatever_changes_the_features_changes_the_file() -> None:
    def files() -> set[str]:
        return {path.name for path in texts_folder().iterdir()}

    encoder().encode_names(["dog"])
    seen = files()
    for changed in (encoder(seed=1), encoder(config=replace(SMALL, truncation="published"))):
        changed.encode_names(["dog"])
        assert len(files() - seen) == 1
        seen |= files()
    encoder().encode_names(["cat"])
    assert len(files() - seen) == 1
    tower = ClipTextTower(SMALL)
    kept = KeptFeatures(tower, asdict(SMALL), TEMPLATES)
    kept.write(["dog"], torch.ones(1, 6))
    assert KeptFeatures(tower, asdict(SMALL), TEMPLATES[:-1]).read(["dog"]) is None
    assert kept.read(["dog"]) is not None and kept.read(["dog", "cat"]) is None


def test_long_lists_are_kept_part_by_part(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clip_text, "KEPT_TOGETHER", 2)
    names = ["dog", "cat", "cow", "ox", "owl"]
    broken = encoder()
    run, calls = broken._end_features, []

    def interrupted(ids: Tensor) -> Tensor:
        calls.append(ids)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return run(ids)

    monkeypatch.setattr(broken, "_end_features", interrupted)
    with pytest.raises(KeyboardInterrupt):
        broken.encode_names(names)
    assert len(list(texts_folder().iterdir())) == 1
    whole = encoder().encode_names(names)
    assert len(list(texts_folder().iterdir())) == 3
    again = encoder()
    forbid_computing(again, monkeypatch)
    assert torch.equal(again.encode_names(names), whole)


def test_damaged_files_are_computed_anew() -> None:
    first = encoder().encode_names(["dog"])
    (file,) = texts_folder().iterdir()
    for content in (b"", b"no safetensors", file.read_bytes()[:-4]):
        file.write_bytes(content)
        assert torch.equal(encoder().encode_names(["dog"]), first)
        assert [path.name for path in texts_folder().iterdir()] == [file.name]
    other = KeptFeatures(ClipTextTower(SMALL), asdict(replace(SMALL, dim=7)), TEMPLATES)
    other.write(["dog"], torch.ones(1, 6))
    assert other.read(["dog"]) is None


def test_a_cache_that_cannot_be_written_to_does_no_harm(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("VIDSEG_CACHE", str(tmp_path / "file"))
    assert encoder().encode_names(["dog"]).shape == (1, 6)


def test_sentences_are_not_kept() -> None:
    encoder().encode_sentences(["the dog on the left"])
    assert not texts_folder().exists()


def test_rows_of_a_list_are_computed_where_there_is_no_table(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    listed = get_vocabulary("bdd_track")
    computed = ListedTexts(encoder(), SMALL.dim).encode_names(listed.names)
    assert computed.shape == (len(listed), SMALL.dim)
    again = encoder()
    forbid_computing(again, monkeypatch)
    assert torch.equal(ListedTexts(again, SMALL.dim).encode_names(listed.names), computed)
