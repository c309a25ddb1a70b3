"""The memory read-out against a plain loop over cells, and its start as label propagation."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from vidseg.models.univs.propagation import MapKind, Propagation, PropagationConfig

TILE, HALO = 4, 2


@pytest.fixture
def propagation() -> Propagation:
    torch.manual_seed(0)
    config = PropagationConfig(key_channels=8, tile=TILE, halo=HALO, refiner_channels=4)
    return Propagation(config, key_sources=(3, 5), hidden=8).eval()


def unit(*shape: int) -> Tensor:
    return F.normalize(torch.randn(*shape), dim=-3)


def slow_read(query: Tensor, keys: Tensor, values: Tensor, scale: float, near: bool) -> Tensor:
    """One query cell at a time: softmax over the cells of all frames that it may see."""
    _, h, w = query.shape
    out = torch.zeros(values.shape[1], h, w)
    for y in range(h):
        for x in range(w):
            y0, x0 = (y // TILE) * TILE - HALO, (x // TILE) * TILE - HALO
            side = TILE + 2 * HALO
            rows = slice(max(y0, 0), y0 + side) if near else slice(None)
            columns = slice(max(x0, 0), x0 + side) if near else slice(None)
            k = keys[:, :, rows, columns].permute(0, 2, 3, 1).flatten(0, 2)
            v = values[:, :, rows, columns].permute(0, 2, 3, 1).flatten(0, 2)
            out[:, y, x] = torch.softmax(k @ query[:, y, x] * scale, 0) @ v
    return out


@pytest.mark.parametrize("size", [(8, 8), (7, 10), (3, 5)])
@pytest.mark.parametrize("near", [True, False])
def test_reads_equal_a_loop_over_cells(
    propagation: Propagation, size: tuple[int, int], near: bool
) -> None:
    query, keys, values = unit(8, *size), unit(3, 8, *size), torch.rand(3, 2, *size)
    read = propagation.read_nearby if near else propagation.read_anywhere
    got = read(query[None], keys[None], values[None])[0]
    scale = propagation.log_scale[int(near)].exp().item()
    torch.testing.assert_close(got, slow_read(query, keys, values, scale, near))


def test_starts_as_label_propagation(propagation: Propagation) -> None:
    """Before any training the maps alone decide the sign of the logits."""
    maps = torch.zeros(1, 2, 1, len(MapKind), 4, 4)
    maps[0, 0, 0, MapKind.ANCHOR] = 1
    maps[0, 1, 0, MapKind.ANCHOR] = -1
    logits = propagation.fuse(
        torch.zeros(1, 2, 1, 8, 8), torch.randn(1, 2, 1, 8), maps, torch.randn(1, 1, 8, 8, 8)
    )
    assert (logits[0, 0] > 0).all() and (logits[0, 1] < 0).all()


def test_unknown_maps_leave_the_logits_alone(propagation: Propagation) -> None:
    logits = torch.randn(1, 2, 1, 8, 8)
    maps = torch.zeros(1, 2, 1, len(MapKind), 4, 4)
    fused = propagation.fuse(logits, torch.randn(1, 2, 1, 8), maps, torch.randn(1, 1, 8, 8, 8))
    torch.testing.assert_close(fused, logits)


def test_keys_have_unit_length(propagation: Propagation) -> None:
    keys = propagation.keys(torch.randn(2, 3, 8, 8), torch.randn(2, 5, 4, 4))
    torch.testing.assert_close(keys.norm(dim=1), torch.ones(2, 8, 8))


@pytest.mark.parametrize("near", [True, False])
def test_new_cells_hear_nothing_against_an_object(near: bool) -> None:
    config = PropagationConfig(key_channels=4, tile=TILE, halo=HALO, doubt=(0.2, 0.6))
    propagation = Propagation(config, key_sources=(2, 2), hidden=8).eval()
    remembered = torch.eye(4)[0].view(1, 1, 4, 1, 1).expand(1, 1, 4, 4, 4)
    # Cosines with what is remembered, by column: 1, 0.6 (known), 0.4 (half way), 0 (new).
    cosines = torch.tensor([1.0, 0.6, 0.4, 0.0])
    query = torch.zeros(1, 4, 4, 4)
    query[:, 0], query[:, 1] = cosines, (1 - cosines**2).sqrt()
    read = propagation.read_nearby if near else propagation.read_anywhere
    against, for_it = read(
        query, remembered, torch.tensor([0.2, 0.9]).view(1, 1, 2, 1, 1).expand(1, 1, 2, 4, 4)
    )[0]
    torch.testing.assert_close(against[0], torch.tensor([0.2, 0.2, 0.35, 0.5]))
    torch.testing.assert_close(for_it, torch.full((4, 4), 0.9))
