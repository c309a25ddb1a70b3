"""Vocabularies: published lists, a caller's own names, errors."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from vidseg.errors import VocabularyError
from vidseg.vocabularies import (
    CONCEPT_ROWS,
    Vocabulary,
    from_names,
    get_vocabulary,
    is_thing_name,
    vocabulary_names,
)


@pytest.mark.parametrize(
    ("name", "count", "things"),
    [
        ("coco", 80, 80),
        ("coco_panoptic", 133, 80),
        ("vipseg", 124, 58),
        ("ytvis2019", 40, 40),
        ("ytvis2021", 40, 40),
        ("ovis", 25, 25),
        ("bdd_track", 8, 8),
        ("ade20k", 150, 100),
        ("lvis", 1203, 1203),
        ("objects365", 365, 365),
        ("entityseg_instance", 206, 206),
        ("cityscapes", 19, 8),
        ("kitti_step", 19, 2),
        ("camvid", 11, 3),
        ("voc", 20, 20),
    ],
)
def test_published_lists_have_their_published_sizes(name: str, count: int, things: int) -> None:
    vocabulary = get_vocabulary(name)
    assert (len(vocabulary), len(vocabulary.things)) == (count, things)
    assert len(vocabulary.stuff) == count - things
    if name in CONCEPT_ROWS:
        assert len(CONCEPT_ROWS[name]) == count


def test_every_listed_name_can_be_read_and_aliases_share_a_list() -> None:
    for name in vocabulary_names():
        assert len(get_vocabulary(name)) > 0
    assert get_vocabulary("VSPW") is get_vocabulary("viposeg") is get_vocabulary("vipseg")


def test_order_is_the_published_one(shared: Path) -> None:
    folder = shared / "data" / "categories"
    rows = [r.strip() for r in (folder / "univs_vocabulary_3938.txt").read_text().splitlines()]
    assert len(rows) == 3938
    for name in set(CONCEPT_ROWS) & set(vocabulary_names()):
        want = [rows[k] for k in CONCEPT_ROWS[name]]
        if name == "lvis":  # rows carry definitions, the list does not
            want = [row.split(" : ")[0].strip() for row in want]
        if name == "ade20k":  # rows carry synonyms, which the list keeps as texts
            assert list(get_vocabulary(name).texts) == want
            want = [row.split(",")[0] for row in want]
        assert list(get_vocabulary(name).names) == want
    for name in ("coco_panoptic", "vipseg"):
        entries = json.loads((folder / f"{name}.json").read_text())
        assert get_vocabulary(name).is_thing == tuple(bool(e["isthing"]) for e in entries)


def test_unknown_vocabulary_names_the_nearest_and_lists_all() -> None:
    with pytest.raises(VocabularyError, match=r"'vipsegg'.*Did you mean 'vipseg'\?") as error:
        get_vocabulary("vipsegg")
    assert all(name in str(error.value) for name in vocabulary_names())
    with pytest.raises(VocabularyError, match="All vocabularies") as error:
        get_vocabulary("zzzz")
    assert "Did you mean" not in str(error.value)


def test_own_names_know_things_from_stuff() -> None:
    vocabulary = from_names("dog, Sky,grass , zorgon,traffic_light, fence")
    assert vocabulary.names == ("dog", "Sky", "grass", "zorgon", "traffic_light", "fence")
    assert vocabulary.is_thing == (True, False, False, True, True, False)
    assert vocabulary.texts == vocabulary.names
    assert from_names(["hot dog, cold"]).names == ("hot dog, cold",)
    assert not is_thing_name("pavement")
    assert is_thing_name("person")


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ("", "No category names"),
        (" , ", "No category names"),
        ([], "No category names"),
        ("dog,,cat", "blank"),
        ("dog,cat,Dog", "'Dog' was given more than once"),
        ("traffic light,traffic_light", "more than once"),
    ],
)
def test_unusable_names_are_refused(names: str | list[str], message: str) -> None:
    with pytest.raises(VocabularyError, match=message):
        from_names(names)


def test_vocabulary_checks_itself() -> None:
    with pytest.raises(VocabularyError, match="more than once: a"):
        Vocabulary(("a", "b", "a"), (True,) * 3)
    with pytest.raises(VocabularyError, match="2 category names, 1 thing flags"):
        Vocabulary(("a", "b"), (True,))
    vocabulary = Vocabulary(("dog", "sky"), (True, False))
    assert vocabulary.index("sky") == 1
    assert list(vocabulary) == ["dog", "sky"]
    with pytest.raises(VocabularyError, match="Did you mean 'dog'"):
        vocabulary.index("dgo")


def test_import_needs_no_torch() -> None:
    code = "import sys, vidseg.vocabularies as v; v.from_names('a'); print('torch' in sys.modules)"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "False"
