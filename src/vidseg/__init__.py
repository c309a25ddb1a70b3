"""vidseg: one model, one call, every video-segmentation task.

    model = vidseg.load("nano")
    for frame in model.segment("clip.mp4", task="vps", categories=["dog", "grass"]):
        print(frame.index, [segment.category for segment in frame.segments])

Names are imported when first used, so that ``import vidseg`` costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from .errors import VidsegError
    from .evaluation.evaluate import evaluate
    from .inference.files.loading import load
    from .inference.segmenter import Segmenter
    from .inference.session import Session
    from .prompts import Box, Mask, Point, Scribble, Text
    from .results import FrameResult, Segment
    from .types import Frame, Task

_HOMES = {
    "load": ".inference.files.loading",
    "evaluate": ".evaluation.evaluate",
    "Segmenter": ".inference.segmenter",
    "Session": ".inference.session",
    "Point": ".prompts",
    "Box": ".prompts",
    "Mask": ".prompts",
    "Scribble": ".prompts",
    "Text": ".prompts",
    "FrameResult": ".results",
    "Segment": ".results",
    "Frame": ".types",
    "Task": ".types",
    "VidsegError": ".errors",
}

__all__ = [
    "Box",
    "Frame",
    "FrameResult",
    "Mask",
    "Point",
    "Scribble",
    "Segment",
    "Segmenter",
    "Session",
    "Task",
    "Text",
    "VidsegError",
    "__version__",
    "evaluate",
    "load",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name], __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
