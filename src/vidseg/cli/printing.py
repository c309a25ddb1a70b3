"""Tables and sentences on stdout."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import RenderableType


def print_whole(*what: RenderableType) -> None:
    """Prints as rich does, but leaves a reader that goes away to :func:`vidseg.cli.main.main`.

    Lines of text are not broken, so that file names in them can be copied; nor are tables, whose
    rows a narrow terminal breaks itself.
    """
    from rich.console import Console
    from rich.measure import Measurement
    from rich.text import Text

    console = Console()
    wide = console.options.update(max_width=1000)
    with console.capture() as text:
        for one in what:
            width = max(Measurement.get(console, wide, one).maximum, console.width)
            console.print(one, soft_wrap=isinstance(one, Text), width=width)
    print(text.get())
