"""VOS by GvSeg: every marked object owns one query for the whole video (GvSeg Eq. 7)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from ....models.gvseg.model import GvSeg
from ....models.gvseg.query_init import InitialQueries
from ....models.prompts.regions import VisualRegions
from ....prompts import Prompt
from ....results import FrameResult, Track
from ...clip import Clip
from ...config import InferenceConfig
from ...mask_scores import mask_quality
from ...memory.frame_window import FrameWindow
from ...tracking.clip_association import DescribeMasks, describer, first_visible
from ..annotations import Annotation, sort_annotations
from ..base import check_finite
from ..prompted.contest import resolved, settle_backgrounds, winners
from ..prompted.results import PromptedResults


@dataclass(eq=False)
class Exemplar:
    """What is known of one object; nothing of it grows with the video.

    Attributes:
        anchor: position of the frame on which the user marked it last.
        query: [1, 1, C] for the next clip.
        look: [C] running embedding, None until a clip showed it.
        shape: [C] descriptor of the last frame that showed it.
    """

    anchor: int
    query: InitialQueries
    look: Tensor | None = None
    shape: Tensor | None = None


class ExemplarPolicy:
    """One video of VOS. Per clip: enter new objects, decode once, settle, re-initialise, answer.

    An object marked in the clip is taken at its word; the others must look as they did
    (GvSeg Eq. 6).
    """

    def __init__(self, model: GvSeg, config: InferenceConfig) -> None:
        self._model = model
        self._config = config
        self._window = FrameWindow()
        self._objects: dict[int, Exemplar] = {}
        self._given: dict[tuple[int, int], Annotation] = {}
        self._results = PromptedResults(config.published)
        decoder = model.config.decoder
        self._describe: DescribeMasks = describer(model.config.descriptor, decoder.hidden)

    def step(self, clip: Clip, prompts: Sequence[Prompt]) -> list[FrameResult]:
        """As :meth:`TaskPolicy.step`."""
        self._window.open(clip, clip.geometry.grid)
        self._given = {k: v for k, v in self._given.items() if k[1] >= clip.start}
        for annotation in sort_annotations(prompts, clip, self._objects):
            self._enter(clip, annotation)
        if self._objects:
            self._decode(clip)
        return self._emit(self._config.stride)

    def finish(self) -> list[FrameResult]:
        """As :meth:`TaskPolicy.finish`."""
        return self._emit(self._window.stop - self._window.start)

    def tracks(self) -> tuple[Track, ...]:
        """As :meth:`TaskPolicy.tracks`."""
        return self._results.tracks()

    def _emit(self, count: int) -> list[FrameResult]:
        return self._results.emit(self._window.take(count), list(self._objects), self._given)

    def _enter(self, clip: Clip, annotation: Annotation) -> None:
        """Makes or renews the query of a marked object; a point refines what is known."""
        name, position = annotation.object_id, annotation.position
        self._results.describe(annotation)
        if annotation.mask is not None:
            self._given[name, position] = annotation
        known = self._objects.get(name)
        if not annotation.prompts:  # only said where the object is not
            assert known is not None
            known.anchor = position
            return
        features = clip.features[position - clip.start : position - clip.start + 1]
        regions = annotation.regions(clip.geometry, features.mask_features)
        query = self._model.exemplar_queries(features, regions)
        if known is None:
            self._objects[name] = Exemplar(position, query)
            self._window.add_rows(1)
        elif annotation.redefines:
            self._objects[name] = Exemplar(position, query)
        else:
            mean = (known.query.content + query.content) / 2
            known.query = InitialQueries(mean, query.position, query.described)
            known.anchor = position

    def _decode(self, clip: Clip) -> None:
        queries = InitialQueries.cat([o.query for o in self._objects.values()])
        final = check_finite(self._model.decode(clip.features, len(clip), queries).final, clip)
        cells = final.mask_logits[0].float()
        looks = final.embeddings[0].float().mean(1)
        logits = settle_backgrounds(list(self._objects), clip.geometry.measured(cells.clone()))
        similarity = self._similarity(clip, cells, looks)
        kept = self._settle(clip, logits, similarity)
        for row, (name, known) in enumerate(self._objects.items()):
            if row in kept and name > 0:
                self._update(known, looks[row])
        self._renew(clip, kept)

    def _similarity(self, clip: Clip, cells: Tensor, looks: Tensor) -> Tensor:
        """[N] GvSeg Eq. 6 of each object with itself; 1 for those marked in this clip."""
        known = list(self._objects.values())
        now = looks
        shapes = self._config.gvseg.affinity == "shape_position"
        if shapes:
            now = looks + self._describe(first_visible(cells > 0))
        values = looks.new_ones(len(known))
        for row, one in enumerate(known):
            if one.look is not None and one.anchor < clip.start:
                before = one.look if one.shape is None or not shapes else one.look + one.shape
                values[row] = F.cosine_similarity(before, now[row], dim=0)
        return values

    def _settle(self, clip: Clip, logits: Tensor, similarity: Tensor) -> list[int]:
        """Who owns which pixel; writes the window and returns the rows that are there."""
        ids = list(self._objects)
        marked = torch.tensor([self._objects[i].anchor >= clip.start for i in ids])
        there = marked.to(similarity.device) | (
            similarity > self._config.tracking.consistency_threshold
        )
        for row, name in enumerate(ids):
            before = max(0, self._objects[name].anchor - clip.start)
            logits[row, :before] = -1.0  # not marked yet, so not there
            if name < 0:
                self._window.assign(row, slice(before, None), logits[row, before:])
        rows = [r for r, i in enumerate(ids) if i > 0 and bool(there[r])]
        if not rows:
            return []
        claimed = logits[rows]
        for k, row in enumerate(rows):
            given = self._given.get((ids[row], self._objects[ids[row]].anchor))
            if given is not None:
                column = given.position - clip.start
                assert given.mask is not None
                claimed[k, column] = clip.geometry.given_logits(given.mask).to(claimed)
        strength = similarity[rows].square() * mask_quality(claimed)
        won = winners(self._config.published, strength, claimed.sigmoid(), claimed)
        area = (claimed > 0).flatten(1).sum(1)
        share = (won & (claimed > 0)).flatten(1).sum(1) / area.clamp(min=1)
        enough = (share > self._config.kept_area_threshold).tolist()
        settled = resolved(self._config.published, claimed, won)
        kept = []
        for k, row in enumerate(rows):
            first = max(0, self._objects[ids[row]].anchor - clip.start)
            if enough[k] or bool(marked[row]):
                self._window.assign(row, slice(first, None), settled[k, first:])
                kept.append(row)
        return kept

    def _update(self, known: Exemplar, look: Tensor) -> None:
        """Moves the running embedding on."""
        momentum = self._config.gvseg.embedding_momentum
        assert momentum is not None, "checked before"
        known.look = look if known.look is None else torch.lerp(look, known.look, momentum)

    def _renew(self, clip: Clip, kept: Sequence[int]) -> None:
        """Shapes of the last frame in sight, and queries out of the last confident mask."""
        names = list(self._objects)
        mean = self._window.mean(clip.start, clip.stop)
        masks, quality = mean > 0, mask_quality(mean)
        visible = masks.flatten(2).any(2)
        for t in range(len(clip)):
            rows = [
                r
                for r in kept
                if bool(visible[r, t]) and not bool(visible[r, t + 1 :].any())  # t is its last
            ]
            if not rows:
                continue
            shapes = self._describe(masks[rows, t])
            sure = [r for r in rows if float(quality[r]) > self._config.stability_threshold]
            queries = self._queries(clip, t, masks[sure, t])
            for k, row in enumerate(rows):
                self._objects[names[row]].shape = shapes[k]
            for k, row in enumerate(sure):
                if self._config.gvseg.exemplars == "last_confident":
                    self._objects[names[row]].query = InitialQueries(
                        queries.content[:, k : k + 1],
                        queries.position[:, k : k + 1],
                        queries.described[k : k + 1],
                    )

    def _queries(self, clip: Clip, t: int, masks: Tensor) -> InitialQueries:
        """Exemplars [1, n, C] of masks [n, h, w] on a frame of the clip."""
        size = clip.geometry.padded
        large = F.interpolate(masks[:, None].float(), size=size)[:, 0]
        return self._model.exemplar_queries(
            clip.features[t : t + 1], VisualRegions.from_masks(large)
        )
