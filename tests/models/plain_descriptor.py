"""The descriptor of GvSeg written plainly: one object, one side of a pixel, one bin at a time."""

from __future__ import annotations

import math
from collections import defaultdict

import numpy as np
import numpy.typing as npt

from vidseg.models.gvseg.shape_position import DescriptorConfig

Mask = npt.NDArray[np.bool_]
Corner = tuple[int, int]
Side = tuple[Corner, Corner, Corner]  # from corner, to corner, pixel that it belongs to; all (x, y)

EDGE = 1e-9  # what lies this close before an edge lies on it


def is_inside(mask: Mask, x: int, y: int) -> bool:
    return 0 <= y < mask.shape[0] and 0 <= x < mask.shape[1] and bool(mask[y, x])


def sides(mask: Mask) -> list[Side]:
    """Sides of pixels of the mask that face outside, walked with the pixel on the right hand."""
    found: list[Side] = []
    for y, x in np.argwhere(mask).tolist():
        pixel = (x, y)
        if not is_inside(mask, x, y - 1):
            found.append(((x, y), (x + 1, y), pixel))
        if not is_inside(mask, x + 1, y):
            found.append(((x + 1, y), (x + 1, y + 1), pixel))
        if not is_inside(mask, x, y + 1):
            found.append(((x + 1, y + 1), (x, y + 1), pixel))
        if not is_inside(mask, x - 1, y):
            found.append(((x, y + 1), (x, y), pixel))
    return found


def loops(mask: Mask) -> list[list[Side]]:
    """Closed walks along the boundary, each from its first vertical side in raster order on."""
    everything = sides(mask)
    leaving: dict[Corner, list[Side]] = defaultdict(list)
    for side in everything:
        leaving[side[0]].append(side)

    def following(side: Side) -> Side:
        (x0, y0), (x1, y1), _ = side
        left = (x1 + (y1 - y0), y1 - (x1 - x0))  # a quarter turn to the left, where two ways lead
        ways = leaving[side[1]]
        return next((way for way in ways if way[1] == left), ways[0])

    vertical = [side for side in everything if side[0][0] == side[1][0]]
    walked: set[Side] = set()
    found = []
    for start in sorted(vertical, key=lambda side: (side[2][1], side[0][0])):
        if start in walked:
            continue
        loop = [start]
        while (side := following(loop[-1])) != start:
            loop.append(side)
        walked.update(loop)
        found.append(loop)
    return found


def boundary_points(mask: Mask, points: int) -> list[Corner]:
    walk = [side for loop in loops(mask) for side in loop]
    return [walk[k * len(walk) // points][2] for k in range(points)] if walk else []


def histogram(mask: Mask, config: DescriptorConfig, width: int) -> npt.NDArray[np.float64]:
    """[radii, angles] of one mask [H, W]."""
    height, frame_width = mask.shape
    result = np.zeros((config.radii, config.angles))
    pixels = np.argwhere(mask)[:, ::-1]
    if not len(pixels):
        return result
    cx, cy = (pixels.sum(0) / len(pixels)).tolist()
    reach = math.hypot(height, frame_width)
    if config.radius_range == "object":
        reach = max(math.hypot(x - cx, y - cy) for x, y in pixels.tolist())
    for x, y in boundary_points(mask, config.points):
        turn = math.atan2(y - cy, x - cx) / (2 * math.pi) % 1.0
        share = math.hypot(x - cx, y - cy) / reach if reach else 0.0
        j = min(int(share * config.radii + EDGE), config.radii - 1)
        result[j, min(int(turn * config.angles + EDGE), config.angles - 1)] += 1
    for j in range(config.radii):
        for i in range(config.angles):
            radius = reach * (j + 0.5) / config.radii
            angle = 2 * math.pi * (i + 0.5) / config.angles
            x = math.floor(cx + radius * math.cos(angle) + 0.5 + EDGE)
            y = math.floor(cy + radius * math.sin(angle) + 0.5 + EDGE)
            seen = 0 <= x < frame_width and 0 <= y < height
            if config.negative == "object":
                seen = is_inside(mask, x, y)
            if result[j, i] == 0 and not seen:
                result[j, i] = -1
    return result / math.sqrt(width)


def descriptor(mask: Mask, config: DescriptorConfig, width: int) -> npt.NDArray[np.float64]:
    """[width] of one mask [H, W]."""
    rings = histogram(mask, config, width)
    result = np.zeros(width)
    for k in range(width):
        place = (k + 0.5) * rings.size / width
        ring = int(place // config.angles)
        angle = place - ring * config.angles - 0.5
        low = math.floor(angle)
        share = angle - low
        before, after = rings[ring, low % config.angles], rings[ring, (low + 1) % config.angles]
        result[k] = (1 - share) * before + share * after
    return result
