"""The hint at what a misspelt name may have meant."""

from __future__ import annotations

import pytest

from vidseg.errors import DataError, clause, nearest_hint


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("cocoa", "; the nearest is 'coco'"),
        ("COCO-panoptik", "; the nearest is 'coco_panoptic'"),
        ("zebra {0}", ""),
        ("", ""),
    ],
)
def test_the_nearest_name_is_hinted_at_where_one_is_alike(name: str, hint: str) -> None:
    assert nearest_hint(name, ("coco", "coco_panoptic", "vipseg")) == hint


def test_a_hint_is_put_in_the_given_form() -> None:
    assert nearest_hint("cocoa", ["coco"], " Did you mean {!r}?") == " Did you mean 'coco'?"
    assert nearest_hint("cocoa", [], " Did you mean {!r}?") == ""


def test_a_foreign_message_cannot_steer_the_terminal() -> None:
    assert clause("unknown type l\x00ittle\x1b[2J.\nmore") == r"unknown type l\x00ittle\x1b[2J"


def test_an_endless_word_of_a_file_is_cut_and_paths_are_not() -> None:
    path = "/".join(["d" * 255] * 4)
    told = str(DataError(f"{path} has the sequence {'x' * 70_000} twice."))
    assert told == f"{path} has the sequence {'x' * 100}... twice."


def test_what_another_library_says_is_cut() -> None:
    assert clause("ab " * 1000) == "ab " * 100 + "..."
