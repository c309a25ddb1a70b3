"""What the released test scripts of UniVS set, line by line: the last value on the command line.

What all scripts of a task share, such as thresholds, is in ``settings.py``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from ...types import Task

Backbone = Literal["r50", "swint", "swinb", "swinl"]

BACKBONES: Mapping[Backbone, str] = {
    "r50": "ResNet-50",
    "swint": "Swin-T",
    "swinb": "Swin-B",
    "swinl": "Swin-L",
}
STAGES = (2, 3)
"""Stages whose weights have test scripts."""

SETS: Mapping[str, tuple[Task, tuple[str, ...]]] = {
    "ytvis2021": (Task.VIS, ("ytvis2019", "ytvis2022")),
    "ovis": (Task.VIS, ()),
    "vspw": (Task.VSS, ()),
    "vipseg": (Task.VPS, ()),
    "davis2017": (Task.VOS, ("davis2016", "youtube_vos", "mose", "burst")),
    "viposeg": (Task.PVOS, ()),
    "ref_davis": (Task.REFVOS, ("ref_youtube_vos",)),
}
"""The sets of the table: their task, and further benchmarks that are tested in the same way. The
first set of a task stands for the task where no benchmark is named."""

ALIASES: Mapping[str, str] = {"ytvis19": "ytvis2019", "ytvis21": "ytvis2021"}
"""Names that the release gives benchmarks and that differ from ours."""


@dataclass(frozen=True)
class Script:
    """One line of a test script, in its words.

    Attributes:
        set: of :data:`SETS`.
        stages: of the weights that are tested so.
        backbone: of :data:`BACKBONES`.
        T, M, D: ``SAMPLING_FRAME_NUM``, ``NUM_PREV_FRAMES_MEMORY``, ``DETECTIONS_PER_IMAGE``; D is
            None where the facts give none, in tasks that look at none.
        side: ``MIN_SIZE_TEST``, the shortest side; the longest one is 1333 at most.
        square: stages in which ``LSJ_AUG.SQUARE_ENABLED`` is left on: the input is padded to
            squares of 1024 pixels.
        time: temporal position of a frame.
        separation: who sees whom in self-attention.
        annotator: of the four of Ref-DAVIS, from 0 on, whose sentences are asked. The paper's
            figure is the mean of all four.
    """

    set: str
    stages: tuple[int, ...]
    backbone: Backbone
    T: int
    M: int
    D: int | None
    side: int
    square: tuple[int, ...]
    time: Literal["ArbitraryT", "FixedT"]
    separation: Literal["sep", "sep-blocked"]
    annotator: int | None = None


_BOTH = (2, 3)

# fmt: off
SCRIPTS = (
    #      set          stages backbone T   M   D     side square time          separation
    Script("ytvis2021", _BOTH, "r50",    5,  5, 35,   640, (),    "ArbitraryT", "sep"),
    Script("ytvis2021", _BOTH, "swint",  5,  6, 50,   640, _BOTH, "ArbitraryT", "sep"),
    Script("ytvis2021", _BOTH, "swinb",  5,  6, 50,   640, _BOTH, "ArbitraryT", "sep"),
    Script("ytvis2021", _BOTH, "swinl",  5,  6, 50,   640, (2,),  "FixedT",     "sep"),

    Script("ovis",      _BOTH, "r50",    5,  5, 50,   640, (),    "ArbitraryT", "sep"),
    Script("ovis",      _BOTH, "swint",  5,  6, 50,   640, _BOTH, "ArbitraryT", "sep"),
    Script("ovis",      _BOTH, "swinb",  5,  6, 50,   640, _BOTH, "ArbitraryT", "sep"),
    Script("ovis",      _BOTH, "swinl",  5,  6, 50,   640, (2,),  "FixedT",     "sep"),

    Script("vspw",      _BOTH, "r50",    5,  5, None, 640, (),    "ArbitraryT", "sep"),
    Script("vspw",      _BOTH, "swint",  5,  6, None, 640, (2,),  "ArbitraryT", "sep"),
    Script("vspw",      _BOTH, "swinb",  5,  6, None, 640, _BOTH, "ArbitraryT", "sep"),
    Script("vspw",      _BOTH, "swinl",  5,  5, None, 640, (2,),  "ArbitraryT", "sep"),

    Script("vipseg",    _BOTH, "r50",    5,  5, 100,  640, (),    "ArbitraryT", "sep"),
    Script("vipseg",    _BOTH, "swint",  5,  6, 50,   640, (2,),  "ArbitraryT", "sep"),
    Script("vipseg",    _BOTH, "swinb",  5,  6, 50,   640, _BOTH, "ArbitraryT", "sep"),
    Script("vipseg",    _BOTH, "swinl",  5,  6, 50,   640, (2,),  "ArbitraryT", "sep"),

    Script("davis2017", _BOTH, "r50",    5,  5, 100,  640, (),    "ArbitraryT", "sep"),
    Script("davis2017", _BOTH, "swint",  5,  6, 50,   640, (2,),  "ArbitraryT", "sep"),
    Script("davis2017", _BOTH, "swinb",  5,  6, 50,   640, _BOTH, "ArbitraryT", "sep"),
    Script("davis2017", _BOTH, "swinl",  5,  6, 50,   640, (2,),  "ArbitraryT", "sep"),

    Script("viposeg",   (2,),  "r50",    5,  5, 75,   720, (),    "ArbitraryT", "sep"),
    Script("viposeg",   (2,),  "swint",  5,  6, 75,   640, (2,),  "ArbitraryT", "sep"),
    Script("viposeg",   (2,),  "swinb",  5,  6, 75,   640, (2,),  "ArbitraryT", "sep"),
    Script("viposeg",   (2,),  "swinl",  5,  6, 75,   640, (2,),  "ArbitraryT", "sep"),

    Script("viposeg",   (3,),  "r50",    5,  5, None, 640, (),    "ArbitraryT", "sep"),
    Script("viposeg",   (3,),  "swint",  5,  6, None, 640, (),    "ArbitraryT", "sep"),
    Script("viposeg",   (3,),  "swinb",  5,  6, None, 640, (3,),  "ArbitraryT", "sep"),
    Script("viposeg",   (3,),  "swinl",  5,  5, None, 640, (),    "ArbitraryT", "sep-blocked"),

    # The script of Swin-L for this task alone sets T 10 and M 10; this is that of all tasks.
    Script("ref_davis", (2,),  "r50",    5,  5, None, 640, (),    "ArbitraryT", "sep-blocked", 1),
    Script("ref_davis", (2,),  "swint", 10, 10, None, 640, (2,),  "ArbitraryT", "sep-blocked", 0),
    Script("ref_davis", (2,),  "swinb",  5,  5, None, 640, (2,),  "ArbitraryT", "sep-blocked", 1),
    Script("ref_davis", (2,),  "swinl",  5,  5, None, 640, (2,),  "ArbitraryT", "sep-blocked", 1),

    Script("ref_davis", (3,),  "r50",    5,  5, None, 640, (),    "ArbitraryT", "sep-blocked", 1),
    Script("ref_davis", (3,),  "swint",  5,  6, None, 640, (),    "ArbitraryT", "sep-blocked", 1),
    Script("ref_davis", (3,),  "swinb",  5,  5, None, 640, (3,),  "ArbitraryT", "sep-blocked", 1),
    Script("ref_davis", (3,),  "swinl",  5,  5, None, 640, (),    "ArbitraryT", "sep-blocked", 1),
)
# fmt: on
