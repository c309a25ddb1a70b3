"""The models inside the package."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import vidseg
from vidseg.errors import ModelError
from vidseg.models.files.registry import embedded_models

CLASSES = (
    "sky", "building", "pole", "road", "pavement", "tree", "sign", "fence", "car", "pedestrian",
    "bicyclist",
)  # fmt: skip


def test_both_models_are_there_small_and_described() -> None:
    models = embedded_models()
    assert sorted(models) == ["gvseg-nano", "nano"]
    for folder in models.values():
        assert (folder / "model.safetensors").stat().st_size < 16 * 2**20
        assert "Licence" in (folder / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["nano", "gvseg-nano"])
def test_streets_are_told_apart(name: str, shared: Path) -> None:
    """Road, sky and buildings, in each of three frames."""
    folder = shared / "data" / "camvid" / "val"
    if not folder.is_dir():
        pytest.skip(f"{folder} not found")
    pictures = sorted(p for p in folder.rglob("*") if p.suffix in (".png", ".jpg"))
    frames = [p for p in pictures if "label" not in str(p).lower()][:3]
    segmenter = vidseg.load(name)
    labelled = 0
    for result in segmenter.segment(
        [np.asarray(Image.open(frame).convert("RGB")) for frame in frames],
        task="vss",
        categories=CLASSES,
    ):
        found = {segment.category: segment.mask.mean() for segment in result.segments}
        labelled += found.get("road", 0) > 0.1 and "sky" in found and "building" in found
    assert labelled == 3


def test_gvseg_nano_says_who_reads_sentences() -> None:
    with pytest.raises(ModelError, match="needs a UniVS model"):
        vidseg.load("gvseg-nano").session("refvos", prompts=[vidseg.Text("the dog", object_id=1)])
