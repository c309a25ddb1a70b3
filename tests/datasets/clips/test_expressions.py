"""Sentences must fit exactly one object."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from vidseg.datasets.clips.expressions import (
    captions_of_single_objects,
    compose_expressions,
    mirror_text,
)


def blocks(*spans: tuple[int, int]) -> Tensor:
    """Masks [N, 20, 100] that fill the given columns."""
    masks = torch.zeros(len(spans), 20, 100, dtype=torch.bool)
    for row, (start, stop) in enumerate(spans):
        masks[row, :, start:stop] = True
    return masks


def texts_of(masks: Tensor, names: list[str | None], usable: list[bool]) -> dict[int, set[str]]:
    said: dict[int, set[str]] = {}
    for seed in range(40):
        for e in compose_expressions(masks, names, usable, np.random.default_rng(seed)):
            said.setdefault(e.target, set()).add(e.text)
            assert e.composed
    return said


def test_a_single_object_is_called_by_its_class() -> None:
    said = texts_of(blocks((0, 9), (50, 60)), ["dog", "cat"], [True, True])
    assert said == {0: {"dog", "the dog", "a dog"}, 1: {"cat", "the cat", "a cat"}}


def test_two_objects_are_told_apart_by_side_and_size() -> None:
    said = texts_of(blocks((0, 10), (50, 90)), ["dog", "dog"], [True, True])
    assert said[0] == {
        "the dog on the left", "the leftmost dog", "the smallest dog", "the small dog",
    }  # fmt: skip
    assert said[1] == {
        "the dog on the right", "the rightmost dog", "the largest dog", "the big dog",
    }  # fmt: skip


def test_mirrored_masks_are_described_mirrored() -> None:
    masks = blocks((0, 10), (50, 60)).flip(-1)
    said = texts_of(masks, ["dog", "dog"], [True, True])
    assert said[0] == {"the dog on the right", "the rightmost dog"}


def test_like_objects_close_together_get_no_sentence() -> None:
    assert texts_of(blocks((40, 45), (45, 50)), ["dog", "dog"], [True, True]) == {}


def test_classes_with_a_group_and_unseen_objects_get_no_sentence() -> None:
    assert texts_of(blocks((0, 10), (50, 60)), ["dog", "dog"], [True, False]) == {}
    assert texts_of(blocks((0, 0)), ["dog"], [True]) == {}
    assert texts_of(blocks((0, 10)), [None], [True]) == {}


@pytest.mark.parametrize(
    ("text", "mirrored"),
    [
        ("the dog on the left", "the dog on the right"),
        ("Right of the left chair", "Left of the right chair"),
        ("a bright light", "a bright light"),
    ],
)
def test_mirroring_swaps_whole_words(text: str, mirrored: str) -> None:
    assert mirror_text(text) == mirrored
    assert mirror_text(mirrored) == text


def test_captions_name_the_subject_first() -> None:
    captions = ["A dog next to a cat.", "Two cats.", "The kitten sleeps."]
    said = captions_of_single_objects(captions, ["cat", "dog"], [False, False])
    assert said == [["The kitten sleeps"], ["A dog next to a cat"]]


def test_captions_do_not_speak_of_one_among_several() -> None:
    assert captions_of_single_objects(["A dog."], ["dog", "dog"], [False, False]) == [[], []]
    assert captions_of_single_objects(["A dog."], ["dog"], [True]) == [[]]
