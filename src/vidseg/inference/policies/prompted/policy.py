"""VOS and PVOS: objects that the user marks, on any frame (UniVS §4.2)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from ....models.decoder.tensors import FrameFeatures, Prediction
from ....models.univs.model import UniVS
from ....prompts import Prompt
from ....results import FrameResult, Track
from ...clip import Categories, Clip
from ...config import InferenceConfig
from ...mask_scores import mask_quality
from ...memory.frame_window import FrameEmbeddings, FrameWindow
from ...memory.prompt_memory import PromptMemory
from ...tracking.association import temporal_consistency
from ..annotations import Annotation, sort_annotations
from ..base import check_finite, decoding
from .box_refinement import (
    keep_sure_parts,
    remember_sure_parts,
    told_by_box,
    with_sure_part,
)
from .contest import StuffPixels, resolved, settle_backgrounds, winners
from .results import PromptedResults

# Logits of pixels that an object owns by its class.
STUFF_LOGIT = 10.0
# A small object must be hit less exactly: below this area the IoU asked for shrinks with it.
FULL_AREA = 96**2


@dataclass(frozen=True, eq=False)
class PendingFrames:
    """Frames whose masks are sampled into the prompt memory when the next clip comes."""

    features: FrameFeatures
    frame_indices: Tensor
    masks: Tensor
    start: int


class PromptedPolicy:
    """One video of VOS or PVOS. Per clip: remember, enter new objects, decode, settle, answer.

    ``anchors`` holds, by object, the frame on which the user marked it last; an object whose
    anchor is in the clip is taken at its word, the others must look as they are remembered.
    """

    def __init__(
        self, model: UniVS, config: InferenceConfig, categories: Categories | None = None
    ) -> None:
        """``categories``: the classes of a benchmark that tells stuff by class (VIPOSeg)."""
        self._model = model
        self._config = config
        self._memory = PromptMemory(model, config)
        self._window = FrameWindow()
        self._embeddings = FrameEmbeddings(config.slots)
        self._anchors: dict[int, int] = {}
        self._given: dict[tuple[int, int], Annotation] = {}
        self._pending: PendingFrames | None = None
        self._results = PromptedResults(config.published)
        self._stuff = StuffPixels(categories) if categories is not None else None

    def step(self, clip: Clip, prompts: Sequence[Prompt]) -> list[FrameResult]:
        """As :meth:`TaskPolicy.step`."""
        self._open(clip)
        annotations = sort_annotations(prompts, clip, self._memory.ids)
        drawn = self._enter(clip, annotations)
        if self._memory.ids:
            prediction = self._decode(clip, drawn)
            boxed, margin = told_by_box(annotations, self._memory, clip), self._config.box_margin
            boxed = with_sure_part(boxed, prediction, margin)
            if boxed and margin > 0:
                remember_sure_parts(self._memory, clip, boxed, prediction, margin)
                second = self._decode(clip, drawn)
                contrast = self._config.box_contrast
                prediction = keep_sure_parts(second, clip, boxed, margin, contrast)
            self._settle(clip, prediction)
            self._remember(clip)
        return self._emit(self._config.stride)

    def finish(self) -> list[FrameResult]:
        """As :meth:`TaskPolicy.finish`."""
        return self._emit(self._window.stop - self._window.start)

    def tracks(self) -> tuple[Track, ...]:
        """As :meth:`TaskPolicy.tracks`."""
        return self._results.tracks()

    # -- before decoding ------------------------------------------------------------------------

    def _open(self, clip: Clip) -> None:
        """Moves window and memory on to the clip, and samples what was kept for this moment."""
        self._window.open(clip, clip.geometry.grid)
        self._embeddings.open(clip, self._model.config.decoder.hidden)
        self._given = {k: v for k, v in self._given.items() if k[1] >= clip.start}
        self._memory.advance(clip.stop)
        if self._pending is None:
            return
        features, indices = self._pending.features, self._pending.frame_indices
        if self._config.published.memory_features == "shifted" and self._pending.start < clip.start:
            # As released for clips of one frame: the mask samples the frame after its own.
            features, indices = clip.features[:1], clip.frame_indices[:1]
        self._memory.observe(features, indices, self._pending.masks, self._pending.start)

    def _enter(self, clip: Clip, annotations: Sequence[Annotation]) -> dict[int, Tensor]:
        """Puts what the user drew into the memory; returns its maps by object, [T, h, w]."""
        drawn: dict[int, Tensor] = {}
        for annotation in annotations:
            self._anchor(annotation)
            slot, row = annotation.position, self._memory.ids.index(annotation.object_id)
            if annotation.prompts and not self._samples_later(annotation):
                frame = slot - clip.start
                features = clip.features[frame : frame + 1]
                regions = annotation.regions(clip.geometry, features.mask_features)
                index = clip.frame_indices[frame]
                tokens = self._memory.encode(features, index, regions, slot)
                self._memory.write([row], tokens, slot)
            if self._memory.pixels is not None:
                plan = annotation.drawn(clip.geometry, clip.features.mask_features)
                maps = drawn.setdefault(
                    annotation.object_id, plan.new_zeros(len(clip), *plan.shape)
                )
                maps[slot - clip.start] = plan
        return drawn

    def _anchor(self, annotation: Annotation) -> None:
        """Makes a row for an object that is new; a mask or box starts a known one anew."""
        name = annotation.object_id
        if name not in self._memory.ids:
            self._memory.add([name], annotation.position)
            self._window.add_rows(1)
            self._embeddings.add_rows(1)
        elif annotation.redefines:
            self._memory.reanchor(name, annotation.position)
        self._anchors[name] = annotation.position
        self._results.describe(annotation)
        if annotation.mask is not None:
            self._given[name, annotation.position] = annotation

    def _samples_later(self, annotation: Annotation) -> bool:
        late = self._config.published.first_tokens == "next_clip" and annotation.position > 0
        return late and annotation.mask is not None

    def _decode(self, clip: Clip, drawn: dict[int, Tensor]) -> Prediction:
        classes = None if self._stuff is None else self._stuff.embeddings
        by_similarity = self._config.tracking.association == "similarity"
        out = self._model.decode(
            clip.features,
            clip.frame_indices[None],
            self._memory.queries(clip, drawn),
            classes,
            learnable=classes is not None or by_similarity,
            **decoding(self._config),
        )
        found = check_finite(out.final, clip)
        return self._answered_by_learnable(clip, found) if by_similarity else found

    def _answered_by_learnable(self, clip: Clip, found: Prediction) -> Prediction:
        """Known objects are the learnable queries most like what is remembered of them.

        This is the tracker by similarity of UniVS Table 4b; prompt queries only begin objects.
        """
        masks, embeddings = found.mask_logits.clone(), found.embeddings.clone()
        candidates = found.embeddings[0, : found.learnable].float()
        for row, name in enumerate(self._memory.ids):
            if self._anchors[name] >= clip.start:
                continue
            memory = self._embeddings.values[row].expand(len(candidates), -1, -1)
            best = int(temporal_consistency(memory, candidates).argmax())
            masks[0, found.learnable + row] = found.mask_logits[0, best]
            embeddings[0, found.learnable + row] = found.embeddings[0, best]
        return replace(found, mask_logits=masks, embeddings=embeddings)

    # -- after decoding -------------------------------------------------------------------------

    def _settle(self, clip: Clip, prediction: Prediction) -> None:
        """Decides which objects are there and who owns which pixel, and writes the window."""
        rows = slice(prediction.learnable, None)
        logits = clip.geometry.measured(prediction.mask_logits[0, rows].float())
        embeddings = prediction.embeddings[0, rows].float()
        logits = settle_backgrounds(self._memory.ids, logits)
        ids = self._memory.ids
        painted = self._painted(clip, prediction, logits)
        marked = [self._anchors[i] >= clip.start for i in ids]
        new = [r for r, i in enumerate(ids) if marked[r] and i > 0]
        known = [r for r, i in enumerate(ids) if not marked[r] and i > 0]
        if known:
            self._settle_known(clip, known, logits, embeddings, painted)
        if new:
            self._settle_marked(clip, new, logits, embeddings, painted)
        for row in (r for r, i in enumerate(ids) if i < 0):
            columns = slice(max(0, self._anchors[ids[row]] - clip.start), None)
            self._window.assign(row, columns, logits[row, columns])

    def _painted(self, clip: Clip, prediction: Prediction, logits: Tensor) -> Tensor:
        """[N, T, h, w] bool: pixels that belong to an object because they are its stuff class."""
        painted = torch.zeros_like(logits, dtype=torch.bool)
        if self._stuff is None:
            return painted
        classes = self._results.stuff()
        rows = [(r, classes[i]) for r, i in enumerate(self._memory.ids) if i in classes]
        if rows:
            of_class = self._stuff.masks(prediction, clip, [c for _, c in rows])
            painted[[r for r, _ in rows]] = of_class
        if not self._config.published.stuff_over_things:
            things = [r for r, i in enumerate(self._memory.ids) if i not in classes]
            painted &= ~(logits[things] > 0).any(0)
        return painted

    def _settle_known(
        self, clip: Clip, known: list[int], logits: Tensor, embeddings: Tensor, painted: Tensor
    ) -> None:
        """Objects of earlier frames: those that look as remembered keep what they win."""
        rows = torch.tensor(known, device=logits.device)
        similarity = temporal_consistency(self._embeddings.values[rows], embeddings[rows])
        kept = similarity > self._config.tracking.consistency_threshold
        rows, similarity = rows[kept], similarity[kept]
        if not len(rows):
            return
        claimed, stuff = logits[rows], painted[rows]
        strength = similarity.square() * mask_quality(claimed)
        claimed = torch.where(stuff, STUFF_LOGIT, claimed)
        certainty = torch.where(stuff, 1.0, claimed.sigmoid())
        won = winners(self._config.published, strength, certainty, claimed)
        area = (claimed > 0).flatten(1).sum(1)
        share = (won & (claimed > 0)).flatten(1).sum(1) / area.clamp(min=1)
        undisputed = share > self._config.kept_area_threshold
        settled = resolved(self._config.published, claimed, won)[undisputed]
        self._window.add(rows[undisputed], clip.start, settled)
        self._embeddings.blend(rows, embeddings[rows])

    def _settle_marked(
        self, clip: Clip, rows: list[int], logits: Tensor, embeddings: Tensor, painted: Tensor
    ) -> None:
        """Objects marked in this clip: the given mask stands, later frames follow it."""
        claimed = logits[rows]
        agreement = self._agreement(clip, rows, claimed)
        strength = agreement.square() * mask_quality(claimed)
        won = winners(self._config.published, strength, claimed.sigmoid(), claimed)
        settled = resolved(self._config.published, claimed, won)
        agreement = self._agreement(clip, rows, settled)
        settled = torch.where(painted[rows], STUFF_LOGIT, settled)
        stuff = self._results.stuff() if self._stuff is not None else {}
        for k, row in enumerate(rows):
            name = self._memory.ids[row]
            column = self._anchors[name] - clip.start
            given = self._given.get((name, self._anchors[name]))
            if given is not None:
                self._window.assign(row, slice(column, column + 1), self._given_logits(clip, given))
                column += 1
            trusted = given is None or name in stuff
            if not trusted and float(agreement[k]) <= self._asked_agreement(clip, given):
                settled[k] = 0
            self._window.assign(row, slice(column, None), settled[k, column:])
            self._embeddings.assign(row, embeddings[row])

    def _agreement(self, clip: Clip, rows: Sequence[int], logits: Tensor) -> Tensor:
        """[n] IoU of prediction and given mask on the marked frame; 1 where none was given."""
        values = []
        for k, row in enumerate(rows):
            name = self._memory.ids[row]
            given = self._given.get((name, self._anchors[name]))
            if given is None:
                values.append(logits.new_ones(()))
                continue
            wanted = self._given_logits(clip, given) > 0
            found = logits[k, self._anchors[name] - clip.start] > 0
            values.append((wanted & found).sum() / (wanted | found).sum().clamp(min=1))
        return torch.stack(values)

    @staticmethod
    def _given_logits(clip: Clip, given: Annotation) -> Tensor:
        """[h, w] a given mask on the grid of the window."""
        assert given.mask is not None
        return clip.geometry.given_logits(given.mask).to(clip.features.mask_features.device)

    def _asked_agreement(self, clip: Clip, given: Annotation | None) -> float:
        assert given is not None and given.mask is not None
        area = float(clip.geometry.mask_to_padded(given.mask).sum())
        return self._config.first_mask_threshold * min(1.0, area / FULL_AREA)

    # -- memory and results ---------------------------------------------------------------------

    def _remember(self, clip: Clip) -> None:
        """Keeps masks for the prompt memory, and gives leaving frames to the pixel memory."""
        mean = self._window.mean(clip.start, clip.stop)
        first = min(self._config.stride, len(clip) - 1)
        self._pending = PendingFrames(
            clip.features[first:],
            clip.frame_indices[first:],
            (mean[:, first:] > 0).float(),
            clip.start + first,
        )
        if self._memory.pixels is None:
            return
        for column in range(min(self._config.stride, len(clip))):
            seen = self._window.count[:, column] > 0
            masks = {
                i: mean[row, column].sigmoid()
                for row, i in enumerate(self._memory.ids)
                if bool(seen[row])
            }
            marked = [i for i in masks if self._anchors[i] == clip.start + column]
            self._memory.remember_masks(clip.features[column : column + 1], masks, marked)

    def _emit(self, count: int) -> list[FrameResult]:
        return self._results.emit(self._window.take(count), self._memory.ids, self._given)
