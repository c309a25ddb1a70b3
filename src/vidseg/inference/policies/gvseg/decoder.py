"""What GvSeg is asked in the tasks that search by class: queries of the task, one pass a clip."""

from __future__ import annotations

import torch

from ....models.decoder.tensors import Prediction
from ....models.gvseg.model import GvSeg, QueryTask
from ..base import Categories, Clip
from ..checked import checked


class TaskDecoder:
    """Decodes clips with the queries of a task (GvSeg Eq. 8 and 9)."""

    def __init__(self, model: GvSeg, task: QueryTask, categories: Categories) -> None:
        self._model = model
        self._task = task
        self._embeddings = categories.embeddings
        is_thing = torch.tensor(categories.is_thing, device=categories.embeddings.device)
        self._is_thing = is_thing
        asked = range(len(categories.names)) if task == "vss" else (~is_thing).nonzero()[:, 0]
        self._names = [categories.names[k] for k in asked] if task != "vis" else []

    def decode(self, clip: Clip) -> Prediction:
        """Answers of all queries, B = 1.

        In VPS a query of the grid can only be a thing and a query of a class only stuff.
        """
        T = len(clip)
        queries = self._model.task_queries(self._task, clip.features, T, self._names)
        out = checked(self._model.decode(clip.features, T, queries, self._embeddings).final, clip)
        if self._task != "vps" or self._model.config.initial == "learned":
            return out
        assert out.class_logits is not None
        things = len(queries) - len(self._names)
        grid = torch.arange(len(queries), device=self._is_thing.device) < things
        wrong = grid[:, None] != self._is_thing
        logits = out.class_logits.masked_fill(wrong, -torch.inf)
        return Prediction(out.mask_logits, logits, out.embeddings, out.learnable)
