"""Line charts, drawn with Pillow alone: a title, a legend, axes with round ticks, lines."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from ...types import ImageArray
from ...video.colors import Color, id_color
from ..benchmark import Curve

_WIDTH, _HEIGHT = 1280, 800  # pixels of the finished picture
_FINER = 2  # drawn so many times larger, then reduced, for smooth lines
_LEFT, _RIGHT, _BOTTOM = 120, 48, 96  # margins; the one above depends on the legend
INK: Color = (32, 33, 36)
SOFT: Color = (105, 108, 115)
_GRID: Color = (228, 230, 234)
PAPER: Color = (255, 255, 255)
_MARKED = 24  # lines of so many points or fewer get a dot on each
_MOST_LINES = 12  # more cannot be told apart by colour

Points = npt.NDArray[np.float64]


@dataclass(frozen=True)
class _Scale:
    """One axis: values from ``low`` to ``high`` over pixels from ``start`` to ``stop``."""

    low: float
    high: float
    start: float
    stop: float
    ticks: tuple[float, ...]

    def place(self, value: float) -> float:
        """Pixel of a value."""
        share = (value - self.low) / (self.high - self.low)
        return self.start + share * (self.stop - self.start)


def draw_chart(title: str, curves: Sequence[Curve]) -> ImageArray:
    """[800, 1280, 3] a chart of curves that share their axes.

    Args:
        title: above it.
        curves: at least one, of shares or percent; of more than twelve the first twelve are drawn,
            and the chart says so.
    """
    image = Image.new("RGB", (_WIDTH * _FINER, _HEIGHT * _FINER), PAPER)
    pen = _Pen(ImageDraw.Draw(image))
    shown = list(curves[:_MOST_LINES])
    pen.text((_LEFT, 32), title, 34, INK, "lt")
    if len(curves) > len(shown):
        note = f"{len(shown)} of {len(curves)} lines"
        pen.text((_WIDTH - _RIGHT, 40), note, 22, SOFT, "rt")
    top = _legend(pen, [curve.label for curve in shown], 88)
    across = _x_scale(np.concatenate([curve.x for curve in shown]))
    upward = _y_scale(np.concatenate([curve.y for curve in shown]), top)
    _axes(pen, across, upward, shown[0].axes)
    for number, curve in enumerate(shown):
        _line(pen, across, upward, curve, line_color(number))
    return np.array(image.resize((_WIDTH, _HEIGHT), Image.Resampling.LANCZOS))


def line_color(number: int) -> Color:
    """The colour of an id, darker, so that it stands out on white."""
    red, green, blue = id_color(number + 1)
    return round(0.82 * red), round(0.82 * green), round(0.82 * blue)


class _Pen:
    """Draws in pixels of the finished picture."""

    def __init__(self, draw: ImageDraw.ImageDraw) -> None:
        self._draw = draw

    def text(
        self, at: tuple[float, float], text: str, size: int, color: Color, anchor: str
    ) -> None:
        font = ImageFont.load_default(size * _FINER)
        self._draw.text(_finer(at), printable(text), font=font, fill=color, anchor=anchor)

    def width(self, text: str, size: int) -> float:
        return ImageFont.load_default(size * _FINER).getbbox(printable(text))[2] / _FINER

    def line(self, points: Sequence[tuple[float, float]], color: Color, width: float) -> None:
        finer = [_finer(point) for point in points]
        self._draw.line(finer, fill=color, width=round(width * _FINER), joint="curve")

    def dot(self, at: tuple[float, float], color: Color, radius: float) -> None:
        self._draw.circle(_finer(at), radius * _FINER, fill=color)


def printable(text: str) -> str:
    """The text in letters that Pillow's own font has; others become a question mark."""
    return text.encode("ascii", errors="replace").decode()


def _finer(point: tuple[float, float]) -> tuple[float, float]:
    return point[0] * _FINER, point[1] * _FINER


