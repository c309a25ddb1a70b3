"""A report as tables for people."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, Literal

from rich.console import Group
from rich.table import Table
from rich.text import Text

from ...errors import DataError
from ...terminal import printable
from ..benchmark import Report, Row, worst_first

Breakdown = Literal["video", "class", "object"]
Unit = Literal["fraction", "percent"]

_COLUMNS = 10  # figures beside each other that a terminal still shows whole


def summary(report: Report, beside: Mapping[str, float] = MappingProxyType({})) -> Group:
    """The headline figures; ``beside`` are those of a paper in percent, by the same keys."""
    table = Table(box=None)
    table.add_column("figure", style="bold")
    table.add_column(_unit(report), justify="right")
    if beside:
        table.add_column("paper", justify="right")
    share = 1 if report.unit == "percent" else 100
    for path in report.headline:
        row = [number(_reach(report, path), report.unit)]
        if path in beside:
            row.append(f"{beside[path] / share:.{1 if share == 1 else 3}f}")
        table.add_row(Text(printable(path.replace("/", " "))), *row)
    return Group(Text(report.benchmark, style="bold"), table)


def remarks(report: Report) -> list[Text]:
    """Notes, then protocol and authority, a line each."""
    lines = [Text(f"Note: {printable(note)}") for note in report.notes]
    return [*lines, Text(f"Protocol {report.protocol}: {report.authority}", style="dim")]


def breakdown(report: Report, per: Breakdown) -> Group:
    """One row per video, class or object, worst first.

    Raises DataError where the benchmark has no figures of that kind.
    """
    kinds = {"video": report.videos, "class": report.classes, "object": report.objects}
    rows = kinds[per]
    if not rows:
        others = " and ".join(kind for kind, held in kinds.items() if held) or "nothing else"
        raise DataError(f"{report.benchmark} has no figures per {per}, but per {others}.")
    every = list(_columns(rows))
    columns = every[:_COLUMNS]
    key = report.ranking if report.ranking in columns else columns[0]
    table = Table(box=None)
    table.add_column(per, no_wrap=True)
    digits = {}
    for column in columns:
        table.add_column(Text(printable(column)), justify="right", no_wrap=True)
        values = [row[column] for row in rows.values() if column in row]
        digits[column] = _digits(values, report.unit)
    for name in worst_first(rows, key):
        row = rows[name]
        cells = [_written(row.get(column, math.nan), digits[column]) for column in columns]
        table.add_row(Text(printable(name)), *cells)
    title = f"per {per}, worst {key} first"
    if len(columns) < len(every):
        title += f"; {len(columns)} of {len(every)} figures, --json has all"
    return Group(Text(title, style="bold"), table)


def number(value: Any, unit: Unit) -> str:
    """A figure as people read it: counts whole, percent with 2 digits, fractions with 4.

    A few programs print shares of 1 beside percent; those keep 4 digits as well.

    >>> number(0.71234, "fraction"), number(71.234, "percent"), number(12, "percent")
    ('0.7123', '71.23', '12')
    >>> number(0.71234, "percent")
    '0.7123'
    >>> number(float("nan"), "percent")
    'n/a'
    """
    return _written(value, 2 if unit == "percent" and abs(value) > 1 else 4)


def _digits(values: Iterable[Any], unit: Unit) -> int:
    """Digits after the point of a whole column, so that its points stand below each other."""
    return 2 if unit == "percent" and any(abs(value) > 1 for value in values) else 4


def _written(value: Any, digits: int) -> str:
    if isinstance(value, int):
        return str(value)
    return f"{float(value):.{digits}f}" if math.isfinite(value) else "n/a"


def _unit(report: Report) -> str:
    return "%" if report.unit == "percent" else "0..1"


def _reach(report: Report, path: str) -> Any:
    value: Any = report.figures
    for key in path.split("/"):
        value = value[key]
    return value


def _columns(rows: Mapping[str, Row]) -> Iterator[str]:
    """Keys of all rows, in the order of their first appearance."""
    seen: dict[str, None] = {}
    for row in rows.values():
        seen.update(dict.fromkeys(row))
    yield from seen
