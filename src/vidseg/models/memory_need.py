"""Memory that a model needs for pictures of a size, counted without computing anything."""

from __future__ import annotations

import weakref
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from .gvseg.config import GvSegConfig
from .gvseg.model import GvSeg
from .loading import ModelConfig, build_model
from .mask2former import Mask2Former

CLASSES = 133
"""Class names that the count supposes, as many as COCO panoptic has."""


@dataclass(frozen=True)
class MemoryNeed:
    """Bytes in float32.

    Attributes:
        weights: of parameters and buffers.
        work: most bytes of other tensors alive at once while one clip goes through the encoder
            and then through the decoder with its learnable queries. Copies inside a kernel, the
            text encoder, prompts, results that are kept and what the allocator holds in reserve
            come on top.
    """

    weights: int
    work: int


def memory_need(config: ModelConfig, frames: int, height: int, width: int) -> MemoryNeed:
    """What a clip of ``frames`` pictures needs; the sides are rounded up to multiples of 32.

    The model runs on tensors that have shapes and no content, and their bytes are counted while
    they are alive.
    """
    size = [side + -side % 32 for side in (height, width)]
    if isinstance(config, GvSegConfig):  # what descriptors take depends on the masks
        config = replace(config, shape_aware=False)
    with torch.device("meta"), torch.no_grad():
        model = build_model(config).eval()
        images = torch.zeros(frames, 3, *size)
        classes = torch.zeros(CLASSES, config.decoder.text_dim)
        indices = torch.zeros(1, frames, dtype=torch.long)
        with _LiveBytes() as live:
            features = model.encode_frames(images)
            if isinstance(model, Mask2Former):
                model.decode(features)
            elif isinstance(model, GvSeg):
                model.decode(features, frames, model.learned_queries(), classes, auxiliary=False)
            else:
                model.decode(features, indices, class_embeddings=classes, auxiliary=False)
    weights = sum(t.numel() * t.element_size() for t in model.state_dict().values())
    return MemoryNeed(weights, live.peak + images.numel() * images.element_size())


class _LiveBytes(TorchDispatchMode):
    """Counts bytes of storages that were made while it is on and still have a tensor."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.peak = 0
        self._alive = 0
        self._tensors: dict[int, int] = {}

    def __torch_dispatch__(
        self,
        func: Any,
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        given = {_storage(t) for t in tree_leaves((args, kwargs)) if isinstance(t, Tensor)}
        out = func(*args, **(kwargs or {}))
        for tensor in tree_leaves(out):
            if isinstance(tensor, Tensor):
                self._watch(tensor, given)
        self.peak = max(self.peak, self._alive)
        return out

    def _watch(self, tensor: Tensor, given: set[int]) -> None:
        key = _storage(tensor)
        if key in given and key not in self._tensors:
            return  # a view of a weight
        if key not in self._tensors:
            self._alive += tensor.untyped_storage().nbytes()
        self._tensors[key] = self._tensors.get(key, 0) + 1
        weakref.finalize(tensor, self._leave, key, tensor.untyped_storage().nbytes())

    def _leave(self, key: int, size: int) -> None:
        self._tensors[key] -= 1
        if not self._tensors[key]:
            del self._tensors[key]
            self._alive -= size


def _storage(tensor: Tensor) -> int:
    return int(tensor.untyped_storage()._cdata)
