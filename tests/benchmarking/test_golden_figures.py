"""Published settings on the golden model: masks and figures of a release are the reference's."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import torch

from vidseg.benchmarking.benchmark import run_benchmark
from vidseg.benchmarking.running import BenchmarkRequest
from vidseg.inference.segmenter import Segmenter
from vidseg.pictures.label_maps import read_small_label_map

from ..datasets.scenes import save_json, save_palette
from ..inference.streaming import pictures
from ..models.golden_model import Golden, golden_model
from ..parity import DIFFERING_SHARE

SEEN = ("ape", "ape", "yak")
ENTERS = (0, 0, 2)


def write_release(golden: Golden, folder: Path) -> npt.NDArray[np.uint8]:
    """The golden video in the layout of YouTube-VOS; returns its [T, H, W] true ids."""
    from PIL import Image

    masks = golden("inputs")["masks_uint8"].bool().numpy()
    truth = np.zeros(masks.shape[1:], dtype=np.uint8)
    for id, first in enumerate(ENTERS, start=1):
        truth[first:][masks[id - 1, first:]] = id
    for t, image in enumerate(pictures(golden("inputs")["images_uint8"])):
        place = folder / "valid" / "JPEGImages" / "video" / f"{t:05d}.png"
        place.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(place)
        save_palette(folder / "valid" / "Annotations" / "video" / f"{t:05d}.png", truth[t])
    objects = {
        str(id): {"category": name, "frames": [f"{t:05d}" for t in range(first, len(truth))]}
        for id, (name, first) in enumerate(zip(SEEN, ENTERS, strict=True), start=1)
    }
    save_json(folder / "valid" / "meta.json", {"videos": {"video": {"objects": objects}}})
    save_json(folder / "valid" / "seen_categories.json", ["ape"])
    return truth


def region_similarity(ids: npt.NDArray[np.uint8], truth: npt.NDArray[np.uint8], id: int) -> float:
    """Mean IoU of an object over the frames after its first, in percent."""
    values = []
    for t in range(ENTERS[id - 1] + 1, len(truth)):
        one, other = ids[t] == id, truth[t] == id
        union = int((one | other).sum())
        values.append(int((one & other).sum()) / union if union else 1.0)
    return 100 * float(np.mean(values))


def test_the_golden_video_gets_the_figures_of_the_golden_masks(
    golden: Golden, tmp_path: Path
) -> None:
    truth = write_release(golden, tmp_path / "data")
    masks = golden("inputs")["masks_uint8"]
    for id, (first, mask) in enumerate(zip(ENTERS, masks, strict=True), start=1):
        given = torch.from_numpy(truth[first] == id)
        assert torch.equal(given, mask[first].bool()), "objects overlap; the release loses pixels"
    request = BenchmarkRequest(
        benchmark="youtube_vos",
        data=tmp_path / "data",
        model="golden",
        settings="published:3:r50",
        changes={"clip_length": 3, "short_side": 96, "tokens_per_prompt": 256},  # the reference's
    )
    segmenter = Segmenter(golden_model(golden), device="cpu")
    outcome = run_benchmark(request, segmenter, tmp_path / "out")

    wanted = golden("e2e_tasks")["vos_png"].numpy()
    written = sorted((outcome.folder.predictions / "Annotations" / "video").iterdir())
    got = np.stack([read_small_label_map(path) for path in written])
    assert got.shape == wanted.shape
    assert (got != wanted).mean() <= DIFFERING_SHARE
    seen = np.mean([region_similarity(wanted, truth, id) for id in (1, 2)])
    assert outcome.report is not None
    figures = outcome.report.figures
    # A pixel that falls the other way, where two objects tie, moves a small object by this.
    assert figures["J_s"] == pytest.approx(seen, abs=0.2)
    assert figures["J_u"] == pytest.approx(region_similarity(wanted, truth, 3), abs=0.2)
