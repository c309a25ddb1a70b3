"""Boundaries of many masks at once, as loops, and points spaced evenly along them (GvSeg Eq. 3).

The boundary of a mask is made of cracks: unit sides that a pixel of the mask shares with a pixel
outside it; what lies beyond the frame is outside. Walking with the mask on the right hand, each
crack has one successor, so cracks form closed loops, one around each component (pixels that touch
by a corner belong together) and one around each hole. Every loop holds vertical cracks, and these
are the ends of the runs of a row: so runs are all that is read from the masks, horizontal cracks
are stretches between two vertical ones, and loops are ordered by pointer doubling.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

_ONES = 0x0101010101010101  # eight pixels of a mask, read as one integer


@dataclass(frozen=True, eq=False)
class Runs:
    """Runs of pixels in the rows of N masks of H x W pixels, in raster order.

    Attributes:
        mask, row: [R] where the run lies.
        begin, end: [R] its columns ``begin .. end - 1``.
        size: (N, H, W).
    """

    mask: Tensor
    row: Tensor
    begin: Tensor
    end: Tensor
    size: tuple[int, int, int]


@dataclass(frozen=True, eq=False)
class _Cracks:
    """Vertical cracks, 2 r on the left and 2 r + 1 on the right of run r, and what follows them.

    Attributes:
        successor: [2R] the next vertical crack of the loop.
        stretch: [2R] horizontal cracks on the way to it.
        rightward: [2R] whether that way leads to the right, with the mask below it.
    """

    successor: Tensor
    stretch: Tensor
    rightward: Tensor


def find_runs(masks: Tensor) -> Runs:
    """Runs of masks [N, H, W] bool, all on their device."""
    count, height, width = masks.shape
    changes = _changes(masks.reshape(-1))
    begin, end = changes[0::2], changes[1::2]  # of all rows read as one line
    first_row = begin // width
    owner, step = _ramp((end - 1) // width - first_row + 1)
    row = first_row[owner] + step
    return Runs(
        mask=row // height,
        row=row % height,
        begin=(begin[owner] - row * width).clamp(min=0),
        end=(end[owner] - row * width).clamp(max=width),
        size=(count, height, width),
    )


def boundary_points(runs: Runs, points: int) -> Tensor:
    """Points at equal steps of arc length along all loops of each mask.

    The loops of a mask, each from its first vertical crack in raster order on, follow each other
    in the order of these. Of the L cracks of a mask, point k is crack floor(k L / points), so that
    boundaries shorter than ``points`` repeat evenly.

    Returns:
        [N, points, 2] int64 (x, y) of the pixel inside the mask at each crack: one of those that
        the mask loses by a 3 x 3 erosion. Zeros for empty masks.
    """
    anchors = runs.row.new_zeros(runs.size[0], points, 2)
    if not runs.row.numel():
        return anchors
    cracks = _link(runs)
    mask = runs.mask.repeat_interleave(2)
    weight = cracks.stretch + 1
    total = torch.zeros_like(anchors[:, 0, 0]).index_add_(0, mask, weight)
    before = total.cumsum(0) - total
    longest = int(torch.bincount(mask).max())
    place = _arc_positions(cracks.successor, weight, longest) - before[mask]
    length = total[mask]
    # Point k lies on cracks place .. place + weight - 1 if place <= k L / points < place + weight.
    first = _divided_up(place * points, length)
    stop = _divided_up((place + weight) * points, length)
    owner, step = _ramp(stop - first)
    k = first[owner] + step
    offset = k * length[owner] // points - place[owner]
    anchors[mask[owner], k] = _inside_pixels(runs, cracks, owner, offset)
    return anchors


def _changes(flat: Tensor) -> Tensor:
    """Places [C] where pixel p differs from pixel p - 1, with zeros before and after all of them.

    Words of eight pixels are compared first; a word like the one before it can hold changes only
    if it is mixed, and is then looked at once for each repetition.
    """
    if flat.numel() % 8 or flat.storage_offset() % 8:
        flat = F.pad(flat, (0, -flat.numel() % 8)).clone()
    if not flat.numel():
        return torch.zeros(0, dtype=torch.int64, device=flat.device)
    words = flat.view(torch.int64)
    differs = torch.zeros(-(-len(words) // 8) * 8, dtype=torch.bool, device=flat.device)
    differs[0] = True
    torch.ne(words[1:], words[:-1], out=differs[1 : len(words)])
    begin = _nonzero_bytes(differs.view(torch.int64))
    word = words.index_select(0, begin)
    repeats = begin.diff(append=begin.new_tensor([len(words)]))
    owner, step = _ramp(torch.where((word != 0) & (word != _ONES), repeats, 1))
    index = begin.index_select(0, owner) + step
    word = word.index_select(0, owner)
    last = words.index_select(0, (index - 1).clamp_(min=0)) >> 56
    last[0] = 0  # word 0 is the first of them
    change = _nonzero_bytes(word ^ (word << 8 | last))
    places = index.index_select(0, change >> 3) * 8 + (change & 7)
    if len(places) % 2:
        places = torch.cat([places, places.new_tensor([flat.numel()])])
    return places


def _nonzero_bytes(words: Tensor) -> Tensor:
    """Places of bytes that are not zero in int64 words, few of which hold any."""
    some = words.nonzero()[:, 0]
    which, byte = words[some].view(torch.uint8).view(-1, 8).nonzero().unbind(1)
    return some[which] * 8 + byte


def _ramp(counts: Tensor) -> tuple[Tensor, Tensor]:
    """For each i, ``counts[i]`` entries: (i, 0), (i, 1), ... as two tensors."""
    owner = torch.arange(len(counts), device=counts.device).repeat_interleave(counts)
    before = counts.cumsum(0) - counts
    return owner, torch.arange(len(owner), device=counts.device) - before.index_select(0, owner)


def _divided_up(value: Tensor, divisor: Tensor) -> Tensor:
    """Ceiling of a quotient of integers that are not negative."""
    return torch.div(value + divisor - 1, divisor, rounding_mode="trunc")


def _link(runs: Runs) -> _Cracks:
    """Finds the successor of each vertical crack.

    On the grid line between two rows, sorted ends of the runs of both rows alternately open and
    close stretches where just one of the rows is inside: horizontal cracks. Where runs touch by
    a corner, the left side of one run goes before the right side of the other, which joins them.
    """
    _, height, width = runs.size
    x = torch.stack([runs.begin, runs.end], dim=1).view(-1)
    line = (runs.mask * (height + 1) + runs.row) * (width + 1)
    key = torch.stack([2 * (line + runs.begin), 2 * (line + runs.end) + 1], dim=1).view(-1)
    ends = torch.cat([key, key + 2 * (width + 1)]).sort().indices.view(-1, 2)
    left, right = ends.unbind(1)
    # A left side is walked upwards and a right side downwards: they arrive at a line of the grid
    # with their upper and lower end.
    rightward = (left < len(x)) == (left % 2 == 0)
    source = torch.where(rightward, left, right) % len(x)
    cracks = _Cracks(torch.empty_like(x), torch.empty_like(x), torch.empty_like(x).bool())
    cracks.successor[source] = torch.where(rightward, right, left) % len(x)
    cracks.stretch[source] = x[right % len(x)] - x[left % len(x)]
    cracks.rightward[source] = rightward
    return cracks


def _arc_positions(successor: Tensor, weight: Tensor, longest: int) -> Tensor:
    """Cracks before each vertical one when loops follow each other by their first cracks.

    Args:
        weight: cracks that each stands for.
        longest: at least the number of vertical cracks in any loop.
    """
    own = torch.arange(len(successor), device=successor.device)
    first, jump = own, successor
    rounds = (longest - 1).bit_length()
    for _ in range(rounds):
        first = torch.minimum(first, first.index_select(0, jump))
        jump = jump.index_select(0, jump)
    ends = successor == first
    jump = torch.where(ends, own, successor)
    rest = torch.where(ends, 0, weight)
    for _ in range(rounds):
        rest = rest + rest.index_select(0, jump)
        jump = jump.index_select(0, jump)
    rest = rest + weight[jump]  # from here to the end of the loop
    lengths = torch.where(first == own, rest, 0)
    return (lengths.cumsum(0) - rest)[first] + rest[first] - rest


def _inside_pixels(runs: Runs, cracks: _Cracks, owner: Tensor, offset: Tensor) -> Tensor:
    """Pixel (x, y) [S, 2] inside the mask at the ``offset``-th crack from vertical crack ``owner``.

    Offset 0 is the vertical crack itself, further ones are of the stretch behind it.
    """
    run, right_side = owner // 2, owner % 2
    column = torch.where(right_side == 1, runs.end[run], runs.begin[run])
    row = runs.row[run]
    rightward = cracks.rightward[owner]
    x = torch.where(rightward, column + offset - 1, column - offset)
    y = row + right_side - (~rightward).long()
    vertical = offset == 0
    return torch.stack(
        [torch.where(vertical, column - right_side, x), torch.where(vertical, row, y)], dim=1
    )