def _legend(pen: _Pen, labels: Sequence[str], top: float) -> float:
    """Draws the names of the lines, and returns where the chart under them begins."""
    if len(labels) == 1:
        labels = [label for label in labels if label]
    x, y = float(_LEFT), top
    for number, label in enumerate(labels):
        wide = 44 + pen.width(label, 22)
        if x > _LEFT and x + wide > _WIDTH - _RIGHT:
            x, y = float(_LEFT), y + 34
        pen.line([(x, y + 10), (x + 30, y + 10)], line_color(number), 4)
        pen.text((x + 40, y), label, 22, INK, "lt")
        x += wide + 32
    return y + (84 if labels else 44)


def _x_scale(values: Points) -> _Scale:
    low, high = float(values.min()), float(values.max())
    if low == high:
        low, high = low - 0.5, high + 0.5
    whole = bool(np.all(values == np.round(values)))
    slack = 1e-9 * (high - low)  # so that 19 x 0.05 still counts as 0.95
    ticks = [
        tick
        for tick in _round_ticks(low, high, 10, whole=whole)
        if low - slack <= tick <= high + slack
    ]
    return _Scale(low, high, _LEFT + 16, _WIDTH - _RIGHT - 16, tuple(ticks))


def _y_scale(values: Points, top: float) -> _Scale:
    """From 0, or the lowest value below it, to 1 or 100 unless all values lie far under that."""
    known = values[np.isfinite(values)]
    highest = float(known.max()) if len(known) else 1.0
    full = 1.0 if highest <= 1.0 else 100.0
    high = full if 0.4 * full <= highest <= full else max(highest, 0.01 * full)
    low = min(0.0, float(known.min()) if len(known) else 0.0)
    ticks = _round_ticks(low, high, 6, whole=False)
    return _Scale(ticks[0], ticks[-1], _HEIGHT - _BOTTOM, top, tuple(ticks))


def _round_ticks(low: float, high: float, most: int, *, whole: bool) -> list[float]:
    """Multiples of 1, 2 or 5 times a power of ten around ``low .. high``, about ``most``."""
    rough = (high - low) / most
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough * 0.999)
    if whole:
        step = max(1.0, round(step))
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [position * step for position in range(first, last + 1)]


def _axes(pen: _Pen, across: _Scale, upward: _Scale, names: tuple[str, str]) -> None:
    for tick in upward.ticks:
        y = upward.place(tick)
        pen.line([(_LEFT, y), (_WIDTH - _RIGHT, y)], _GRID, 1.5)
        pen.text((_LEFT - 14, y), f"{tick:.6g}", 22, SOFT, "rm")
    floor = upward.place(upward.low)
    pen.line([(_LEFT, floor), (_WIDTH - _RIGHT, floor)], SOFT, 2)
    for tick in across.ticks:
        x = across.place(tick)
        pen.line([(x, floor), (x, floor + 8)], SOFT, 2)
        pen.text((x, floor + 16), f"{tick:.6g}", 22, SOFT, "mt")
    pen.text((_WIDTH - _RIGHT, _HEIGHT - 22), names[0], 22, SOFT, "rs")
    pen.text((_LEFT, upward.stop - 14), names[1], 22, SOFT, "ls")


def _line(pen: _Pen, across: _Scale, upward: _Scale, curve: Curve, color: Color) -> None:
    """The line, in pieces where a value is missing; a value alone between gaps is a dot."""
    piece: list[tuple[float, float]] = []
    marked = len(curve.x) <= _MARKED
    for x, y in [*zip(curve.x, curve.y, strict=True), (0.0, math.nan)]:
        if math.isfinite(y):
            piece.append((across.place(float(x)), upward.place(float(y))))
            continue
        if len(piece) > 1:
            pen.line(piece, color, 3.5)
        for point in piece if marked or len(piece) == 1 else []:
            pen.dot(point, color, 6)
        piece = []
