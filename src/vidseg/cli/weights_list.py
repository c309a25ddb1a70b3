"""``vidseg weights list``: published weights, where they are and what they reach."""

from __future__ import annotations

import argparse
import dataclasses
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..terminal import console

if TYPE_CHECKING:
    from rich.table import Table

    from ..models.files.registry import KnownWeights
    from .parser import Verbs

_STDOUT = Path("-")


def add_parser(verbs: Verbs) -> None:
    """Adds the verb and its options."""
    parser = verbs.add_parser(
        "list",
        help="known weights, their licences and published results",
        description="Prints the published weights that are known by name, which of them are "
        "downloaded, and the results that their authors report.",
        epilog="examples:\n  vidseg weights list\n  vidseg weights list --json weights.json",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument(
        "--json",
        type=Path,
        nargs="?",
        const=_STDOUT,
        metavar="FILE",
        help="everything that is known, as JSON in FILE, or in place of the tables",
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Runs the verb: tables or JSON on stdout."""
    from ..models.files.registry import known_weights

    listed = known_weights()
    if options.json is not None:
        text = json.dumps([as_json(known) for known in listed], indent=1)
        if options.json == _STDOUT:
            print(text)
            return 0
        _write(options.json, text)

    terminal = console(highlight=True)
    for table in (files_table(listed), *results_tables(listed)):
        terminal.print(table)
    return 0


def as_json(known: KnownWeights) -> dict[str, Any]:
    """All fields of an entry, None for what is not known, and the path in the cache."""
    cached = known.cached
    return {**dataclasses.asdict(known), "cached": None if cached is None else str(cached)}


def files_table(listed: Iterable[KnownWeights]) -> Table:
    """A row for each file."""
    from rich.table import Table
    from rich.text import Text

    table = Table(title="Published weights", title_style="bold")
    table.add_column("name", no_wrap=True)
    table.add_column("what")
    table.add_column("MiB", justify="right")
    for title in ("here", "from", "checked by", "licence"):
        table.add_column(title, overflow="fold")
    for known in listed:
        table.add_row(
            Text("\n".join((known.name, *(f"= {alias}" for alias in known.aliases)))),
            Text(known.title),
            "?" if known.size is None else f"{known.size / 2**20:,.0f}",
            "yes" if known.cached is not None else "",
            Text(_origin(known)),
            known.checked_by or "nothing",
            Text(known.licence or "not stated"),
        )
    table.caption = "`vidseg weights download NAME` fetches one; --json has all addresses"
    return table


def results_tables(listed: Iterable[KnownWeights]) -> Iterator[Table]:
    """For each source of results, a row for each measure and a column for each file."""
    from rich.table import Table
    from rich.text import Text

    by_source: dict[str, list[KnownWeights]] = {}
    for known in listed:
        if known.results is not None:
            by_source.setdefault(known.results.source, []).append(known)
    for source, members in by_source.items():
        table = Table(title=Text(f"Reported by: {source}"), title_style="bold")
        table.add_column("percent")
        for known in members:
            table.add_column(Text(known.name), justify="right", no_wrap=True)
        columns = [known.results.values for known in members if known.results is not None]
        for measure in columns[0]:
            table.add_row(Text(measure), *(f"{column[measure]:.1f}" for column in columns))
        yield table


def _origin(known: KnownWeights) -> str:
    from urllib.parse import urlsplit

    if known.url is None:
        return "no public address is known"
    host = urlsplit(known.url).hostname or ""
    return f"{host} (browser)" if known.access == "browser" else host


def _write(path: Path, text: str) -> None:
    from ..formats.atomic import replacing
    from ..formats.output_places import output_file

    with output_file(path), replacing(path) as partial:
        partial.write_text(text + "\n", encoding="utf-8")
