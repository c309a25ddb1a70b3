"""Every loss against the reference numbers, with the same points and permutations."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from vidseg.training.losses.class_loss import class_loss
from vidseg.training.losses.config import MatchWeights
from vidseg.training.losses.mask_loss import mask_losses
from vidseg.training.losses.matcher import assign, matching_cost, sample_clip_masks
from vidseg.training.losses.reid_loss import contrastive_loss, cosine_loss, interclip_losses
from vidseg.training.losses.semantic_loss import semantic_loss

from ...parity import Noise, report_difference, report_ids, steady

Golden = Callable[[str], dict[str, Tensor]]


def test_class_loss(golden: Golden) -> None:
    data = golden("losses")
    logits = data["cls_logits_ovis_slice"]
    losses = []
    for clip in range(2):
        labels = data[f"cls_labels_b{clip}"][data[f"cls_tgt_b{clip}"]] - 1
        losses.append(class_loss(logits[clip], data[f"cls_src_b{clip}"], labels))
    total = (3 * losses[0] + losses[1]) / 4
    report_difference("class loss", total[None], data["cls_loss"], 1e-5)


def test_mask_losses(golden: Golden) -> None:
    data = golden("losses")
    logits = data["mask_pred"][0, data["mask_src"]].flatten(0, 1)
    targets = data["mask_gt"][data["mask_tgt"]].flatten(0, 1)
    entropy, dice = mask_losses(logits, targets, data["mask_points"])
    report_difference("mask bce", entropy[None] / 6, data["mask_bce_div6"], 1e-6)
    report_difference("mask dice", dice[None] / 6, data["mask_dice_div6"], 1e-6)


def test_matching(golden: Golden) -> None:
    data = golden("losses")
    points = data["match_points"][0]
    cost = matching_cost(
        sample_clip_masks(data["mask_pred"][0], points),
        sample_clip_masks(data["mask_gt"], points),
        data["match_logits_ovis_slice"][0],
        data["cls_labels_b0"] - 1,
        MatchWeights(),
    )
    report_difference("matching cost", cost, data["match_cost"], 1e-5)

    def matched(seed: int | None) -> Tensor:
        return torch.stack(assign(cost if seed is None else Noise(seed).on(cost)))

    got, decided = steady(matched)
    report_ids("matches", got, torch.stack([data["match_src"], data["match_tgt"]]), decided)


def test_reid_losses(golden: Golden) -> None:
    data = golden("losses")
    embeddings, ids = data["reid_embds"], data["reid_ids"]
    same = ids[:, None] == ids[None]
    contrastive = contrastive_loss(embeddings, embeddings, same, permutation=torch.arange)
    cosine = cosine_loss(embeddings, embeddings, same, permutation=torch.arange)
    report_difference("reid", contrastive[None], data["reid_contrastive_identityperm"], 1e-5)
    report_difference("reid cosine", cosine[None], data["reid_aux_identityperm"], 1e-5)


def test_interclip_losses(golden: Golden) -> None:
    data = golden("losses")
    embeddings, ids = data["reid_embds"], data["reid_ids"]
    anchors = torch.stack([(ids == i).nonzero()[0, 0] for i in range(4)])
    positives = []
    for identity in range(4):
        members = (ids == identity).nonzero().flatten()
        positives.append(members[torch.arange(3) % len(members)])
    contrastive, cosine = interclip_losses(
        embeddings,
        ids,
        anchors=anchors,
        positives=torch.stack(positives),
        permutation=torch.arange,
    )
    report_difference("inter-clip", contrastive[None], data["interclip_contrastive"], 1e-5)
    report_difference("inter-clip cosine", cosine[None], data["interclip_aux"], 1e-5)


def test_semantic_loss(golden: Golden) -> None:
    data = golden("losses")
    index = data["sem_prompt_obj_ids"]
    rows = (index >= 0).nonzero().flatten()
    masks = data["sem_masks"][index[rows]]
    loss = semantic_loss(data["mask_pred"][0], rows, masks, data["sem_points"])
    report_difference("semantic loss", loss[None], data["sem_ce"], 1e-6)
