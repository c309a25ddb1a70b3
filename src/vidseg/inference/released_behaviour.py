"""Which rules of the released UniVS code a session keeps; by default none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Contest = Literal["all", "claimants"]
MergeBy = Literal["logit", "probability"]


@dataclass(frozen=True, kw_only=True)
class PublishedBehaviour:
    """One setting for each rule of the released code that we believe is wrong.

    Attributes:
        detect_after_empty: whether objects can be found after a first clip without any.
        memory_features: features that a remembered mask samples: ``"own"``, those of its frame,
            or ``"shifted"``, those of the current clip, as released for VIS and VPS after the
            first clip, and everywhere when T = 1; there the first slot of an object that is found
            later stays without tokens.
        overlapping_clips: logits of a frame seen by several clips: ``"sum"`` as released, or
            ``"mean"``.
        unborn_scores: whether clips before an object's birth count as zero class score.
        merge_by: what competes for pixels in VPS, score times ``"logit"`` (released) or
            ``"probability"``.
        padding_words: whether padding after a sentence's end is used as words, as released.
        inherit_tokens: whether new slots start with the last usable tokens, so that a lost object
            is not forgotten; released code leaves them empty.
        mask_measures: quality and overlap of prompted masks are counted in ``"cells"`` of the
            decoder's grid, or, as released, in ``"pixels"`` of the padded input, which costs 16
            times the memory.
        distinct_newborns: whether objects found in one clip must differ from each other as they
            must from known ones; released code checks that in the first clip only.
        confident_matches: whether a detection updates a known object only if its score is above
            ``class_threshold`` and its cosine with the object above ``consistency_threshold``; in
            released code the nearest one does, which keeps objects that left alive on noise and
            gives their ids to newcomers.
        first_tokens: an object that enters with a mask on a later frame than the first is sampled
            ``"at_entry"``, or, as released, only with the ``"next_clip"``.
        lost_pixels: logits where another object won: ``"zero"`` as released, or ``"against"``:
            they count against the object as much as they counted for it.
        contest: prompted objects that may win a disputed pixel: ``"all"`` as released, so that a
            sure object far away takes the pixels of an unsure one, or ``"claimants"``, those whose
            own logit is above 0.
        shared_pixels: who is shown where settled masks still overlap: the ``"first"`` object, as
            released, or the one with the ``"largest"`` logit.
        stuff_over_things: whether a stuff class takes the pixels of the things that are followed,
            as released (PVOS); a weak classifier then swallows them.
    """

    detect_after_empty: bool = True
    memory_features: Literal["own", "shifted"] = "own"
    overlapping_clips: Literal["sum", "mean"] = "mean"
    unborn_scores: bool = False
    merge_by: MergeBy = "probability"
    padding_words: bool = False
    inherit_tokens: bool = True
    mask_measures: Literal["pixels", "cells"] = "cells"
    distinct_newborns: bool = True
    confident_matches: bool = True
    first_tokens: Literal["at_entry", "next_clip"] = "at_entry"
    lost_pixels: Literal["zero", "against"] = "against"
    contest: Contest = "claimants"
    shared_pixels: Literal["first", "largest"] = "largest"
    stuff_over_things: bool = False


AS_RELEASED = PublishedBehaviour(
    detect_after_empty=False,
    memory_features="shifted",
    overlapping_clips="sum",
    unborn_scores=True,
    merge_by="logit",
    padding_words=True,
    inherit_tokens=False,
    mask_measures="pixels",
    distinct_newborns=False,
    confident_matches=False,
    first_tokens="next_clip",
    lost_pixels="zero",
    contest="all",
    shared_pixels="first",
    stuff_over_things=True,
)
"""All of them, as UniVS was evaluated."""
