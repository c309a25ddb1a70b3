"""VIS and VPS against the released loops, from scripted decoder outputs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from tests.inference.scripted import ScriptedDecoder, play
from tests.parity import report_difference
from vidseg.inference.config import published
from vidseg.inference.preprocess import FrameGeometry
from vidseg.models.tensors import Prediction
from vidseg.types import Task

Golden = Callable[[str], dict[str, Tensor]]
GEOMETRY = FrameGeometry((64, 96), (64, 96), (64, 96))


def scripted(arrays: dict[str, Tensor], task: str) -> ScriptedDecoder:
    def script(start: int, ids: tuple[int, ...]) -> Prediction:
        masks, embeddings, logits = (
            arrays[f"{task}_clip{start:02d}_{name}"].float()[None]
            for name in ("masks", "embds", "logits")
        )
        assert masks.shape[1] == 8 + len(ids), f"clip {start}: {len(ids)} objects are known"
        return Prediction(masks, logits, embeddings, 8)

    return ScriptedDecoder(script)


def test_scripted_vis(golden: Golden) -> None:
    arrays = golden("scripted_entity")
    config = replace(
        published(Task.VIS, "ytvis21"), clip_length=3, memory_length=1, max_detections=7
    )
    steps, policy = play(scripted(arrays, "vis"), config, Task.VIS, [True] * 40, 16, GEOMETRY)
    frames = [result for step in steps for result in step]
    assert [frame.index for frame in frames] == list(range(16))
    masks: dict[int, np.ndarray] = {}
    for f, frame in enumerate(frames):
        for segment in frame.segments:
            masks.setdefault(segment.id, np.zeros((16, 64, 96), bool))[f] = segment.mask
    want = np.unpackbits(arrays["vis_result_masks_packed"].numpy(), axis=-1).astype(bool)
    tracks = policy.tracks()
    order = sorted({track.id for track in tracks})
    assert [int(t.category.split()[1]) for t in tracks if t.category] == arrays[
        "vis_result_label"
    ].tolist()
    assert [order.index(t.id) for t in tracks] == arrays["vis_result_mask_index"].tolist()
    got = np.stack([masks.get(i, np.zeros((16, 64, 96), bool)) for i in order])
    print(f"VIS scripted: {int((got != want).sum())} of {want.size} mask pixels differ")
    assert (got == want).all()
    scores = torch.tensor([t.score for t in tracks])
    report_difference("VIS scripted scores", scores, arrays["vis_result_score"], 1e-6)


def test_scripted_vps(golden: Golden) -> None:
    arrays = golden("scripted_entity")
    config = replace(published(Task.VPS, "vipseg"), clip_length=3, memory_length=1)
    things = set(arrays["vps_thing_ids"].tolist())
    is_thing = [k + 1 in things for k in range(124)]
    steps, policy = play(scripted(arrays, "vps"), config, Task.VPS, is_thing, 16, GEOMETRY)
    frames = [result for step in steps for result in step]
    got = np.zeros((16, 64, 96), np.uint8)
    for f, frame in enumerate(frames):
        for segment in frame.segments:
            got[f][segment.mask] = segment.id
    want = arrays["vps_result_panoptic"].numpy()
    rows = [
        [t.id, int(t.is_thing), int((t.category or "").split()[1]) + 1] for t in policy.tracks()
    ]
    print(f"VPS scripted: {int((got != want).sum())} of {want.size} ids differ")
    print(rows, arrays["vps_result_segments"].tolist())
    assert (got == want).all()
    assert rows == arrays["vps_result_segments"].tolist()
