"""Every entrance for weights refuses files that ask for more than tensors, in one sentence.

What the reader itself refuses is in tests/models/files/checkpoints/test_reading.py.
"""

from __future__ import annotations

import pickle
import resource
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from vidseg.cli.main import main
from vidseg.errors import ModelError
from vidseg.inference.files.conversion import TEXT_FILE, convert
from vidseg.inference.files.description import describe
from vidseg.inference.files.loading import load
from vidseg.models.presets import debug
from vidseg.models.text.clip_text import ClipTextConfig, read_clip_text
from vidseg.models.text.concept_table import read_concept_table
from vidseg.models.univs.model import UniVS
from vidseg.training.recipe.data import DataConfig
from vidseg.training.recipe.schema import InitConfig, ModelChoice, Recipe, ScheduleConfig
from vidseg.training.run.starting_model import starting_model, text_encoder

from ...models.files.checkpoints.test_reading import hostile

KINDS = ("system", "nested", "bytes", "tensor")
LEAST = 2**31  # bytes; the hostile files ask for 10**13


def recipe(preset: str = "debug", start: str = "none", text: str | None = None) -> Recipe:
    return Recipe(
        model=ModelChoice(preset=preset, text_weights=text),
        init=InitConfig(start=start),
        data=DataConfig(),
        schedule=ScheduleConfig(iterations=1),
    )


def hugging_face(file: Path) -> Path:
    """The file inside a folder of Hugging Face."""
    folder = file.parent / "hf"
    folder.mkdir()
    (folder / "config.json").write_text('{"model_type": "mask2former"}')
    file.rename(folder / "pytorch_model.bin")
    return folder


def beside_a_model(file: Path) -> Path:
    """The file under the name by which text weights are looked for beside a model."""
    folder = file.parent / "beside"
    UniVS(replace(debug(), text=ClipTextConfig(dim=64))).save_pretrained(folder)
    file.rename(folder / TEXT_FILE)
    return folder


ENTRANCES: dict[str, Callable[[Path], object]] = {
    "load": lambda file: load(file, "cpu"),
    "load of a folder": lambda file: load(hugging_face(file), "cpu"),
    "convert": lambda file: convert(file, file.parent / "dst"),
    "info": describe,
    "text weights": lambda file: read_clip_text(file, ClipTextConfig()),
    "text weights of a recipe": lambda file: text_encoder(recipe("univs_r50", text=str(file))),
    "text weights beside a model": lambda file: load(beside_a_model(file), "cpu").text_encoder,
    "concept table": read_concept_table,
    "start of a training": lambda file: starting_model(recipe(start=str(file))),
}


@pytest.mark.parametrize("saved", ["pickle", "torch", "old torch"])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("entrance", ENTRANCES)
def test_nothing_is_run(tmp_path: Path, entrance: str, kind: str, saved: str) -> None:
    mark, file = tmp_path / "ran", tmp_path / "weights.pkl"
    content = {"model": {"a": hostile(kind, mark)}}
    if saved == "pickle":
        file.write_bytes(pickle.dumps(content))
    else:
        torch.save(content, file, _use_new_zipfile_serialization=saved == "torch")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # what lies beside a model is read as safetensors, whatever it is
    told = "nothing of it was run|is damaged" if "beside" in entrance else "nothing of it was run"
    with pytest.raises(ModelError, match=told) as error:
        ENTRANCES[entrance](file)
    assert "\n" not in str(error.value)
    assert not mark.exists() and not (tmp_path / "dst").exists()
    assert 1024 * (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) < LEAST


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("verb", ["segment", "info", "convert", "train"])
def test_the_command_line_says_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], verb: str, kind: str
) -> None:
    mark, file, picture = tmp_path / "ran", tmp_path / "weights.pkl", tmp_path / "a.png"
    file.write_bytes(pickle.dumps({"model": {"a": hostile(kind, mark)}}))
    from PIL import Image

    Image.new("RGB", (40, 30)).save(picture)
    words = {
        "segment": ["segment", str(picture), "--task", "vps", "--model", str(file)],
        "info": ["weights", "info", str(file)],
        "convert": ["weights", "convert", str(file), str(tmp_path / "dst")],
        "train": ["train", "univs_r50_stage1", f"init.start={file}", "--dry-run"],
    }[verb]
    more = ["--out", str(tmp_path / "out")] if verb == "segment" else []
    assert main([*words, *more]) == 2
    err = capsys.readouterr().err
    assert err.startswith("vidseg: ") and err.count("\n") == 1
    assert not mark.exists() and not (tmp_path / "dst").exists()
    assert verb == "train" or "nothing of it was run" in err
