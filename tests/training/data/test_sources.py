"""Sources of a recipe: every dataset opens, and what does not fit is one clear error."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from vidseg.datasets.class_lists import PUBLISHED, class_list
from vidseg.datasets.sources.registry import dataset_names, splits_of
from vidseg.errors import DataError, VidsegError, VocabularyError
from vidseg.labels import Category
from vidseg.training.data.loader import open_stream
from vidseg.training.data.sources import is_held_out, open_sources, source_kinds
from vidseg.training.recipe.data import AugmentationConfig, DataConfig, SourceConfig

from ...datasets.image_layouts import IMAGE_LAYOUTS, write_image_layout
from ...datasets.layouts import layout_names, write_layout

SMALL = AugmentationConfig(preset="lsj", scale=(0.8, 1.2))


def data(root: Path, *sources: SourceConfig, **changes: Any) -> DataConfig:
    given: dict[str, Any] = {"augmentation": SMALL, "clips": 2, "frames": 2, "size": 64}
    return DataConfig(root=str(root), sources=sources, workers=0, **(given | changes))


@pytest.mark.parametrize("name", sorted({*layout_names(), *IMAGE_LAYOUTS} - {"vipseg_released"}))
def test_every_dataset_gives_clips(name: str, tmp_path: Path) -> None:
    folder, split = tmp_path, None
    if name in IMAGE_LAYOUTS:
        folder = write_image_layout(name, tmp_path)
        split = "train" if "train" in splits_of(name) else None
    else:
        write_layout(name, tmp_path)
    source = SourceConfig(name="it", kind=name, folder=".", split=split, frame_range=3)
    (batch,) = islice(open_stream(data(folder, source), seed=0), 1)
    for sample in batch.samples:
        assert len(sample) > 0
        assert bool(sample.vocabulary) is (name in PUBLISHED)
        assert bool((sample.labels >= 0).all()) is (name in PUBLISHED)


def test_all_kinds_are_known() -> None:
    assert set(PUBLISHED) < set(dataset_names()) < set(source_kinds())


@pytest.mark.parametrize(
    ("kind", "fixture", "folder", "split"),
    [
        ("coco_panoptic_stills", "panoptic_folder", ".", None),
        ("coco_instance_stills", "instances_folder", ".", "train"),
        ("label_map_videos", "label_map_folder", "..", "train"),
        ("masked_videos", "davis_folder", ".", None),
    ],
)
def test_plain_layouts_give_clips(
    kind: str, fixture: str, folder: str, split: str | None, request: pytest.FixtureRequest
) -> None:
    root = request.getfixturevalue(fixture)
    source = SourceConfig(name="it", kind=kind, folder=folder, split=split, donor="it")
    view = AugmentationConfig(preset="view", scale=(0.5, 1.0), colour=0.2, paste=1.0)
    (batch,) = islice(open_stream(data(root, source, augmentation=view), seed=0), 1)
    assert batch.images.shape == (2, 2, 3, 64, 64)
    assert {sample.dataset for sample in batch.samples} == {"it"}


def test_classes_of_plain_layouts_are_their_own(panoptic_folder: Path) -> None:
    source = SourceConfig(name="it", kind="coco_panoptic_stills", folder=".")
    (opened,) = open_sources(data(panoptic_folder, source))
    assert opened.reader.vocabulary == ("grass", "dog")


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    source = SourceConfig(name="stills", kind="lvis", folder="nowhere", split="train")
    with pytest.raises(DataError, match=r"There is no folder .*nowhere for the source stills"):
        open_sources(data(tmp_path, source))


def test_an_empty_mixture(tmp_path: Path) -> None:
    for sources in ((), (SourceConfig(name="x", kind="lvis", folder="x", weight=0.0),)):
        with pytest.raises(DataError, match="mixture of training data is empty"):
            open_sources(data(tmp_path, *sources))


def test_a_list_of_other_classes_is_an_error(tmp_path: Path) -> None:
    write_image_layout("lvis", tmp_path)
    source = SourceConfig(name="it", kind="lvis", folder=".", split="train", vocabulary="coco")
    with pytest.raises(
        VocabularyError,
        match=r"'coco' does not match the source it .*'air_conditioner', 'alligator'",
    ):
        open_sources(data(tmp_path, source))
    unknown = SourceConfig(name="it", kind="lvis", folder=".", split="train", vocabulary="cocoo")
    with pytest.raises(VocabularyError, match="Did you mean 'coco'"):
        open_sources(data(tmp_path, unknown))


def test_class_lists() -> None:
    mine = (Category(4, "Person"), Category(9, "traffic-light"))
    long = (Category(1, "road, route"), Category(2, "chest of drawers, box"))
    names, rows = class_list("ade20k", "x", None, long, "x")
    assert [names[rows[id]].split(",")[0] for id in (1, 2)] == ["road route", "chest of drawers"]
    names, rows = class_list("coco", "lvis", None, mine, "x")
    assert (len(names), [names[rows[id]] for id in (4, 9)]) == (80, ["person", "traffic light"])
    assert class_list("own", "lvis", None, mine, "x") == (("Person", "traffic-light"), {4: 0, 9: 1})
    assert class_list("none", "lvis", None, mine, "x") == ((), {})
    assert class_list("auto", "mose", None, mine, "x") == ((), {})
    assert class_list("auto", "lvis", None, (), "x") == ((), {})
    with pytest.raises(VocabularyError, match="one and the same"):
        class_list("coco", "lvis", None, (Category(1, "person"), Category(2, "Person")), "x")
    with pytest.raises(VocabularyError, match=r"'a', 'b', 'c' and 2 more"):
        class_list("coco", "lvis", None, tuple(Category(k, n) for k, n in enumerate("abcde")), "x")


def test_instances_of_entityseg_have_their_own_list() -> None:
    mine = (Category(1, "table"),)
    assert len(class_list("auto", "entityseg", "insseg_train", mine, "x")[0]) == 206
    assert class_list("auto", "entityseg", "panseg_train", mine, "x")[0] == ("table",)


def test_donors_must_be_sources_and_pictures_square(panoptic_folder: Path) -> None:
    source = SourceConfig(name="it", kind="coco_panoptic_stills", folder=".", donor="other")
    with pytest.raises(DataError, match="donor 'other' of it is no source; there are it"):
        open_sources(data(panoptic_folder, source))
    wide = AugmentationConfig(preset="short_side", paste=0.5)
    with pytest.raises(DataError, match="only be pasted into square pictures"):
        open_sources(data(panoptic_folder, source, augmentation=wide))


def test_small_stills_and_held_out_videos_are_left_out(tmp_path: Path) -> None:
    write_image_layout("coco_panoptic", tmp_path / "coco")
    write_layout("mose", tmp_path / "mose")

    def videos(**options: Any) -> int:
        kind = options.pop("kind")
        folder = kind.split("_")[0]
        source = SourceConfig(name="it", kind=kind, folder=folder, split="train", **options)
        return len(open_sources(data(tmp_path, source))[0].reader.lengths)

    assert videos(kind="coco_panoptic", least_side=56) == 2
    with pytest.raises(DataError, match="No video or still of the source it is left"):
        videos(kind="coco_panoptic", least_side=57)
    assert videos(kind="mose", least_side=999) == 2  # videos are not stills
    names = ("00a1", "00b2")
    left = [sum(not is_held_out(name, share) for name in names) for share in (0.3, 0.9)]
    assert videos(kind="mose", held_out=0.3) == left[0]


def test_held_out_videos_are_chosen_by_name() -> None:
    names = [f"video{k}" for k in range(4000)]
    few, more = ({n for n in names if is_held_out(n, share)} for share in (0.1, 0.2))
    assert few < more
    assert len(few) / 4000 == pytest.approx(0.1, abs=0.02)
    assert not any(is_held_out(name, 0.0) for name in names)
    assert all(is_held_out(name, 1.0) for name in names)


def test_plain_layouts_refuse_what_they_cannot_do(panoptic_folder: Path) -> None:
    for wrong in ({"held_out": 0.1}, {"repeat_threshold": 0.1}, {"vocabulary": "coco"}):
        source = SourceConfig(name="it", kind="coco_panoptic_stills", folder=".", **wrong)  # type: ignore[arg-type]
        with pytest.raises(DataError, match="the source it is of the plain kind"):
            open_sources(data(panoptic_folder, source))


def test_videos_are_drawn_alike_and_rare_classes_more_often(tmp_path: Path) -> None:
    write_image_layout("lvis", tmp_path)
    rare = SourceConfig(
        name="it", kind="lvis", folder=".", split="train", repeat_threshold=4.0
    )  # both classes are in all stills: factor 2 for each
    (opened,) = open_sources(data(tmp_path, rare))
    assert np.diff(opened.chances, prepend=0).tolist() == [2.0, 2.0]
    rng = np.random.default_rng(0)
    drawn = [opened.draw_video(rng) for _ in range(2000)]
    assert np.mean(drawn) == pytest.approx(0.5, abs=0.05)


def test_unknown_kinds_are_refused(tmp_path: Path) -> None:
    with pytest.raises(VidsegError, match=r"Unknown dataset 'lviss'. Did you mean 'lvis'"):
        open_sources(data(tmp_path, SourceConfig(name="it", kind="lviss", folder=".")))
