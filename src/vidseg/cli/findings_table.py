"""Findings of a check, printed by group."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..terminal import console, printable

if TYPE_CHECKING:
    from ..formats.layouts.problems import Findings


_SHOWN = 20
"""Findings of one group that a reader may want to go through."""


def print_findings(findings: Findings) -> bool:
    """On stdout, grouped, with a line of totals; nothing where there are none.

    Returns whether all are shown; of a group that is very large only the first are.
    """
    from rich.text import Text

    terminal = console(soft_wrap=True)
    styles = {"error": "bold red", "warning": "yellow"}
    for group, members in findings.groups().items():
        terminal.print(Text(f"{group} ({len(members)})", style="bold"))
        for finding in members[:_SHOWN]:
            terminal.print(
                Text.assemble(
                    "  ",
                    (finding.severity, styles[finding.severity]),
                    "  ",
                    printable(finding.sentence),
                )
            )
        if len(members) > _SHOWN:
            terminal.print(f"  and {len(members) - _SHOWN} more of this kind")
    if len(findings):
        terminal.print(
            f"{_number(findings.errors, 'error')}, {_number(findings.warnings, 'warning')}"
        )
    return all(len(members) <= _SHOWN for members in findings.groups().values())


def _number(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"
