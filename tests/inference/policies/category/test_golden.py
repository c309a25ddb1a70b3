"""VIS and VPS against the released loops: scripted decoder outputs, then the tiny network."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from vidseg.inference.config import InferenceConfig
from vidseg.inference.policies.category.policy import CategoryPolicy
from vidseg.inference.published.frame_geometry import PixelGeometry
from vidseg.inference.published.settings import published
from vidseg.models.decoder.tensors import Prediction
from vidseg.models.univs.model import UniVS
from vidseg.results import FrameResult, Track
from vidseg.types import Task
from vidseg.vocabularies import get_vocabulary

from ....models.golden_model import golden_model
from ....parity import Noise, blurred, report_difference, report_ids, report_loop, steady
from ...scripted import ScriptedDecoder, make_categories, play
from ...streaming import id_maps, pictures, run, session, univs_policy

Golden = Callable[[str], dict[str, Tensor]]
GEOMETRY = PixelGeometry((64, 96), (64, 96), (64, 96))
ROUNDING = 1e-5


def scripted(arrays: dict[str, Tensor], task: str, seed: int | None) -> ScriptedDecoder:
    """The given answers, with the noise of a seed as large as what post-processing rounds."""
    noise = None if seed is None else Noise(seed, ROUNDING)

    def script(start: int, ids: tuple[int, ...]) -> Prediction:
        masks, embeddings, logits = (
            arrays[f"{task}_clip{start:02d}_{name}"].float()[None]
            for name in ("masks", "embds", "logits")
        )
        assert masks.shape[1] == 8 + len(ids), f"clip {start}: {len(ids)} objects are known"
        answer = Prediction(masks, logits, embeddings, 8)
        return answer if noise is None else noise.on_prediction(answer)

    return ScriptedDecoder(script)


def test_scripted_vis(golden: Golden) -> None:
    arrays = golden("scripted_entity")
    config = published(Task.VIS, "ytvis21").override(
        clip_length=3, memory_length=1, max_detections=7
    )

    def play_all(seed: int | None) -> tuple[list[FrameResult], list[Track]]:
        decoder = scripted(arrays, "vis", seed)
        steps, policy = play(decoder, config, Task.VIS, [True] * 40, 16, GEOMETRY)
        return [result for step in steps for result in step], list(policy.tracks())

    def masks(seed: int | None) -> Tensor:
        """[objects, 16, 64, 96] in the order of the ids in the table."""
        frames, tracks = play_all(seed)
        shown = torch.zeros(len({t.id for t in tracks}), 16, 64, 96, dtype=torch.bool)
        order = sorted({track.id for track in tracks})
        for f, frame in enumerate(frames):
            for segment in frame.segments:
                if segment.id in order:
                    shown[order.index(segment.id), f] = torch.from_numpy(segment.mask)
        return shown

    frames, tracks = play_all(None)
    assert [frame.index for frame in frames] == list(range(16))
    order = sorted({track.id for track in tracks})
    assert [int(t.category.split()[1]) for t in tracks if t.category] == arrays[
        "vis_result_label"
    ].tolist()
    assert [order.index(t.id) for t in tracks] == arrays["vis_result_mask_index"].tolist()
    scores = torch.tensor([t.score for t in tracks])
    report_difference("VIS scripted scores", scores, arrays["vis_result_score"], 1e-6)
    want = torch.from_numpy(np.unpackbits(arrays["vis_result_masks_packed"].numpy(), axis=-1))
    got, decided = steady(masks)
    report_ids("VIS scripted masks", got, want, decided)


def test_scripted_vps(golden: Golden) -> None:
    arrays = golden("scripted_entity")
    config = published(Task.VPS, "vipseg").override(clip_length=3, memory_length=1)
    things = set(arrays["vps_thing_ids"].tolist())
    is_thing = [k + 1 in things for k in range(124)]

    def play_all(seed: int | None) -> tuple[list[FrameResult], CategoryPolicy]:
        decoder = scripted(arrays, "vps", seed)
        steps, policy = play(decoder, config, Task.VPS, is_thing, 16, GEOMETRY)
        return [result for step in steps for result in step], policy

    got, decided = steady(lambda seed: id_maps(play_all(seed)[0]))
    report_ids("VPS scripted", got, arrays["vps_result_panoptic"], decided)
    check_segments(play_all(None)[1], arrays["vps_result_segments"])


def check_segments(policy: CategoryPolicy, want: Tensor) -> None:
    rows = [[t.id, int(t.is_thing), category(t) + 1] for t in policy.tracks()]
    assert rows == want.tolist()


def category(track: Track) -> int:
    """Class index from the made-up name."""
    assert track.category is not None
    return int(track.category.split()[1])


def network_run(
    golden: Golden,
    model: UniVS,
    config: InferenceConfig,
    task: Task,
    rows: Tensor,
    is_thing: list[bool],
) -> Callable[[int | None], tuple[list[FrameResult], CategoryPolicy]]:
    images = pictures(golden("inputs")["images_uint8"])

    def play_all(seed: int | None) -> tuple[list[FrameResult], CategoryPolicy]:
        embeddings = rows.to(next(model.parameters()).dtype)
        categories = replace(make_categories(is_thing), embeddings=embeddings)
        with blurred(model, seed):
            policy = univs_policy(model, config, task, categories)
            return run(session(model, policy, config, task), images), policy

    return play_all


def test_network_vis(golden: Golden) -> None:
    want = golden("e2e_tasks")
    config = published(Task.VIS, "ytvis21").override(
        clip_length=3,
        short_side=96,
        tokens_per_prompt=256,
        max_detections=10,
    )
    rows = golden("tiny_concept_emb")["rows_2203_2276"][:40]
    model = golden_model(golden)
    play_all = network_run(golden, model, config, Task.VIS, rows, [True] * 40)

    def play(seed: int | None) -> Tensor:
        return (id_maps(play_all(seed)[0]) == 1)[None]

    report_loop("vis_masks", model, play, want["vis_masks"])
    tracks = play_all(None)[1].tracks()
    assert [category(t) for t in tracks] == want["vis_labels"].tolist()
    scores = torch.tensor([t.score for t in tracks])
    report_difference("vis_scores", scores, want["vis_scores"], 1e-5)


def test_network_vps(golden: Golden) -> None:
    config = published(Task.VPS, "vipseg").override(
        clip_length=3,
        short_side=96,
        tokens_per_prompt=256,
        max_detections=100,
    )
    rows = golden("tiny_concept_emb")["rows_2924_3048"]
    things = get_vocabulary("vipseg").is_thing
    want, model = golden("e2e_tasks"), golden_model(golden)
    play_all = network_run(golden, model, config, Task.VPS, rows, list(things))
    report_loop("VPS network", model, lambda seed: id_maps(play_all(seed)[0]), want["vps_panoptic"])
    check_segments(play_all(None)[1], want["vps_segments"])
