"""Findings of a check, printed by group."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..datasets.checks.findings import Findings


def print_findings(findings: Findings) -> None:
    """All of them on stdout, grouped, with a line of totals; nothing where there are none."""
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False, soft_wrap=True)
    styles = {"error": "bold red", "warning": "yellow"}
    for group, members in findings.groups().items():
        console.print(Text(f"{group} ({len(members)})", style="bold"))
        for finding in members:
            console.print(
                Text.assemble(
                    "  ", (finding.severity, styles[finding.severity]), "  ", finding.sentence
                )
            )
    if len(findings):
        console.print(
            f"{_number(findings.errors, 'error')}, {_number(findings.warnings, 'warning')}"
        )


def _number(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"
