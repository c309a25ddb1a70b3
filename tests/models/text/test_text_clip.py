"""CLIP text: cleaning, tokens and tower against the reference numbers; the encoder's promises."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from vidseg.errors import ModelError
from vidseg.models.text import clip_text
from vidseg.models.text import encoder as text_encoder
from vidseg.models.text.clip_templates import TEMPLATES
from vidseg.models.text.clip_text import (
    ClipTextConfig,
    ClipTextEncoder,
    ClipTextTower,
    read_clip_text,
)
from vidseg.models.text.clip_tokens import ClipTokenizer, clean_text
from vidseg.models.text.encoder import build_text_encoder

from ...fake_device import DEVICE, fake_device
from ...parity import report_difference

TINY = ClipTextConfig(dim=24, width=32, layers=3, heads=4, vocabulary=300)
SMALL = ClipTextConfig(dim=6, width=8, layers=2, heads=2)
Golden = Callable[[str], dict[str, Tensor]]


@pytest.fixture(scope="module")
def units(golden_folder: Path) -> dict[str, list[str]]:
    loaded: dict[str, list[str]] = json.loads((golden_folder / "text_units.json").read_text())
    return loaded


@pytest.fixture
def encoder() -> ClipTextEncoder:
    return fresh_encoder()


def fresh_encoder() -> ClipTextEncoder:
    pytest.importorskip("instant_clip_tokenizer", reason="pip install vidseg[clip]")
    torch.manual_seed(0)
    return ClipTextEncoder(ClipTextTower(SMALL))


def test_cleaning_equals_reference(units: dict[str, list[str]]) -> None:
    assert [clean_text(text) for text in units["raw"]] == units["cleaned"]


def test_templates_are_the_published_ones(units: dict[str, list[str]]) -> None:
    assert len(TEMPLATES) == len(set(TEMPLATES)) == 81
    assert [TEMPLATES[0], TEMPLATES[1], TEMPLATES[80]] == units["templates_first_last"]
    assert all(template.count("{}") == 1 and template.endswith(".") for template in TEMPLATES)


@pytest.mark.parametrize("template", [0, 1, 80])
def test_token_ids_equal_reference(
    golden: Golden, units: dict[str, list[str]], template: int
) -> None:
    pytest.importorskip("instant_clip_tokenizer", reason="pip install vidseg[clip]")
    tokenizer = ClipTokenizer(truncation="published")
    got = tokenizer([TEMPLATES[template].format(text) for text in units["cleaned"]])
    assert torch.equal(got, golden("text_units")[f"tok_template{template}"])


def test_tokens_are_those_of_the_published_vocabulary() -> None:
    pytest.importorskip("instant_clip_tokenizer", reason="pip install vidseg[clip]")
    row = ClipTokenizer()(["a photo of a cat."])[0]
    assert row[:8].tolist() == [49406, 320, 1125, 539, 320, 2368, 269, 49407]
    assert row.shape == (77,) and not row[8:].any()


@pytest.mark.parametrize("words", [1, 74, 75, 76, 200])
def test_long_texts_lose_words_but_never_the_end(words: int) -> None:
    pytest.importorskip("instant_clip_tokenizer", reason="pip install vidseg[clip]")
    text = " ".join(["cat"] * words)
    kept, published = (ClipTokenizer(truncation=t)([text])[0] for t in ("keep_end", "published"))
    length = min(words + 2, 77)
    assert kept[:length].tolist() == [49406, *[2368] * (length - 2), 49407]
    assert not kept[length:].any()
    assert torch.equal(kept, published) == (words <= 75)
    assert (published == 49407).any() == (words <= 75)


def test_published_models_cut_texts_as_released() -> None:
    from vidseg.models.presets import univs_r50

    text = univs_r50().text
    assert isinstance(text, ClipTextConfig) and text.truncation == "published"
    assert ClipTextConfig().truncation == "keep_end"


def test_kept_end_differs_from_published_in_the_last_token_of_long_texts_only() -> None:
    pytest.importorskip("instant_clip_tokenizer", reason="pip install vidseg[clip]")
    texts = ["cow.", "word " * 100]
    published, kept = ClipTokenizer(truncation="published")(texts), ClipTokenizer()(texts)
    assert torch.equal(published[:, :-1], kept[:, :-1])
    assert torch.equal(published[0], kept[0])
    assert kept[1].argmax() == 76
    assert published[1].argmax() == 0  # the start token: the quirk that is mended


def test_tower_equals_reference(golden: Golden) -> None:
    units = golden("text_units")
    tower = ClipTextTower(TINY).eval()
    weights = {k.removeprefix("w."): v for k, v in units.items() if k.startswith("w.")}
    tower.load_state_dict(weights, strict=True)
    with torch.no_grad():
        words, ends = tower(units["ids"])
    report_difference("words", words, units["word"])
    report_difference("end token", ends, units["eot"])


def test_names_are_means_over_templates_whatever_the_padding(encoder: ClipTextEncoder) -> None:
    got = encoder.encode_names(["Traffic_light", "dog", "traffic light"])
    assert got.shape == (3, 6)
    assert torch.equal(got[0], got[2])
    ids = encoder.tokenizer([template.format("dog") for template in TEMPLATES])
    _, ends = encoder.tower(ids)
    report_difference("dog", got[1], ends.mean(0), 1e-5)


def test_sentences_carry_words_lengths_and_the_mean_feature(encoder: ClipTextEncoder) -> None:
    words, lengths, sentence = encoder.encode_sentences(
        ["A man!", "the dog on the left", "man " * 90]
    )
    assert words.shape == (3, 77, 6)
    assert lengths.tolist() == [5, 8, 77]  # start, words, full stop, end
    report_difference("sentence", sentence[:1], encoder.encode_names(["a man"]), 1e-5)
    full, end = encoder.tower(encoder.tokenizer(["a man."]))
    report_difference("words", words[:1], full, 1e-6)
    report_difference("end", words[0, 4], end[0], 1e-6)


def test_text_is_encoded_once(encoder: ClipTextEncoder, monkeypatch: pytest.MonkeyPatch) -> None:
    first = encoder.encode_names(["dog", "dog"])
    monkeypatch.setattr(encoder, "_run", lambda ids: pytest.fail("encoded again"))
    assert torch.equal(encoder.encode_names(["Dog"]), first[:1])
    assert encoder.encode_names([]).shape == (0, 6)
    assert encoder.encode_sentences([]).words.shape == (0, 77, 6)


def test_weights_are_found_behind_any_prefix(tmp_path: Path) -> None:
    torch.manual_seed(0)
    tower = ClipTextTower(SMALL)
    state = {f"lang_encoder.{k}": v.half() for k, v in tower.state_dict().items()}
    state["visual.conv1.weight"] = torch.zeros(1)
    save_file(state, tmp_path / "clip.safetensors")
    torch.save({"model": state}, tmp_path / "clip.pth")
    for name in ("clip.safetensors", "clip.pth"):
        read = read_clip_text(tmp_path / name, SMALL)
        assert torch.equal(read.text_projection, tower.text_projection.half().float())


def test_unfit_weights_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="do not exist"):
        read_clip_text(tmp_path / "none.pth", SMALL)
    save_file({"a": torch.zeros(1)}, tmp_path / "other.safetensors")
    with pytest.raises(ModelError, match="not a file of CLIP text weights"):
        read_clip_text(tmp_path / "other.safetensors", SMALL)
    save_file(ClipTextTower(SMALL).state_dict(), tmp_path / "small.safetensors")
    with pytest.raises(ModelError, match="text_projection"):
        read_clip_text(tmp_path / "small.safetensors", replace(SMALL, dim=7))
    with pytest.raises(ModelError, match="needs its weights"):
        build_text_encoder(SMALL)


def test_default_tower_has_the_shape_of_rn50x4() -> None:
    with torch.device("meta"):
        tower = ClipTextTower(ClipTextConfig())
    shapes = {name: tuple(value.shape) for name, value in tower.state_dict().items()}
    assert shapes["token_embedding.weight"] == (49408, 640)
    assert shapes["positional_embedding"] == (77, 640)
    assert shapes["transformer.resblocks.11.attn.in_proj_weight"] == (1920, 640)
    assert shapes["transformer.resblocks.11.mlp.c_fc.weight"] == (2560, 640)
    assert shapes["text_projection"] == (640, 640)


def test_downloaded_weights_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIDSEG_CACHE", str(tmp_path))
    read: list[Path] = []

    def read_small(path: Path, config: ClipTextConfig) -> ClipTextTower:
        read.append(path)
        return ClipTextTower(SMALL)

    monkeypatch.setattr(text_encoder, "read_clip_text", read_small)
    with pytest.raises(ModelError, match="vidseg weights download clip_rn50x4"):
        build_text_encoder(ClipTextConfig())
    (tmp_path / "weights").mkdir()
    for name in ("clip_rn50x4.pt", "regionclip_rn50x4.pth"):
        (tmp_path / "weights" / name).write_bytes(b"")
        build_text_encoder(ClipTextConfig(truncation="published"))
    assert [path.name for path in read] == ["clip_rn50x4.pt", "regionclip_rn50x4.pth"]
    with pytest.raises(ModelError, match="needs its weights"):
        build_text_encoder(SMALL)


def test_features_are_remembered_up_to_a_number(
    encoder: ClipTextEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clip_text, "MOST_SENTENCES", 3)
    monkeypatch.setattr(clip_text, "MOST_NAMES", 3)
    runs = []
    tower = encoder.tower.forward
    monkeypatch.setattr(encoder.tower, "forward", lambda ids: runs.append(ids) or tower(ids))
    for text in ("one", "two", "three", "one", "four"):
        encoder.encode_sentences([text])
    runs.clear()
    encoder.encode_sentences(["one"])  # asked for later than "two"
    assert not runs
    encoder.encode_sentences(["two"])
    assert runs
    many = encoder.encode_sentences([f"number {letter}" for letter in "abcde"])
    assert many.sentence.shape == (5, encoder.dim), "more texts at once than are remembered"


def test_names_together_give_what_each_gives_alone() -> None:
    names = ["dog", "traffic light", "the person on the far left"]
    together = fresh_encoder().encode_names(names)
    alone = torch.cat([fresh_encoder().encode_names([name]) for name in names])
    report_difference("names", together, alone, 1e-6)


def test_the_tower_runs_on_its_device_and_features_come_back() -> None:
    want = fresh_encoder().encode_sentences(["the dog", "a cat on the left"])
    with fake_device():
        encoder = fresh_encoder().to(DEVICE)
        assert encoder.tower.text_projection.device == DEVICE
        got = encoder.encode_sentences(["the dog", "a cat on the left"])
    for mine, true in zip(got, want, strict=True):
        assert mine.device.type == "cpu"
        torch.testing.assert_close(mine, true)  # attention adds in another order
