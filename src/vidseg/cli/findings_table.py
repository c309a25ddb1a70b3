"""Findings of a check, printed by group."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..formats.layouts.problems import Findings


_SHOWN = 20
"""Findings of one group that a reader may want to go through."""


def print_findings(findings: Findings) -> bool:
    """On stdout, grouped, with a line of totals; nothing where there are none.

    Returns whether all are shown; of a group that is very large only the first are.
    """
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False, soft_wrap=True)
    styles = {"error": "bold red", "warning": "yellow"}
    for group, members in findings.groups().items():
        console.print(Text(f"{group} ({len(members)})", style="bold"))
        for finding in members[:_SHOWN]:
            console.print(
                Text.assemble(
                    "  ", (finding.severity, styles[finding.severity]), "  ", finding.sentence
                )
            )
        if len(members) > _SHOWN:
            console.print(f"  and {len(members) - _SHOWN} more of this kind")
    if len(findings):
        console.print(
            f"{_number(findings.errors, 'error')}, {_number(findings.warnings, 'warning')}"
        )
    return all(len(members) <= _SHOWN for members in findings.groups().values())


def _number(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"
