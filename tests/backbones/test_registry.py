"""From a configuration to a backbone."""

from __future__ import annotations

import pytest

from vidseg.backbones.registry import build_backbone
from vidseg.errors import ModelError


def test_other_configurations_are_refused() -> None:
    with pytest.raises(ModelError, match="type str; use ResNetConfig"):
        build_backbone("resnet50")  # type: ignore[arg-type]
