"""Mode and values of one predicted PNG."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy.typing as npt

from ...datasets.checks.label_maps import present
from ...datasets.checks.pictures import read_label_file
from ...errors import DataError
from ...formats.layouts import kitti_step, vspw
from ...formats.layouts.problems import Findings, listed
from .archive_layouts import ArchiveLayout

_MOST_PROPOSALS = 20  # davis2017-evaluation stops at more
_VOID = 255


class MaskCheck:
    """Looks at the PNG files of one folder.

    Args:
        ids: that a file may hold besides 0; None for any.
    """

    def __init__(
        self, layout: ArchiveLayout, ids: frozenset[int] | None, findings: Findings
    ) -> None:
        self._layout = layout
        self._ids = ids
        self._findings = findings

    def look(self, file: Path) -> tuple[int, int] | None:
        """(height, width) of a file that can be read; faults become findings."""
        try:
            header, values = read_label_file(file)
        except DataError as error:
            self._findings.error("unreadable files", file, str(error))
            return None
        if header.mode not in self._layout.modes:
            wanted = " or ".join(self._layout.modes)
            self._findings.error(
                "modes",
                file,
                f"{file} has colour mode {header.mode}, which is read wrongly; save it as {wanted}"
                f"{' (a palette PNG)' if self._layout.modes[0] == 'P' else ''}.",
            )
            return header.size
        fault = self._value_fault(values)
        if fault:
            self._findings.error("values", file, f"{file} {fault}")
        return header.size

    def _value_fault(self, values: npt.NDArray[Any]) -> str:
        content = self._layout.content
        if self._layout.shape == "panoptic":
            return ""  # compared with the JSON elsewhere
        if content == "step":
            classes = present(values[..., 0])
            bad = [value for value in classes if value >= kitti_step.CLASSES and value != _VOID]
            return (
                f"holds the classes {listed(bad)} in its red channel; 0 to 18 and 255 are known."
                if bad
                else ""
            )
        found = present(values)
        if content == "classes":
            bad = [value for value in found if value >= vspw.CLASSES]
            return (
                f"holds the values {listed(bad)}; classes are 0 to 123, so that the numbers of "
                "VSPW_480p must be lowered by 1."
                if bad
                else ""
            )
        if content == "referred":
            bad = [value for value in found if value not in (0, 255)]
            return f"holds the values {listed(bad)}; 0 and 255 are wanted." if bad else ""
        if content == "binary":
            others = [value for value in found if value]
            return (
                f"holds the values {listed(others)}; 0 and one other are wanted."
                if len(others) > 1
                else ""
            )
        return self._id_fault([value for value in found if value])

    def _id_fault(self, ids: list[int]) -> str:
        if self._layout.content == "proposals":
            bad = [id for id in ids if id > _MOST_PROPOSALS]
            return (
                f"holds the ids {listed(bad)}; at most {_MOST_PROPOSALS} are taken." if bad else ""
            )
        if self._ids is None:
            bad = [id for id in ids if id == _VOID]
            return "holds the value 255, which is no object; write 0." if bad else ""
        bad = [id for id in ids if id not in self._ids]
        known = listed(sorted(self._ids), 10) or "none"
        return f"holds the ids {listed(bad)}; the objects of its video are {known}." if bad else ""
