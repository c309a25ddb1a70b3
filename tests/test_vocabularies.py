"""Vocabularies: published lists, a caller's own names, errors."""

from __future__ import annotations

import subprocess
import sys
from hashlib import sha256

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


# SHA-256, its first 16 digits, of the lines of a list in the order of the published table. The
# rows of lvis carry definitions, which are left out; those of ade20k carry synonyms, as texts do.
PUBLISHED_ORDER = {
    "ade20k": "f545314dc11650af",
    "bdd_track": "ec520b0d1f840ccd",
    "coco": "d7654b2610157284",
    "coco_panoptic": "a670bc7c1167e453",
    "entityseg_instance": "d8ed1e85879c41db",
    "lvis": "b4c7fc4b2f7c530f",
    "objects365": "781cbe6a97f8ed64",
    "ovis": "8e7b5189501526bc",
    "vipseg": "d0043b0f717864c1",
    "ytvis2019": "862854aa92b0271b",
    "ytvis2021": "a9907dde77b39902",
}
# The same of a row of 1 for things and 0 for stuff.
PUBLISHED_THINGS = {"coco_panoptic": "bda7f68dc0b0e6ee", "vipseg": "218fb456730549a7"}


def digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:16]


def test_order_is_the_published_one() -> None:
    assert set(PUBLISHED_ORDER) == set(CONCEPT_ROWS) & set(vocabulary_names())
    for name, want in PUBLISHED_ORDER.items():
        vocabulary = get_vocabulary(name)
        rows = vocabulary.texts if name == "ade20k" else vocabulary.names
        assert digest("\n".join(rows)) == want, name
    ade = get_vocabulary("ade20k")
    assert list(ade.names) == [row.split(",")[0] for row in ade.texts]
    for name, want in PUBLISHED_THINGS.items():
        assert digest("".join(str(int(thing)) for thing in get_vocabulary(name).is_thing)) == want


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
