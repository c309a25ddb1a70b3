"""VIS and VPS against the released loops: scripted decoder outputs, then the tiny network."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from vidseg.inference.config import InferenceConfig, published
from vidseg.inference.frame_geometry import FrameGeometry
from vidseg.inference.policies.category.policy import CategoryPolicy
from vidseg.models.decoder.tensors import Prediction
from vidseg.results import FrameResult, Track
from vidseg.types import Task
from vidseg.vocabularies import get_vocabulary

from ....models.golden_model import golden_model
from ....parity import report_difference
from ...scripted import ScriptedDecoder, make_categories, play
from ...streaming import id_maps, pictures, run, session

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
    results = [result for step in steps for result in step]
    check_panoptic("VPS scripted", results, policy, arrays, "vps_result_")


def check_panoptic(
    name: str,
    results: list[FrameResult],
    policy: CategoryPolicy,
    want: dict[str, Tensor],
    prefix: str,
) -> None:
    got = id_maps(results)
    differing = int((got != want[f"{prefix}panoptic"]).sum())
    print(f"{name}: {differing} of {got.numel()} ids differ")
    assert differing == 0
    rows = [[t.id, int(t.is_thing), category(t) + 1] for t in policy.tracks()]
    assert rows == want[f"{prefix}segments"].tolist()


def category(track: Track) -> int:
    """Class index from the made-up name."""
    assert track.category is not None
    return int(track.category.split()[1])


def network_policy(
    golden: Golden, config: InferenceConfig, task: Task, rows: Tensor, is_thing: list[bool]
) -> tuple[CategoryPolicy, list[FrameResult]]:
    model = golden_model(golden)
    categories = replace(make_categories(is_thing), embeddings=rows)
    policy = CategoryPolicy.of_model(model, config, task, categories)
    running = session(model, policy, config, task)
    return policy, run(running, pictures(golden("inputs")["images_uint8"]))


def test_network_vis(golden: Golden) -> None:
    want = golden("e2e_tasks")
    config = replace(
        published(Task.VIS, "ytvis21"),
        clip_length=3,
        short_side=96,
        tokens_per_prompt=256,
        max_detections=10,
    )
    rows = golden("tiny_concept_emb")["rows_2203_2276"][:40]
    policy, results = network_policy(golden, config, Task.VIS, rows, [True] * 40)
    report_difference("vis_masks", (id_maps(results) == 1)[None].long(), want["vis_masks"], 0)
    tracks = policy.tracks()
    assert [category(t) for t in tracks] == want["vis_labels"].tolist()
    scores = torch.tensor([t.score for t in tracks])
    report_difference("vis_scores", scores, want["vis_scores"], 1e-5)


def test_network_vps(golden: Golden) -> None:
    config = replace(
        published(Task.VPS, "vipseg"),
        clip_length=3,
        short_side=96,
        tokens_per_prompt=256,
        max_detections=100,
    )
    rows = golden("tiny_concept_emb")["rows_2924_3048"]
    things = get_vocabulary("vipseg").is_thing
    policy, results = network_policy(golden, config, Task.VPS, rows, list(things))
    check_panoptic("VPS network", results, policy, golden("e2e_tasks"), "vps_")
