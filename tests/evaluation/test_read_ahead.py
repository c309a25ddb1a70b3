"""Values in the order of the items, few at a time, errors in their turn."""

from __future__ import annotations

import threading
import time

import pytest

from vidseg.evaluation.read_ahead import read_ahead


def test_order_does_not_depend_on_who_is_first() -> None:
    def read(item: int) -> int:
        time.sleep(0.002 * (item % 3 == 0))
        return item * item

    assert list(read_ahead(read, range(20))) == [(item, item * item) for item in range(20)]
    assert list(read_ahead(read, [])) == []


def test_items_are_read_meanwhile_and_few_at_a_time() -> None:
    begun: list[int] = []
    two_ahead = threading.Event()

    def read(item: int) -> int:
        begun.append(item)
        if item == 2:
            two_ahead.set()
        return item

    for item, _ in read_ahead(read, range(30)):
        if item == 0:
            assert two_ahead.wait(10)  # though nobody asked for the item 2
        time.sleep(0.001)
        assert max(begun) <= item + 4
    assert sorted(begun) == list(range(30))


def test_the_first_error_in_order_is_raised_in_its_turn() -> None:
    late = threading.Event()

    def read(item: int) -> int:
        if item == 2:
            late.wait(10)
            raise ValueError("the second")
        if item == 3:
            late.set()
            raise ValueError("the third")
        return item

    seen = []
    with pytest.raises(ValueError, match="the second"):
        for item, _ in read_ahead(read, range(9)):
            seen.append(item)
    assert seen == [0, 1]


def test_no_thread_is_left_when_nobody_listens() -> None:
    before = threading.active_count()
    for item, _ in read_ahead(str, range(100)):
        if item == 1:
            break
    assert threading.active_count() == before
