"""What a label format can hold, said as data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, kw_only=True)
class Holds:
    """What a format has a place for. Sentences have none in any of the formats here.

    Attributes:
        overlaps: masks of one frame may share pixels.
        void: pixels that are not labelled, apart from background.
        background: labelled pixels of no object, apart from void.
        classes: objects have a class; False where the format knows none.
        stuff: whether a class is a thing or stuff.
        crowd: regions of several objects; "things" where only those of thing classes.
        stuff_ids: regions of stuff and crowds are told apart; False where they are one per class.
        identity: videos, and an object's id over their frames; False for stills alone.
        empty_tracks: objects without a mask on any frame.
        scores: none, one a track, or one a mask.
        unlabelled: frames without labels are kept apart from frames without objects, are left
            out, or become frames without objects.
        one_size: all frames of a video have one size.
        holes, parts: masks with holes, masks of several parts.
        highest_id: of an object; None for no limit.
    """

    overlaps: bool = True
    void: bool = False
    background: bool = True
    classes: bool = True
    stuff: bool = False
    crowd: Literal["none", "things", "all"] = "none"
    stuff_ids: bool = True
    identity: bool = True
    empty_tracks: bool = False
    scores: Literal["none", "track", "mask"] = "none"
    unlabelled: Literal["kept", "left out", "emptied"] = "kept"
    one_size: bool = False
    holes: bool = True
    parts: bool = True
    highest_id: int | None = None
