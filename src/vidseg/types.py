"""Plain types shared by every layer, and the legend of shape letters.

Shape letters, the same in the whole project:

    B clips          T frames of a clip      N frames or objects, as said
    Q queries        C channels              R tokens of a visual prompt
    H W model input  h w feature cells       K classes      L tokens or words

Boxes are xyxy in absolute pixels, points are (x, y), masks are bool, ``*_logits`` are logits.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import numpy as np
import numpy.typing as npt

ImageArray = npt.NDArray[np.uint8]
"""[H, W, 3] RGB, 0..255."""

MaskArray = npt.NDArray[np.bool_]
"""[H, W] bool."""

IdMap = npt.NDArray[np.int32]
"""[H, W] segment ids or class indices."""


LARGEST_ID = 2**31 - 1
"""What an :data:`IdMap` can hold."""


def is_text(value: str) -> bool:
    """Whether a string is text, and not bytes of another encoding that Python carries along."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


class Task(str, Enum):
    """The six video-segmentation tasks. The value is the name used on the command line."""

    VIS = "vis"
    VSS = "vss"
    VPS = "vps"
    VOS = "vos"
    PVOS = "pvos"
    REFVOS = "refvos"

    @property
    def by_category(self) -> bool:
        """Whether category names say what to segment (the others are told by prompts)."""
        return self in (Task.VIS, Task.VSS, Task.VPS)


@dataclass(frozen=True)
class Frame:
    """One decoded picture.

    Attributes:
        image: [H, W, 3] RGB uint8.
        index: position in the source, 0-based, counted before ``stride`` skips any.
        time: seconds from the start of the source, None where the source has no clock.
    """

    image: ImageArray
    index: int
    time: float | None = None

    @property
    def size(self) -> tuple[int, int]:
        """(height, width) in pixels."""
        return int(self.image.shape[0]), int(self.image.shape[1])
