"""Which prompts a batch is asked with, and where they lie."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
import torch

from vidseg.training.prompts.choice import choose_kind, prompt_shares, visual_shares
from vidseg.training.prompts.clip_prompts import (
    prompt_answers,
    prompt_window,
    simulate_clip_prompts,
)
from vidseg.training.recipe.objective import PromptsConfig, PromptShares

from ..drawn_clips import NAMES, SIZE, Letters, batch_of, drawn_clip, squares

ALL = PromptShares(mask=2, box=1, point=1, scribble=0, category=3, expression=1)
MIXED = {"mask": 2.0, "box": 1.0, "point": 1.0, "scribble": 1.0}


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_what_a_batch_lacks_falls_away() -> None:
    config = PromptsConfig(shares=ALL)
    full = batch_of(drawn_clip(squares(2, 3), expressions=True))
    everything = {"mask": 2, "box": 1, "point": 1, "category": 3, "expression": 1}
    assert prompt_shares(config, full, texts=True) == everything
    visual = {"mask": 2, "box": 1, "point": 1}
    assert prompt_shares(config, full, texts=False) == visual
    plain = batch_of(drawn_clip(squares(2, 3), vocabulary=()))
    assert prompt_shares(config, plain, texts=True) == visual
    unnamed = batch_of(drawn_clip(squares(2, 2), labels=[-1, -1]))
    assert prompt_shares(config, unnamed, texts=True) == visual
    nothing = batch_of(drawn_clip(squares(2, 0)))
    assert prompt_shares(config, nothing, texts=True) == {}
    assert choose_kind({}, rng()) is None


def test_sources_are_prompted_as_the_recipe_says() -> None:
    config = PromptsConfig(shares=ALL, only={"lvis": ("mask", "box"), "refcoco": ("expression",)})
    clip = drawn_clip(squares(2, 2), expressions=True)
    lvis, refcoco, other = (batch_of(replace(clip, dataset=n)) for n in ("lvis", "refcoco", "x"))
    assert prompt_shares(config, lvis, texts=True) == {"mask": 2, "box": 1}
    assert prompt_shares(config, refcoco, texts=True) == {"expression": 1}
    assert len(prompt_shares(config, other, texts=True)) == 5
    # A kind that is the only one left is used, whatever its share.
    silent = replace(config, shares=PromptShares(mask=1))
    assert prompt_shares(silent, refcoco, texts=True) == {"expression": 1}


def test_single_frames_have_shares_of_their_own() -> None:
    config = PromptsConfig(shares=PromptShares(mask=1), single_shares=PromptShares(point=1))
    assert prompt_shares(config, batch_of(drawn_clip(squares(1, 1))), texts=True) == {"point": 1}
    assert prompt_shares(config, batch_of(drawn_clip(squares(2, 1))), texts=True) == {"mask": 1}


def test_kinds_are_drawn_by_their_shares() -> None:
    generator = rng()
    shares = {"mask": 1.0, "category": 3.0}
    counts = Counter(choose_kind(shares, generator) for _ in range(2000))
    assert counts["category"] == pytest.approx(1500, abs=80) and len(counts) == 2
    assert visual_shares(shares) == {"mask": 1.0}


def test_every_object_of_a_clip_draws_its_kind() -> None:
    generator = rng()
    masks = squares(1, 4)
    kinds: Counter[str] = Counter()
    for _ in range(150):
        prompts = simulate_clip_prompts([drawn_clip(masks)], "mask", MIXED, None, 4, generator)
        assert prompts is not None
        (region,) = prompts.regions
        kinds["box"] += len(region.boxes)
        kinds["point"] += len(region.points)
        assert region.masks is not None
        for row, target in enumerate(prompts.rows[0].tolist()):
            cells, truth = region.masks[row], masks[target, 0]
            if bool(cells.any()):
                assert not (cells & ~truth).any()
                kinds["mask" if torch.equal(cells, truth) else "scribble"] += 1
        for row, (x, y) in zip(region.point_rows.tolist(), region.points.tolist(), strict=True):
            assert masks[prompts.rows[0, row], 0, int(y), int(x)]
        for row, box in zip(region.box_rows.tolist(), region.boxes, strict=True):
            ys, xs = masks[prompts.rows[0, row], 0].nonzero().T
            tight = torch.stack([xs.min(), ys.min(), xs.max() + 1, ys.max() + 1])
            assert (box - tight).abs().max() <= 0.05 * 18 + 1e-4  # edges jitter by a twentieth
    total = sum(kinds.values())
    assert total == 600
    assert {k: kinds[k] / total for k in kinds} == {
        "mask": pytest.approx(0.4, abs=0.06),
        "box": pytest.approx(0.2, abs=0.05),
        "point": pytest.approx(0.2, abs=0.05),
        "scribble": pytest.approx(0.2, abs=0.05),
    }


def test_the_key_frame_is_any_that_shows_an_object() -> None:
    masks = squares(4, 2)
    masks[:, 1] = False  # an empty frame
    masks[1, 2:] = False  # the second object is on the first frame alone
    seen: Counter[int] = Counter()
    generator = rng()
    for _ in range(90):
        prompts = simulate_clip_prompts(
            [drawn_clip(masks)], "mask", {"mask": 1.0}, None, 4, generator
        )
        assert prompts is not None and prompts.regions[0].masks is not None
        (key,) = prompts.keys
        seen[key] += 1
        assert sorted(prompts.rows[0].tolist()) == ([0, 1] if key == 0 else [0])
        assert torch.equal(prompts.regions[0].masks, masks[prompts.rows[0], key])
        assert torch.equal(prompts.truth[0], masks[prompts.rows[0]])
    assert set(seen) == {0, 2, 3} and min(seen.values()) > 15


def test_prompts_are_capped_and_repeated() -> None:
    many, one, none = (drawn_clip(squares(2, n)) for n in (4, 1, 0))
    prompts = simulate_clip_prompts([many, one, none], "mask", {"box": 1.0}, None, 3, rng())
    assert prompts is not None
    assert len(set(prompts.rows[0].tolist())) == 3
    assert prompts.rows[1:].tolist() == [[0, 0, 0], [-1, -1, -1]]
    assert not prompts.truth[2].any() and len(prompts.regions[2].boxes) == 0
    assert simulate_clip_prompts([none, none], "mask", MIXED, None, 3, rng()) is None


def test_tiny_objects_are_not_prompted() -> None:
    masks = torch.zeros(1, 2, SIZE, SIZE, dtype=torch.bool)
    masks[:, :, :3, :5] = True  # 15 pixels
    assert simulate_clip_prompts([drawn_clip(masks)], "mask", MIXED, None, 3, rng()) is None


def test_absent_categories_come_from_the_same_list() -> None:
    clip = drawn_clip(squares(2, 2), labels=[3, 1])
    prompts = simulate_clip_prompts([clip], "category", {}, Letters(), 4, rng())
    assert prompts is not None and prompts.words is not None
    rows = prompts.rows[0].tolist()
    assert set(rows[:2]) == {1, 3} and set(rows[2:]) < {0, 2, 4}
    assert torch.equal(prompts.words[0, :, 0], Letters().encode_names([NAMES[k] for k in rows]))
    assert prompts.truth[0].flatten(1).any(1).tolist() == [True, True, False, False]


def test_clips_without_a_sentence_are_asked_nothing() -> None:
    told = drawn_clip(squares(2, 3), expressions=True)
    mute = drawn_clip(squares(2, 2))
    prompts = simulate_clip_prompts([told, mute], "expression", {}, Letters(), 5, rng())
    assert prompts is not None and prompts.words is not None
    assert sorted(prompts.rows[0].tolist()) == [0, 1, 2]
    assert prompts.rows[1].tolist() == [-1, -1, -1]
    sentences = [f"square {n}" for n in prompts.rows[0].tolist()]
    assert torch.equal(prompts.words[0, :, 0], Letters().encode_names(sentences))
    assert not prompts.words[1].any() and not prompts.truth[1].any()
    assert simulate_clip_prompts([mute], "expression", {}, Letters(), 5, rng()) is None


def test_later_windows_ask_for_the_same_objects() -> None:
    masks = squares(5, 2)
    masks[1, 3:] = False
    prompts = simulate_clip_prompts(
        [drawn_clip(masks)], "mask", {"mask": 1.0}, None, 2, rng(), first_frames=3
    )
    assert prompts is not None and prompts.keys[0] < 3
    later = prompt_window(prompts, 2, 3, {"mask": 1.0}, rng())
    assert torch.equal(later.rows, prompts.rows)
    assert torch.equal(later.truth, prompts.truth[:, :, 2:])
    assert later.regions[0].masks is not None
    assert torch.equal(later.regions[0].masks, later.truth[0, :, later.keys[0]])
    found = torch.zeros(1, 2, SIZE, SIZE, dtype=torch.bool)
    found[0, 0, :8, :8] = True
    answered = prompt_answers(prompts, found, 2, 3, key=1)
    assert answered.keys == (1,) and torch.equal(answered.truth, later.truth)
    assert answered.regions[0].masks is not None
    assert torch.equal(answered.regions[0].masks, found[0])
    assert answered.drawn[0, 0].eq(1).sum() == 1 and not answered.drawn[0, 1].any()
