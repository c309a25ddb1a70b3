"""What a pickle gets in place of torch's functions that put a tensor together."""

from __future__ import annotations

import io
from typing import Any

import torch
from torch import Tensor

from ....formats.plain_pickle import Makers, NotPlainError
from .torch_files import load_torch


def _storage(content: Any, *_: object) -> Any:
    """Numbers that were pickled with the tensor, as in .pkl files made of torch's tensors."""
    if not isinstance(content, bytes):
        raise NotPlainError("a tensor without numbers")
    return load_torch(io.BytesIO(content))


def _rebuilt(storage: Any, offset: Any, size: Any, stride: Any, *_: object) -> Tensor:
    if not isinstance(storage, torch.TypedStorage):
        raise NotPlainError("a tensor without numbers")
    empty = torch.empty(0, dtype=storage.dtype)
    # set_ refuses what reaches beyond the storage
    tensor: Tensor = empty.set_(storage._untyped_storage, offset, size, stride)
    return tensor


def _parameter(data: Any, *_: object) -> Any:
    return data


TENSOR_MAKERS: Makers = {
    ("torch.storage", "_load_from_bytes"): _storage,
    ("torch._utils", "_rebuild_tensor_v2"): _rebuilt,
    ("torch._utils", "_rebuild_parameter"): _parameter,
}
