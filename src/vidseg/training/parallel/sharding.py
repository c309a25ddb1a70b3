"""The training module as each process runs it: alone, replicated (DDP) or sharded (FSDP2)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, Literal, cast

import torch
from torch import Tensor, nn
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import FSDPModule, fully_shard
from torch.distributed.tensor import DTensor, distribute_tensor
from torch.nn.parallel import DistributedDataParallel

from ...errors import TrainingError
from .processes import Team

Sharding = Literal["none", "fsdp"]
OptimiserState = dict[str, dict[str, Tensor]]
"""State tensors of each parameter by the parameter's name, independent of how many processes."""


class Replica:
    """A module with the same weights and gradients in all processes of a run.

    With ``fsdp`` parameters, gradients, optimiser state and averages are spread over the
    processes. All of the module is one unit: what a batch is asked (prompts of one kind or
    another) decides which parts get a gradient, and processes that see different batches would
    otherwise wait for each other in a different order. A run of one process has nothing to
    spread.

    Args:
        module: on its device; changed in place by ``fsdp``, so build optimisers afterwards.
            Its output is a dict with the loss under ``"total"``.
    """

    def __init__(self, module: nn.Module, team: Team, sharding: Sharding) -> None:
        self.module = module
        self.sharded = sharding == "fsdp" and team.world > 1
        self.forward: nn.Module = module
        if self.sharded:
            _shard(module, team)
        elif team.world > 1:
            self.forward = DistributedDataParallel(module, find_unused_parameters=True)

    @contextmanager
    def part(self, *, last: bool) -> Iterator[None]:
        """Forward and backward pass of one part of a step; the last one averages gradients."""
        context: AbstractContextManager[None] = nullcontext()
        if self.sharded:
            cast(FSDPModule, self.module).set_requires_gradient_sync(last)
        elif isinstance(self.forward, DistributedDataParallel) and not last:
            context = self.forward.no_sync()
        with context:
            yield

    def drop_absent_gradients(self) -> None:
        """Lets the optimiser skip parameters that no process used in this step.

        Otherwise weight decay would wear down, say, the text parts in a run without text. Only
        shards need this: the other ways leave such parameters without a gradient.
        """
        if not self.sharded:
            return
        used = [p for p in self.module.parameters() if p.grad is not None]
        if not used:
            return
        found = torch.stack([_local(p.grad).count_nonzero() for p in used if p.grad is not None])
        torch.distributed.all_reduce(found)
        for parameter, count in zip(used, found.tolist(), strict=True):
            if count == 0:
                parameter.grad = None


def _shard(module: nn.Module, team: Team) -> None:
    for name, parameter in module.named_parameters():
        if parameter.ndim == 0:
            raise TrainingError(
                f"engine.sharding is fsdp, but {name} is a single number, which cannot be sharded; "
                f"set engine.sharding=none."
            )
        parameter.data = parameter.data.contiguous()
    # Registered first, hence called while the parameters are still whole.
    module.register_forward_hook(_touch_all)
    fully_shard(module, mesh=init_device_mesh(team.device.type, (team.world,)))


def _touch_all(module: nn.Module, _: Any, output: dict[str, Tensor]) -> dict[str, Tensor]:
    """Gives every trained parameter a gradient, zero where it took no part.

    Shards are reduced over exactly the parameters that have one, and processes must agree.
    """
    empty = [p.reshape(-1)[:0].sum() for p in module.parameters() if p.requires_grad]
    return {**output, "total": output["total"] + torch.stack(empty).sum()}


def whole(tensor: Tensor) -> Tensor:
    """A copy on the CPU, gathered from all processes if it is sharded."""
    value = tensor.detach()
    if isinstance(value, DTensor):
        value = value.full_tensor()
    return value.cpu().clone() if value.device.type == "cpu" else value.cpu()


def shard_like(tensor: Tensor, like: Tensor) -> Tensor:
    """This process's part of a whole tensor that all processes hold, placed as ``like``."""
    value = tensor.to(like.device)
    if isinstance(like, DTensor):
        return distribute_tensor(value, like.device_mesh, like.placements, src_data_rank=None)
    return value


def whole_state(model: nn.Module) -> dict[str, Tensor]:
    """Parameters and buffers on the CPU by name. All processes must call it together."""
    return {name: whole(value) for name, value in model.state_dict().items()}


def optimiser_state(model: nn.Module, optimiser: torch.optim.Optimizer) -> OptimiserState:
    """Whole state tensors of the trained parameters. All processes must call it together."""
    return {
        name: {key: whole(value) for key, value in optimiser.state[parameter].items()}
        for name, parameter in model.named_parameters()
        if parameter in optimiser.state
    }


def load_optimiser_state(
    model: nn.Module,
    optimiser: torch.optim.Optimizer,
    state: Mapping[str, Mapping[str, Tensor]],
) -> None:
    """Inverse of :func:`optimiser_state`; parameters without saved state start afresh."""
    for name, parameter in model.named_parameters():
        if name in state and parameter.requires_grad:
            optimiser.state[parameter] = {
                # Counters of steps stay on the CPU, where AdamW keeps them.
                key: value if value.ndim == 0 else shard_like(value, parameter)
                for key, value in state[name].items()
            }


def _local(tensor: Tensor) -> Tensor:
    return tensor.to_local() if isinstance(tensor, DTensor) else tensor
