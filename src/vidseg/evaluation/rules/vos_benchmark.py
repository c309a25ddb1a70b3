"""The rules of vos-benchmark, the public tool in use where a set's own program is closed or old."""

from __future__ import annotations

from dataclasses import dataclass

from ...errors import DataError
from ...metrics.jf import JFMeter
from ...metrics.late_objects import LateObjectMeter
from ..benchmark import Report
from ..mask_folders import MaskEvaluation
from ..object_report import mean_row, object_curves, object_means, object_rows, video_rows
from ..report_notes import stray_notes

AUTHORITY = (
    "Equals hkchengrex/vos-benchmark: labels as they are, an object counts from the first "
    "measured frame that shows it in either map"
)


@dataclass(frozen=True, kw_only=True)
class LateObjectEvaluation(MaskEvaluation):
    """Objects of any label that may appear late, measured on the frames that a video needs.

    Attributes:
        benchmark, protocol, authority: as in the report.
        notes: what is known before anything is measured.
    """

    benchmark: str
    protocol: str
    authority: str
    notes: tuple[str, ...] = ()

    def measure(self, video: str) -> LateObjectMeter:
        """J and F of the objects of one video. Raises DataError for an unfit file."""
        pair = self.pair(video)
        meter = LateObjectMeter()
        meter.start_video(video)
        for _, predicted, truth in pair.maps(pair.needed):
            meter.update(predicted, truth)
        return meter

    def report(self, sums: LateObjectMeter) -> Report:
        """J, F and J&F in percent, one weight an object."""
        meter = sums.finished()
        if not meter.region:
            raise DataError("No measured frame of the ground truth shows an object.")
        means = object_means(meter, 100.0)
        per_object: dict[str, dict[str, list[float]]] = {}
        for (video, label), row in means.items():
            per_object.setdefault(video, {})[label] = [row["J"], row["F"]]
        last = {pair.name: pair.frames.index(pair.needed[-1]) for pair in self.pairs}
        return Report(
            benchmark=self.benchmark,
            protocol=self.protocol,
            authority=self.authority,
            unit="percent",
            figures={**mean_row(list(means.values())), "per_object": per_object},
            headline=("J&F", "J", "F"),
            ranking="J&F",
            videos=video_rows(means, self.videos),
            objects=object_rows(means),
            curves=object_curves(meter.region, meter.contour, last),
            notes=(
                *self.notes,
                *self._absences(meter),
                *stray_notes(sums.strays, self.predicted_folders),
            ),
        )

    def _absences(self, meter: JFMeter) -> tuple[str, ...]:
        seen = {video for video, _ in object_means(meter)}
        empty = [video for video in self.videos if video not in seen]
        return tuple(f"{video} shows no object and does not count." for video in empty)
