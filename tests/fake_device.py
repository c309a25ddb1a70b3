"""A second device on a machine that has none: tensors that obey a GPU's rules and hold CPU ones.

Inside :func:`fake_device`, tensors made on ``DEVICE`` (or moved there) are :class:`FakeTensor`.
Every operation on them runs on the CPU tensors inside, so results without gradients are those of
the CPU bit for bit, and

- it fails where tensors of both devices meet in a way that CUDA refuses: only single numbers of
  the CPU mix with those of a GPU, and only index tensors of the CPU pick from one;
- what makes the host wait is counted, with the line of vidseg that asked for it: *reads* bring
  values to the host (``item``, ``tolist``, ``bool``, ``cpu``), or need them there to know a shape
  (``nonzero``, picking with a mask); *writes* are copies of host memory to the device (``to``,
  ``torch.tensor(..., device=...)``, picking with a list of Python).

The device is called "meta", the one name besides "cpu" that every build of torch takes.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode, return_and_correct_aliasing
from torch.utils._pytree import tree_flatten, tree_map, tree_unflatten

DEVICE = torch.device("meta")

_READS = {
    "_local_scalar_dense", "item", "is_nonzero", "equal", "allclose", "nonzero", "nonzero_numpy",
    "argwhere", "masked_select", "_unique2", "unique_dim", "unique_consecutive", "bincount",
    "linalg_solve", "linalg_solve_ex", "_linalg_solve_ex", "linalg_cholesky", "linalg_inv",
    "linalg_lstsq", "_linalg_check_errors",
}  # fmt: skip
"""Operations whose result or shape the host must know."""

_PICKS = {"index", "index_put", "index_put_", "_index_put_impl_", "_unsafe_index"}


class FakeTensor(Tensor):
    """A tensor on the fake device; ``held`` has its values."""

    held: Tensor

    @staticmethod
    def __new__(cls, inner: Tensor) -> FakeTensor:
        with torch.inference_mode(False):  # views of weights must count versions as these do
            made = Tensor._make_wrapper_subclass(
                cls,
                inner.size(),
                strides=inner.stride(),
                storage_offset=inner.storage_offset(),
                dtype=inner.dtype,
                device=DEVICE,
                requires_grad=inner.requires_grad,
            )
        made.held = inner.detach()
        return made

    def __repr__(self, *, tensor_contents: Any = None) -> str:  # type: ignore[override]
        return f"FakeTensor({self.held!r})"

    @classmethod
    def __torch_dispatch__(  # type: ignore[override]  # the stub has no class method
        cls, func: Any, types: Any, args: Sequence[Any] = (), kwargs: Any = None
    ) -> Any:
        raise AssertionError("a tensor of the fake device is used outside of fake_device()")


@dataclass
class Waits:
    """What made the host wait, by (kind, place in vidseg)."""

    places: Counter[tuple[str, str]] = field(default_factory=Counter)

    def count(self, kind: str) -> None:
        self.places[kind, _place()] += 1

    def total(self, kind: str) -> int:
        return sum(n for (k, _), n in self.places.items() if k == kind)


class _Dispatch(TorchDispatchMode):
    def __init__(self, waits: Waits) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._waits = waits

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Sequence[Any] = (), kwargs: Any = None
    ) -> Any:
        if func._schema.name in ("aten::to", "aten::type_as"):
            with self:  # says which device only when taken apart
                return func.decompose(*args, **(kwargs or {}))
        return _run(func, args, kwargs or {}, self._waits)


class _Functions(TorchFunctionMode):
    """What torch does for its own devices before any operation is dispatched."""

    def __init__(self, waits: Waits) -> None:
        super().__init__()
        self._waits = waits

    def __torch_function__(
        self, func: Any, types: Any, args: Sequence[Any] = (), kwargs: Any = None
    ) -> Any:
        kwargs = dict(kwargs or {})
        if func in (torch.tensor, torch.as_tensor) and args and isinstance(args[0], Tensor):
            return args[0].to(kwargs.get("device"), kwargs.get("dtype"))
        if func in (torch.tensor, torch.as_tensor) and _is_fake_device(kwargs.get("device")):
            device = kwargs.pop("device")
            return func(*args, **kwargs).to(device)
        if args and isinstance(args[0], FakeTensor):
            own, rest = args[0], args[1:]
            if func in (Tensor.__getitem__, Tensor.__setitem__):
                rest = (_key(rest[0]), *rest[1:])
                return func(own, *rest)
            if func is Tensor.new_tensor:
                kwargs.setdefault("dtype", own.dtype)
                return torch.tensor(*rest, **kwargs).to(own.device)
            if func == Tensor.data.__set__:  # type: ignore[attr-defined]
                own.held = rest[0].held
                return func(*args)
            if func is Tensor.tolist:
                self._waits.count("read")
                return own.held.tolist()
            if func in (Tensor.numpy, Tensor.__array__):
                raise AssertionError(f"numpy reads a tensor of the device in {_place()}")
            if func in (Tensor.__int__, Tensor.__float__, Tensor.__bool__, Tensor.__index__):
                self._waits.count("read")
                return getattr(own.held, func.__name__)()
        return func(*args, **kwargs)


def _key(key: Any) -> Any:
    """A key of []; lists of Python become tensors of the device, as torch makes them."""
    if isinstance(key, tuple):
        return tuple(_key(part) for part in key)
    if isinstance(key, (list, range)) and all(isinstance(k, (int, bool)) for k in key):
        dtype = None if len(key) else torch.long
        return torch.tensor(list(key), dtype=dtype).to(DEVICE)
    return key


@contextmanager
def fake_device() -> Iterator[Waits]:
    """Within it ``DEVICE`` computes; gives what makes the host wait, as it is counted."""
    waits = Waits()
    autocast = torch.autocast

    def on_cpu(device: str, *args: Any, **options: Any) -> Any:
        return autocast("cpu" if device == DEVICE.type else device, *args, **options)

    with ExitStack() as stack:
        stack.enter_context(mock.patch("torch.autocast", on_cpu))
        stack.enter_context(_Functions(waits))
        stack.enter_context(_Dispatch(waits))
        yield waits


def _run(func: Any, args: Sequence[Any], kwargs: dict[str, Any], waits: Waits) -> Any:
    name = func._schema.name.removeprefix("aten::")
    flat, shape = tree_flatten((args, kwargs))
    fakes = [x for x in flat if isinstance(x, FakeTensor)]
    target = kwargs.get("device")
    made_here = _is_fake_device(target)
    if not fakes and not made_here:
        return func(*args, **kwargs)
    if fakes:
        _check(func, name, args, flat)
    _count(name, args, flat, target, waits)
    inner = [x.held if isinstance(x, FakeTensor) else x for x in flat]
    plain_args, plain_kwargs = tree_unflatten(inner, shape)
    if made_here:
        plain_kwargs = {**plain_kwargs, "device": torch.device("cpu")}
    out = func(*plain_args, **plain_kwargs)
    if name == "copy_" and not isinstance(args[0], FakeTensor):
        return args[0]
    if target is not None and not made_here:  # the way to the host; never the same memory
        return tree_map(lambda x: x.clone() if isinstance(x, Tensor) else x, out)
    wrapped = tree_map(lambda x: FakeTensor(x) if isinstance(x, Tensor) else x, out)
    return return_and_correct_aliasing(func, tuple(args), kwargs, wrapped)


def _check(func: Any, name: str, args: Sequence[Any], flat: Sequence[Any]) -> None:
    """Fails where CUDA would: "expected all tensors to be on the same device"."""
    strangers = [x for x in flat if isinstance(x, Tensor) and not isinstance(x, FakeTensor)]
    if not strangers or name in ("copy_", "_to_copy"):
        return
    if name in _PICKS and isinstance(args[0], FakeTensor):
        picks = {id(x) for x in args[1] if x is not None}
        strangers = [x for x in strangers if id(x) not in picks]
    wrong = [x for x in strangers if x.ndim > 0 or name in ("cat", "stack")]
    if wrong or (strangers and not isinstance(_written(func, args), FakeTensor)):
        sizes = [tuple(x.shape) for x in strangers]
        raise AssertionError(f"{name} mixes devices in {_place()}: on the CPU are {sizes}")


def _written(func: Any, args: Sequence[Any]) -> Any:
    """The tensor that an operation writes into; a fake one where it writes into none."""
    first = func._schema.arguments[0] if func._schema.arguments else None
    writes = first is not None and first.alias_info is not None and first.alias_info.is_write
    return (
        args[0] if writes else next(a for a in tree_flatten(args)[0] if isinstance(a, FakeTensor))
    )


def _count(name: str, args: Sequence[Any], flat: Sequence[Any], target: Any, waits: Waits) -> None:
    has_fakes = any(isinstance(x, FakeTensor) for x in flat)
    if name in _READS or (name == "repeat_interleave" and len(args) < 3):
        waits.count("read")
    elif name in _PICKS:
        picks = [x for x in args[1] if x is not None]
        one_value = name != "index" and "index_put" in name and args[2].ndim == 0
        if any(x.dtype in (torch.bool, torch.uint8) for x in picks) and not one_value:
            waits.count("read")
        if any(not isinstance(x, FakeTensor) for x in picks):
            waits.count("write")
    elif name == "copy_" and isinstance(args[0], FakeTensor) != isinstance(args[1], FakeTensor):
        waits.count("write" if isinstance(args[0], FakeTensor) else "read")
    elif name == "_to_copy" and target is not None:
        if has_fakes and not _is_fake_device(target):
            waits.count("read")
        elif not has_fakes and _is_fake_device(target):
            waits.count("write")


def _is_fake_device(device: Any) -> bool:
    return device is not None and torch.device(device) == DEVICE


def _place() -> str:
    """file:line of the innermost line of vidseg on the stack."""
    frame: Any = sys._getframe(1)
    while frame is not None:
        file = Path(frame.f_code.co_filename)
        if "vidseg" in file.parts and "tests" not in file.parts:
            return f"{'/'.join(file.parts[file.parts.index('vidseg') + 1 :])}:{frame.f_lineno}"
        frame = frame.f_back
    return "outside of vidseg"
