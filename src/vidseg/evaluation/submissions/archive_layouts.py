"""How the archive of each benchmark is laid out, and who says so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ...errors import DataError, nearest_hint

Content = Literal["objects", "proposals", "binary", "referred", "classes", "step"]


@dataclass(frozen=True, kw_only=True)
class ArchiveLayout:
    """The archive of one benchmark.

    Attributes:
        source: one sentence for people: which server or program takes this layout.
        shape: "results" is one JSON of tracks, "burst" one JSON of sequences, "panoptic" a JSON
            beside PNG files, "masks" PNG files alone.
        folder: what the folders of PNG files stand in inside the archive; "" for its root.
        depth: folders between that one and a PNG: 2 where an expression or annotator comes between.
        content: what the values of a PNG mean.
        modes: PIL modes of a PNG that the taker reads rightly.
        splits: parts of the dataset that are asked for, best first.
    """

    source: str
    shape: Literal["results", "burst", "panoptic", "masks"] = "masks"
    folder: str = ""
    depth: int = 1
    content: Content = "objects"
    modes: tuple[str, ...] = ("P", "L")
    splits: tuple[str, ...] = ()


# "results.json, compressed without any subfolder": the page of the server, kept in TrackEval's
# docs/YouTube-VIS-format.txt. OVIS runs the same program on the same format (songbai.site/ovis).
_VIS = "the YouTube-VIS server: results.json at the root of the archive"
# Cutie's make_zip (cutie/inference/utils/results_utils.py) packs what the servers of YouTube-VOS,
# DAVIS test-dev and MOSE take; ReferFormer's docs/Ref-Youtube-VOS.md what that of Ref-YouTube-VOS
# takes. Of VSPW, VIPSeg, VIPOSeg and KITTI-STEP no page of a server was found; their layout is the
# one that the public evaluation program reads. BURST and Ref-DAVIS have no server.
LAYOUTS: dict[str, ArchiveLayout] = {
    "ytvis2019": ArchiveLayout(source=_VIS, shape="results", splits=("valid", "test")),
    "ytvis2021": ArchiveLayout(source=_VIS, shape="results", splits=("valid", "test")),
    "ytvis2022": ArchiveLayout(source=_VIS, shape="results", splits=("valid", "test")),
    "ovis": ArchiveLayout(
        source="the OVIS server: results.json at the root of the archive",
        shape="results",
        splits=("valid", "test"),
    ),
    "vspw": ArchiveLayout(
        source="the evaluation program of VSPW (no page of a server says more): "
        "<video>/<frame>.png, classes 0 to 123",
        content="classes",
        splits=("test", "val"),
    ),
    "vipseg": ArchiveLayout(
        source="the evaluation program of VIPSeg (no page of a server says more): pred.json "
        "beside pan_pred/<video>/<frame>.png",
        shape="panoptic",
        folder="pan_pred",
        modes=("RGB",),
        splits=("test", "val"),
    ),
    "viposeg": ArchiveLayout(
        source="the evaluation program of VIPOSeg (no page of a server says more): "
        "<video>/<frame>.png",
        splits=("val", "valid"),
    ),
    "kitti_step": ArchiveLayout(
        source="the evaluation program of KITTI-STEP (no page of a server says more): "
        "panoptic_maps/<sequence>/<frame>.png",
        folder="panoptic_maps",
        content="step",
        modes=("RGB",),
        splits=("test", "val"),
    ),
    "davis2016": ArchiveLayout(
        source="the evaluation program of DAVIS 2016, which has no server: <video>/<frame>.png",
        content="binary",
        modes=("L", "P", "1"),
        splits=("val",),
    ),
    "davis2017": ArchiveLayout(
        source="the DAVIS 2017 server: <video>/<frame>.png at the root of the archive",
        splits=("test-dev", "test-challenge", "val"),
    ),
    "davis2017_unsup": ArchiveLayout(
        source="the DAVIS 2017 unsupervised server: <video>/<frame>.png at the root of the archive",
        content="proposals",
        splits=("test-dev", "test-challenge", "val"),
    ),
    "youtube_vos": ArchiveLayout(
        source="the YouTube-VOS server: Annotations/<video>/<frame>.png",
        folder="Annotations",
        splits=("valid", "test"),
    ),
    "mose": ArchiveLayout(
        source="the MOSE server: <video>/<frame>.png at the root of the archive",
        splits=("valid", "test"),
    ),
    "ref_davis": ArchiveLayout(
        source="nobody's server, Ref-DAVIS has none; for safe keeping: "
        "anno_<annotator>/<video>/<frame>.png",
        depth=2,
        content="proposals",
        splits=("val",),
    ),
    "ref_youtube_vos": ArchiveLayout(
        source="the Ref-YouTube-VOS server: Annotations/<video>/<expression>/<frame>.png",
        folder="Annotations",
        depth=2,
        content="referred",
        modes=("L",),
        splits=("valid", "test"),
    ),
    "burst": ArchiveLayout(
        source="the evaluation program of BURST, which has no server: results.json",
        shape="burst",
        splits=("test", "val"),
    ),
}


def find_layout(benchmark: str) -> tuple[str, ArchiveLayout]:
    """The plain name and the layout of a benchmark; case and "-" for "_" do not matter.

    Raises:
        DataError: unknown name; the message names the nearest and lists all.
    """
    plain = benchmark.strip().lower().replace("-", "_")
    if plain not in LAYOUTS:
        hint = nearest_hint(plain, LAYOUTS, " (the nearest is {})")
        raise DataError(
            f"There is no benchmark {benchmark!r}{hint}; the benchmarks are {', '.join(LAYOUTS)}."
        )
    return plain, LAYOUTS[plain]
