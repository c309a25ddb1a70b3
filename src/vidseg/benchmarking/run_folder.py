"""The folder of a benchmark run: predictions, what is done, and what the run was asked.

    run.json                what was asked; another run does not go on in this folder
    state/<number>.json     a video that is done: its name, times, and rows of the JSON file
    predictions/            the official layout, complete when all videos are
    report.json             the official figures
    submission.zip          in place of a report where the ground truth is kept back

A video whose state is there is never run again. Its PNGs were written before, so that a run that is
killed at any moment goes on to the same bytes. What it left half-written is removed.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ..errors import DataError, OutputError
from ..formats.atomic import remove_partials, replacing
from ..formats.json_lists import JsonLists, JsonRows
from ..formats.layouts.vipseg import PREDICTED_JSON
from ..formats.output_places import prepare_folder
from ..formats.reading import read_json
from .answers import Rows
from .release import Release
from .rows import Form

_LISTED: dict[Form, tuple[str, str]] = {
    "panoptic": (PREDICTED_JSON, "annotations"),
    "burst": ("results.json", "sequences"),
}
"""The JSON file of a form and the name of its list."""


@dataclass(frozen=True)
class VideoRecord:
    """A video that is done.

    Attributes:
        name: of the video.
        frames: how many.
        seconds: that the model took for them, decoding of pictures and writing included.
        peak: resident memory of the process in bytes at its highest.
        rows: for the JSON file of all videos.
    """

    name: str
    frames: int
    seconds: float
    peak: int
    rows: Rows


class RunFolder:
    """See the module.

    Args:
        folder: of the run.
        asked: what the run was asked, as plain values.

    Raises OutputError where the folder holds the run of something else, or files of no run.
    """

    def __init__(self, folder: Path, asked: Mapping[str, Any]) -> None:
        self.folder = folder
        self.predictions = folder / "predictions"
        self.report, self.archive = folder / "report.json", folder / "submission.zip"
        self._state = folder / "state"
        manifest = folder / "run.json"
        if manifest.is_file():
            earlier = read_json(manifest)
            changed = [key for key in asked if earlier.get(key) != _plain(asked[key])]
            if changed:
                raise OutputError(
                    f"{folder} holds a run with another {changed[0]} "
                    f"({earlier.get(changed[0])!r}, now {asked[changed[0]]!r}); name another "
                    "folder with --out."
                )
            self.remove_partials()
            return
        for path in (self.predictions, self.report, self.archive, *self._state.glob("*.json")):
            if path.exists():
                raise OutputError(
                    f"{folder} holds {path.relative_to(folder)} but no run.json that says of what "
                    "run it is; move it or name another folder with --out."
                )
        prepare_folder(self._state)
        with replacing(manifest) as partial:
            partial.write_text(json.dumps(asked, indent=1) + "\n", encoding="utf-8")

    def remove_partials(self) -> None:
        """Removes predictions that were left half-written by processes that were killed."""
        for folder, _, _ in os.walk(self.predictions):
            remove_partials(Path(folder))

    def done(self, videos: Sequence[int]) -> list[int]:
        """Those of the videos that need not be run again."""
        return [video for video in videos if self._file(video).is_file()]

    def keep(self, video: int, record: VideoRecord) -> None:
        """Marks a video as done."""
        with replacing(self._file(video)) as partial:
            partial.write_text(json.dumps(asdict(record)), encoding="utf-8")

    def records(self, videos: Sequence[int]) -> Iterator[VideoRecord]:
        """What is known of videos that are done, one at a time."""
        for video in videos:
            content = read_json(self._file(video))
            try:
                yield VideoRecord(**content)
            except TypeError as error:
                raise DataError(
                    f"{self._file(video)} is no state of a video; delete it, and the video is run "
                    "again."
                ) from error

    def write_rows(self, release: Release, videos: Sequence[int]) -> None:
        """Writes the JSON file of all videos, where the benchmark has one."""
        rows = (row for record in self.records(videos) for row in record.rows)
        form = release.row.form
        prepare_folder(self.predictions)
        if form == "tracks":
            with replacing(self.predictions / "results.json") as partial, JsonRows(partial) as file:
                for row in rows:
                    file.append(row)
        elif form in _LISTED:
            name, key = _LISTED[form]
            lists = JsonLists(self.predictions / name, (key,))
            for row in rows:
                lists.append(key, row)
            lists.close({"split": release.split} if form == "burst" else {})

    def _file(self, video: int) -> Path:
        return self._state / f"{video:06d}.json"


def _plain(value: Any) -> Any:
    return json.loads(json.dumps(value))
