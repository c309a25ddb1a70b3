"""VOS by the similarity of learnable queries (UniVS Table 4b), beside the tracker by prompts."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import torch

from vidseg.inference.policies.prompted.policy import PromptedPolicy
from vidseg.models.decoder.tensors import Prediction


def test_known_objects_are_the_learnable_queries_most_like_them() -> None:
    """Object 7 looked like learnable query 1; object 9 is marked in this clip and stays."""
    policy: Any = PromptedPolicy.__new__(PromptedPolicy)
    policy._memory = SimpleNamespace(ids=(7, 9))
    policy._anchors = {7: 0, 9: 4}
    remembered = torch.zeros(2, 2, 3)
    remembered[0, :, 1] = 5.0
    policy._embeddings = SimpleNamespace(values=remembered)
    embeddings = torch.eye(3)[None, [0, 1, 2, 2, 2], None]  # three learnable, then two prompts
    masks = torch.arange(5.0)[None, :, None, None, None].expand(1, 5, 1, 2, 2)
    clip: Any = SimpleNamespace(start=4)
    found = policy._answered_by_learnable(clip, Prediction(masks, None, embeddings, 3))
    assert found.mask_logits[0, :, 0, 0, 0].tolist() == [0, 1, 2, 1, 4]
    assert found.embeddings[0, 3, 0].tolist() == [0, 1, 0]
    assert masks[0, 3, 0, 0, 0] == 3, "the prediction that came in is left as it was"
