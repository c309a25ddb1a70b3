"""Configuration in files, and models in folders."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from vidseg.errors import ModelError, OutputError
from vidseg.models import presets
from vidseg.models.decoder.config import MaskDecoderConfig
from vidseg.models.presets import debug
from vidseg.models.text.clip_text import ClipTextConfig
from vidseg.models.univs.config import UniVSConfig
from vidseg.models.univs.model import UniVS

PRESETS = [
    presets.univs_r50,
    presets.univs_swint,
    presets.univs_swinb,
    presets.univs_swinl,
    presets.nano,
    presets.debug,
]


@pytest.mark.parametrize("preset", PRESETS, ids=lambda preset: preset.__name__)
def test_json_round_trip(preset: Callable[[], UniVSConfig]) -> None:
    config = preset()
    text = json.dumps(config.to_dict())
    assert UniVSConfig.from_dict(json.loads(text)) == config


def test_changed_values_survive() -> None:
    config = debug()
    changed = replace(
        config,
        decoder=replace(config.decoder, separation="sep-learnable", proca=False),
        text=ClipTextConfig(dim=64),
        pixel_std=(1.0, 2.0, 3.0),
    )
    assert UniVSConfig.from_dict(json.loads(json.dumps(changed.to_dict()))) == changed != config


def test_unknown_and_missing_keys_are_named() -> None:
    values = debug().to_dict()
    values["decoder"]["qeries"] = 5
    with pytest.raises(ModelError, match=r"config\.decoder: unknown key 'qeries'.*'queries'"):
        UniVSConfig.from_dict(values)
    values = debug().to_dict()
    values["backbone"]["kind"] = "resnest"
    with pytest.raises(ModelError, match=r"config\.backbone: unknown kind 'resnest'.*'resnet'"):
        UniVSConfig.from_dict(values)
    values = debug().to_dict()
    del values["pixel_decoder"]
    with pytest.raises(ModelError, match="config: missing pixel_decoder"):
        UniVSConfig.from_dict(values)


@pytest.mark.parametrize(
    ("part", "key", "value", "sentence"),
    [
        ("decoder", "hidden", "big", "config.decoder.hidden needs a whole number, not 'big'."),
        ("decoder", "layers", [3], "config.decoder.layers needs a whole number, not [3]."),
        ("decoder", "layers", 2.5, "config.decoder.layers needs a whole number, not 2.5."),
        ("decoder", "layers", None, "config.decoder.layers needs a whole number, not nothing."),
        ("decoder", "proca", 1, "config.decoder.proca needs true or false, not 1."),
        ("decoder", "queries", True, "config.decoder.queries needs a whole number, not True."),
        (
            "decoder",
            "separation",
            "sep-learnible",
            "config.decoder.separation needs one of sep, sep-entity, sep-learnable, "
            "sep-entity-learnable, none, not "
            "'sep-learnible'; the nearest is 'sep-learnable'.",
        ),
        ("backbone", "depths", 3, "config.backbone.depths needs a list, not 3."),
        ("backbone", "depths", [1], "config.backbone.depths needs a list of 4 values, not [1]."),
        (
            "backbone",
            "depths",
            [1, 1, 1, "x"],
            "config.backbone.depths needs a whole number, not 'x'.",
        ),
        ("backbone", "kind", [], "config.backbone: unknown kind []."),
        (
            "backbone",
            "kind",
            "propagation",
            "config.backbone is of kind 'propagation'; use resnet or swin or efficientnet_lite.",
        ),
        ("", "decoder", 3, "config.decoder needs a part of kind mask_decoder, not 3."),
        ("", "decoder", None, "config.decoder needs a part of kind mask_decoder, not None."),
        ("", "text", "clip", "config.text needs a part of kind clip_text or static_text, not"),
        ("", "pixel_mean", "grey", "config.pixel_mean needs a list, not 'grey'."),
        ("", "pixel_std", [1, 2, "x"], "config.pixel_std needs a number, not 'x'."),
    ],
)
def test_values_of_a_wrong_type_are_named_with_their_file(
    tmp_path: Path, part: str, key: str, value: object, sentence: str
) -> None:
    values = debug().to_dict()
    inner = values[part] if part else values
    inner[key] = value
    if key == "kind" and value == "propagation":
        values[part] = {"kind": value}
    UniVS(debug()).save_pretrained(tmp_path)
    file = tmp_path / "config.json"
    file.write_text(json.dumps(values), encoding="utf-8")
    with pytest.raises(ModelError) as error:
        UniVS.from_pretrained(tmp_path)
    assert str(error.value).startswith(f"{file}: {sentence}")
    assert "\n" not in str(error.value)


def test_whole_numbers_stand_for_numbers_and_null_for_nothing() -> None:
    values = debug().to_dict() | {"pixel_mean": [0, 1, 2], "text": None, "propagation": None}
    config = UniVSConfig.from_dict(values)
    assert config.pixel_mean == (0.0, 1.0, 2.0)
    assert all(isinstance(mean, float) for mean in config.pixel_mean)
    assert config.text is None and config.propagation is None


def test_contradictions_are_refused() -> None:
    with pytest.raises(ModelError, match=r"decoder\.separation is 'all'"):
        MaskDecoderConfig(separation="all")  # type: ignore[arg-type]
    with pytest.raises(ModelError, match="make them equal"):
        replace(debug(), decoder=MaskDecoderConfig(hidden=64))


def test_debug_is_small() -> None:
    assert sum(p.numel() for p in UniVS(debug()).parameters()) < 1_000_000


@pytest.mark.parametrize("half", [False, True])
def test_saved_models_come_back(tmp_path: Path, half: bool) -> None:
    model = UniVS(debug()).eval()
    model.save_pretrained(tmp_path / "model", half=half)
    assert sorted(file.name for file in (tmp_path / "model").iterdir()) == [
        "config.json",
        "model.safetensors",
    ]
    back = UniVS.from_pretrained(tmp_path / "model")
    assert back.config == model.config and not back.training
    own = model.state_dict()
    for name, value in back.state_dict().items():
        want = own[name].half().float() if half else own[name]
        assert torch.equal(value, want) and value.dtype == own[name].dtype


def test_bad_folders_are_explained(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="No model at"):
        UniVS.from_pretrained(tmp_path / "nowhere")
    with pytest.raises(ModelError, match=r"holds no config\.json"):
        UniVS.from_pretrained(tmp_path)
    UniVS(debug()).save_pretrained(tmp_path)
    weights = (tmp_path / "model.safetensors").read_bytes()
    (tmp_path / "model.safetensors").write_bytes(weights[:1000])
    with pytest.raises(ModelError, match="not a readable safetensors file"):
        UniVS.from_pretrained(tmp_path)
    (tmp_path / "config.json").write_text("{", encoding="utf-8")
    with pytest.raises(ModelError, match="not a readable JSON file"):
        UniVS.from_pretrained(tmp_path)


def test_hub_ids_are_fetched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = UniVS(debug())
    model.save_pretrained(tmp_path)
    asked = []

    def download(name: str, file: str, **_: object) -> str:
        asked.append((name, file))
        return str(tmp_path / file)

    monkeypatch.setattr("huggingface_hub.hf_hub_download", download)
    assert UniVS.from_pretrained("someone/some-model").config == model.config
    assert asked == [
        ("someone/some-model", "config.json"),
        ("someone/some-model", "model.safetensors"),
    ]


def test_a_hub_that_has_no_such_model_is_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(name: str, file: str, **_: object) -> str:
        raise ConnectionError("no route to the hub\nsecond line")

    monkeypatch.setattr("huggingface_hub.hf_hub_download", refuse)
    with pytest.raises(ModelError, match=r"the hub has no config\.json of it: no route") as error:
        UniVS.from_pretrained("someone/some-model")
    assert "\n" not in str(error.value)


def test_weights_of_another_config_are_explained(tmp_path: Path) -> None:
    UniVS(debug()).save_pretrained(tmp_path)
    values = json.loads((tmp_path / "config.json").read_text(encoding="utf-8"))
    values["decoder"]["queries"] = 13
    (tmp_path / "config.json").write_text(json.dumps(values), encoding="utf-8")
    with pytest.raises(ModelError, match=r"does not fit its config\.json: size mismatch") as error:
        UniVS.from_pretrained(tmp_path)
    assert "\n" not in str(error.value)


def test_a_folder_that_cannot_be_written_is_explained(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(OutputError, match="Cannot write the model"):
        UniVS(debug()).save_pretrained(tmp_path / "file")


@pytest.mark.parametrize(
    ("part", "key", "value", "words"),
    [
        ("decoder", "hidden", -8, r"config\.decoder\.hidden is -8; 1 to"),
        ("decoder", "hidden", 2**70, r"config\.decoder\.hidden is 1180591620717411303424; 1 to"),
        ("decoder", "hidden", "8", r"config\.decoder\.hidden needs a whole number, not '8'"),
        ("decoder", "layers", 10**9, r"config\.decoder\.layers is 1000000000; 0 to 512"),
        ("decoder", "heads", 7, r"config\.decoder\.heads is 7, which does not divide"),
        ("backbone", "depths", [1, 1, 1, 0], r"config\.backbone\.depths is 0; 1 to 512"),
        ("backbone", "stem_channels", -32, r"config\.backbone\.stem_channels is -32; 1 to"),
        (None, "pixel_std", [float("nan")] * 3, "pixel_std needs a finite number, not nan"),
        (None, "pixel_std", [0, 1, 1], r"pixel_std is 0\.0; 1e-06 to"),
    ],
)
def test_numbers_that_no_network_can_have(
    part: str | None, key: str, value: object, words: str
) -> None:
    values = debug().to_dict()
    (values if part is None else values[part])[key] = value
    with pytest.raises(ModelError, match=words):
        UniVSConfig.from_dict(values)


def test_a_configuration_larger_than_its_weights_takes_no_memory(tmp_path: Path) -> None:
    UniVS(debug()).save_pretrained(tmp_path)
    values = debug().to_dict()
    values["decoder"]["ffn"] = values["decoder"]["queries"] = 2**16
    values["decoder"]["layers"] = 512  # would be 17 GB
    (tmp_path / "config.json").write_text(json.dumps(values))
    with pytest.raises(ModelError, match="does not fit its config"):
        UniVS.from_pretrained(tmp_path)


def test_a_header_beyond_that_of_any_weights(tmp_path: Path) -> None:
    UniVS(debug()).save_pretrained(tmp_path)
    file = tmp_path / "model.safetensors"
    file.write_bytes((17 << 20).to_bytes(8, "little") + b"{" + b" " * 100)
    with pytest.raises(ModelError, match="header claims more bytes"):
        UniVS.from_pretrained(tmp_path)
