"""Running means of the queries of each class."""

from __future__ import annotations

import torch

from vidseg.models.gvseg.class_prototypes import ClassPrototypes


def test_the_first_value_is_taken_and_later_ones_move_it() -> None:
    own = ClassPrototypes(("cat", "sky"), width=2)
    own.update(torch.tensor([1]), torch.tensor([[4.0, 8.0]]), momentum=0.75)
    assert own.values.tolist() == [[0, 0], [4, 8]] and own.seen.tolist() == [False, True]
    own.update(torch.tensor([1]), torch.tensor([[8.0, 0.0]]), momentum=0.75)
    assert own.values[1].tolist() == [5, 6]  # 0.75 * (4, 8) + 0.25 * (8, 0)


def test_queries_of_one_class_count_once_in_a_step() -> None:
    own = ClassPrototypes(("cat", "dog", "sky"), width=1)
    own.update(torch.tensor([2, 0, 2]), torch.tensor([[1.0], [7.0], [3.0]]))
    assert own.values[:, 0].tolist() == [7, 0, 2]  # sky: the mean of 1 and 3
    own.update(torch.tensor([2, 2]), torch.tensor([[2.0], [6.0]]), momentum=0.5)
    assert own.values[:, 0].tolist() == [7, 0, 3]  # 0.5 * 2 + 0.5 * (2 + 6) / 2


def test_the_default_momentum_is_that_of_the_readings() -> None:
    own = ClassPrototypes(("cat",), width=1)
    for value in (0.0, 1.0):
        own.update(torch.tensor([0]), torch.tensor([[value]]))
    torch.testing.assert_close(own.values, torch.tensor([[0.001]]))


def test_no_query_changes_nothing_and_no_gradient_is_kept() -> None:
    own = ClassPrototypes(("cat",), width=2)
    own.update(torch.zeros(0, dtype=torch.long), torch.zeros(0, 2))
    assert not own.seen.any()
    own.update(torch.tensor([0]), torch.ones(1, 2, requires_grad=True) * 2)
    assert own.values.tolist() == [[2, 2]] and not own.values.requires_grad
    assert not list(own.parameters())


def test_lookup_by_name_in_any_order() -> None:
    own = ClassPrototypes(("cat", "dog", "sky"), width=1)
    own.update(torch.tensor([0, 2]), torch.tensor([[1.0], [3.0]]))
    values, seen = own.lookup(("sky", "boat", "dog", "cat"))
    assert values[:, 0].tolist() == [3, 0, 0, 1]
    assert seen.tolist() == [True, False, False, True]
    values, seen = ClassPrototypes((), width=4).lookup(("cat",))
    assert values.tolist() == [[0, 0, 0, 0]] and not seen.any()
