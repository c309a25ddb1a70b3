"""Tables and sentences on stdout."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..terminal import console

if TYPE_CHECKING:
    from rich.console import RenderableType


def print_whole(*what: RenderableType) -> None:
    """Prints as rich does.

    Lines of text are not broken, so that file names in them can be copied; nor are tables, whose
    rows a narrow terminal breaks itself.
    """
    from rich.measure import Measurement
    from rich.text import Text

    terminal = console(highlight=True)
    wide = terminal.options.update(max_width=1000)
    for one in what:
        width = max(Measurement.get(terminal, wide, one).maximum, terminal.width)
        terminal.print(one, soft_wrap=isinstance(one, Text), width=width)
    terminal.print()
