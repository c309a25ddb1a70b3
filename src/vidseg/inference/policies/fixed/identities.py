"""Ids over time for a model that sees every frame on its own: queries of one frame are paired with
the objects of the frames before by the cosine of their embeddings (MinVIS, Huang et al., 2022).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from torch import Tensor

from ...config import InferenceConfig
from ...tracking.association import assign, cosine_affinity
from ...tracking.entities import Entities


class FrameIdentities:
    """Objects and the queries that show them.

    An object that no query resembles keeps its memory and its id for ``forget_after`` frames.
    """

    def __init__(
        self, config: InferenceConfig, retire: Callable[[Entities, Sequence[int]], None]
    ) -> None:
        """``retire`` is told the rows of objects before these are given up."""
        self._config = config
        self._retire = retire
        self.entities = Entities(memory=config.memory_length, unborn_slots=False)

    def follow(
        self, position: int, live: Tensor, embeddings: Tensor, scores: Tensor
    ) -> dict[int, int]:
        """Opens the next frame and finds the known objects.

        Args:
            position: of the frame in the stream.
            live: [Q] bool, queries that may be objects.
            embeddings: [Q, C]. scores: [Q, K] class probabilities.

        Returns:
            Query -> id of the object that it shows.
        """
        forget_after = self._config.tracking.forget_after
        self._give_up(self.entities.expired(position - 1, forget_after))
        self.entities.open_slot()
        rows = live.nonzero()[:, 0].tolist()
        if not rows or not len(self.entities):
            return {}
        affinity = cosine_affinity(self.entities.embeddings, embeddings[rows][:, None])
        pairs = assign(affinity, self._config.tracking.consistency_threshold)
        known, queries = [n for n, _ in pairs], [rows[q] for _, q in pairs]
        self.entities.blend_embeddings(known, embeddings[queries])
        self.entities.blend_scores(known, scores[queries])
        self.entities.see(known, position)
        return {q: self.entities.ids[n] for n, q in zip(known, queries, strict=True)}

    def bear(
        self,
        position: int,
        rows: Sequence[int],
        embeddings: Tensor,
        scores: Tensor,
        quality: Tensor,
    ) -> dict[int, int]:
        """Starts objects at the queries ``rows``, as many as there is room for, first ones first.

        Arguments and result as of :meth:`follow`, and ``quality`` [Q] of the masks. Objects out of
        sight make room, the longest lost first.
        """
        most = self._config.tracking.max_objects
        if most is not None:
            surplus = len(rows) + len(self.entities) - most
            self._give_up(self.entities.replaceable(position, surplus))
            rows = rows[: max(most - len(self.entities), 0)]
        if not rows:
            return {}
        picked = list(rows)
        born = self.entities.add(embeddings[picked], scores[picked], quality[picked], position)
        return dict(zip(picked, born, strict=True))

    def row(self, identity: int) -> int:
        """Row of an object that is still known."""
        return self.entities.ids.index(identity)

    def _give_up(self, rows: Sequence[int]) -> None:
        if rows:
            self._retire(self.entities, rows)
            gone = set(rows)
            self.entities.keep([row for row in range(len(self.entities)) if row not in gone])
