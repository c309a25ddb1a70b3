"""Comparison with reference numbers that prints what it measured."""

from __future__ import annotations

from torch import Tensor


def report_difference(name: str, got: Tensor, want: Tensor, limit: float = 1e-4) -> None:
    """Prints the largest absolute difference and fails above ``limit``."""
    assert got.shape == want.shape, f"{name}: shape {tuple(got.shape)}, want {tuple(want.shape)}"
    difference = (got.double() - want.double()).abs().max().item() if want.numel() else 0.0
    print(f"{name}: max abs difference {difference:.2e} (limit {limit:.0e})")
    assert difference <= limit, f"{name}: differs by {difference:.3e}, limit {limit:.0e}"
