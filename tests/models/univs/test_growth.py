"""Growth is for what is only remembered."""

from __future__ import annotations

import torch

from vidseg.models.univs.propagation import MapKind, Propagation, PropagationConfig


def test_growth_moves_remembered_objects_alone() -> None:
    torch.manual_seed(0)
    propagation = Propagation(PropagationConfig(key_channels=8, refiner_channels=4), (3, 5), 8)
    maps = torch.zeros(1, 2, 1, len(MapKind), 4, 4)
    maps[0, 0, 0, MapKind.RECENT, 1, 1] = -0.5
    maps[0, 1, 0, MapKind.PROMPT] = 1
    inputs = torch.zeros(1, 2, 1, 8, 8), torch.zeros(1, 2, 1, 8), maps, torch.zeros(1, 1, 8, 8, 8)
    before = propagation.fuse(*inputs)
    with torch.no_grad():
        propagation.growth.fill_(1.5)
    moved = propagation.fuse(*inputs) - before
    torch.testing.assert_close(moved[0, 0], torch.full((1, 8, 8), 1.5))
    assert (moved[0, 1] == 0).all()
