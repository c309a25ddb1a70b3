"""Initial queries from places: which points and cells are read, and what of them."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from vidseg.models.gvseg.query_init import InitialQueries, QueryInit, region_points
from vidseg.models.prompts.regions import VisualRegions
from vidseg.nn.position import point_position

C = 8


def identity() -> QueryInit:
    """relu(x) - relu(-x) is x, which two linear maps of C = 8 can say for 4 channels."""
    module = QueryInit(C)
    eye = torch.eye(C // 2)
    with torch.no_grad():
        first, second = (layer for layer in module.ffn.layers if isinstance(layer, nn.Linear))
        for layer in (first, second):
            layer.weight.zero_()
            layer.bias.zero_()
        first.weight[: C // 2, : C // 2] = eye
        first.weight[C // 2 :, : C // 2] = -eye
        second.weight[: C // 2, : C // 2] = eye
        second.weight[: C // 2, C // 2 :] = -eye
    return module


def ramp(h: int, w: int, stride: int = 8) -> Tensor:
    """[1, C, h, w] whose channels 0 and 1 are x and y of the cell centres in pixels."""
    y, x = torch.meshgrid(torch.arange(h), torch.arange(w), indexing="ij")
    level = torch.zeros(1, C, h, w)
    level[0, 0], level[0, 1] = (x + 0.5) * stride, (y + 0.5) * stride
    return level


def test_a_point_reads_bilinearly_and_does_not_fade_at_the_edge() -> None:
    points = torch.tensor([[12.0, 20.0], [14.5, 9.25], [1.0, 31.0]])
    regions = VisualRegions.from_points(points, (32, 48))
    queries = identity().exemplars(ramp(4, 6), regions, samples=5)
    # The ramp is linear between the outermost centres (4, 4) and (44, 28), and level outside.
    want = torch.tensor([[12.0, 20.0], [14.5, 9.25], [4.0, 28.0]])
    torch.testing.assert_close(queries.content[0, :, :2], want)
    place = point_position(points / torch.tensor([48.0, 32.0]), C)
    torch.testing.assert_close(queries.position[0], place)
    assert queries.described.tolist() == [True] * 3 and queries.content.shape == (1, 3, C)


def test_a_mask_is_the_mean_of_evenly_chosen_pixels() -> None:
    mask = torch.zeros(2, 32, 48, dtype=torch.bool)
    mask[0, 10, 10:18] = True  # centres (10.5 .. 17.5, 10.5)
    regions = VisualRegions.from_masks(mask)
    points, rows = region_points(regions, samples=4)
    # Of 8 pixels the floors of 1, 3, 5, 7.
    assert points.tolist() == [[11.5, 10.5], [13.5, 10.5], [15.5, 10.5], [17.5, 10.5]]
    assert rows.tolist() == [0, 0, 0, 0]
    queries = identity().exemplars(ramp(4, 6), regions, samples=4)
    torch.testing.assert_close(queries.content[0, 0, :2], torch.tensor([14.5, 10.5]))
    want = point_position(points / torch.tensor([48.0, 32.0]), C).mean(0)
    torch.testing.assert_close(queries.position[0, 0], want)
    assert not queries.content[0, 1].any() and not queries.position[0, 1].any()  # an empty row


def test_boxes_and_small_regions() -> None:
    boxes = torch.tensor([[4.0, 8.0, 6.0, 10.0], [20.6, 20.6, 21.4, 20.9], [0.0, 0.0, 0.0, 0.0]])
    points, rows = region_points(VisualRegions.from_boxes(boxes, (32, 48)), samples=4)
    assert points[:4].tolist() == [[4.5, 8.5], [5.5, 8.5], [4.5, 9.5], [5.5, 9.5]]
    # The second box has no pixel centre: its own centre, as often as there are samples.
    torch.testing.assert_close(points[4:], torch.tensor([[21.0, 20.75]]).expand(4, 2))
    assert rows.tolist() == [0] * 4 + [1] * 4


def test_regions_of_one_row_are_united() -> None:
    mask = torch.zeros(1, 16, 16, dtype=torch.bool)
    mask[0, 3, 3] = True
    regions = VisualRegions(
        1, (16, 16), mask,
        torch.tensor([[8.0, 8.0, 9.0, 9.0]]), torch.tensor([0]),
        torch.tensor([[1.0, 2.0]]), torch.tensor([0]),
    )  # fmt: skip
    points, rows = region_points(regions, samples=2)
    assert points.tolist() == [[1.0, 2.0], [3.5, 3.5], [8.5, 8.5]] and rows.tolist() == [0] * 3


def test_a_generator_chooses_pixels_inside() -> None:
    mask = torch.rand(3, 32, 48, generator=torch.Generator().manual_seed(0)) > 0.7
    regions = VisualRegions.from_masks(mask)
    drawn = [region_points(regions, 32, torch.Generator().manual_seed(s))[0] for s in (1, 1, 2)]
    assert torch.equal(drawn[0], drawn[1]) and not torch.equal(drawn[0], drawn[2])
    x, y = drawn[0].long().unbind(-1)
    assert mask[torch.arange(3).repeat_interleave(32), y, x].all()


def test_grid_cells_are_means_and_lie_evenly() -> None:
    level = ramp(8, 8).repeat(2, 1, 1, 1)
    level[1] *= 2
    queries = identity().grid(level, side=4, count=8)
    # A cell of 2 x 2 has the mean place of its four; cells 1, 3, 5, ... of 16 in scan order.
    x, y = torch.tensor([1, 3] * 4), torch.tensor([0, 0, 1, 1, 2, 2, 3, 3])
    want = torch.stack((x * 16 + 8.0, y * 16 + 8.0), dim=-1)
    torch.testing.assert_close(queries.content[0, :, :2], want)
    torch.testing.assert_close(queries.content[1, :, :2], 2 * want)
    torch.testing.assert_close(queries.position[1], point_position(want / 64, C))
    assert queries.described.all() and len(queries) == 8


def test_random_cells_differ_between_pictures_and_never_repeat() -> None:
    level = ramp(8, 8).expand(3, -1, -1, -1)
    queries = identity().grid(level, 4, 10, torch.Generator().manual_seed(0))
    places = [{tuple(p) for p in one[:, :2].tolist()} for one in queries.content]
    assert all(len(p) == 10 for p in places) and places[0] != places[1]
    again = identity().grid(level, 4, 10, torch.Generator().manual_seed(0))
    assert torch.equal(queries.content, again.content)


def test_all_cells_where_as_many_are_wanted() -> None:
    queries = identity().grid(ramp(6, 6), side=2, count=4)
    assert queries.content[0, :, 0].tolist() == [12, 36, 12, 36]


@pytest.mark.parametrize("side", [3, 5])
def test_the_network_and_the_features_learn(side: int) -> None:
    level = torch.randn(1, C, 7, 9, requires_grad=True)
    module = QueryInit(C)
    module.grid(level, side, side * side).content.sum().backward()
    assert level.grad is not None and bool((level.grad != 0).any())
    assert all(p.grad is not None and bool((p.grad != 0).any()) for p in module.parameters())


def test_joining_spreads_what_is_the_same_for_all_clips() -> None:
    def part(B: int, Q: int, value: float, described: bool) -> InitialQueries:
        return InitialQueries(
            torch.full((B, Q, C), value),
            torch.full((B, Q, C), -value),
            torch.full((Q,), described),
        )

    both = InitialQueries.cat((part(2, 3, 1.0, True), part(1, 2, 5.0, False)))
    assert both.content[..., 0].tolist() == [[1, 1, 1, 5, 5]] * 2
    assert both.position[..., 0].tolist() == [[-1, -1, -1, -5, -5]] * 2
    assert both.described.tolist() == [True] * 3 + [False] * 2
