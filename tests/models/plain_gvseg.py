"""GvSeg's decoder written plainly: one query, one head and one layer at a time, float64."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from vidseg.models.decoder.mask_decoder import DecoderLayer
from vidseg.models.decoder.tensors import FrameFeatures
from vidseg.models.gvseg.model import GvSeg
from vidseg.models.gvseg.query_init import InitialQueries
from vidseg.models.gvseg.shape_position import descriptors
from vidseg.nn.attention import AttentionBlock
from vidseg.nn.position import grid_position, sine_embedding


def plain_decode(
    model: GvSeg, features: FrameFeatures, queries: InitialQueries, told: list[Tensor] | None = None
) -> list[tuple[Tensor, Tensor]]:
    """(masks [Q, T, h, w], embeddings [Q, C]) of every prediction of one clip.

    Args:
        told: descriptors [Q, C] for each layer; by default those of the query's own mask.
    """
    T, C = len(features), model.config.decoder.hidden
    content, position = queries.content[0], queries.position[0]
    predictions = [_predict(model, content, features)]
    for i, layer in enumerate(model.mask_decoder.layers):
        assert isinstance(layer, DecoderLayer)
        masks = predictions[-1][0]
        level = features.levels[i % 3] + model.mask_decoder.level_embed.weight[i % 3][:, None, None]
        h, w = level.shape[-2:]
        cells = torch.cat([frame.flatten(1).T for frame in level])  # [T h w, C]
        space = grid_position(h, w, C).flatten(0, 1)
        angles = [(t + 1) / (T + 1e-6) * 2 * math.pi for t in range(T)]
        places = torch.cat([space + sine_embedding(torch.tensor(a), C) for a in angles])
        read = []
        for q in range(len(content)):
            small = F.interpolate(masks[q][:, None], size=(h, w), mode="bilinear").flatten()
            seen = small >= 0
            if not seen.any():
                seen = torch.ones_like(seen)
            keys, values = (cells + places)[seen], cells[seen]
            read.append(_attend(layer.image, content[q], content[q] + position[q], keys, values))
        content = torch.stack(read)
        if model.config.shape_aware:
            width = model.config.decoder.hidden
            own = descriptors(masks[:, T // 2] > 0, model.config.descriptor, width)
            added = own if told is None else told[i]
            for q in range(len(content)):
                if queries.described[q]:
                    content[q] += added[q]
        keys = content + position
        blocks = layer.queries.block
        content = torch.stack(
            [_attend(blocks, c, k, keys, content) for c, k in zip(content, keys, strict=True)]
        )
        block = layer.feed_forward
        content = block.norm(content + block.contract(block.expand(content).clamp(min=0)))
        predictions.append(_predict(model, content, features))
    return predictions


def _predict(model: GvSeg, content: Tensor, features: FrameFeatures) -> tuple[Tensor, Tensor]:
    heads = model.mask_decoder.heads
    embeddings = heads.norm(content)
    kernels = heads.mask_embedding(embeddings)
    masks = [
        [(k[:, None, None] * frame).sum(0) for frame in features.mask_features] for k in kernels
    ]
    return torch.stack([torch.stack(one) for one in masks]), embeddings


def _attend(
    block: AttentionBlock, content: Tensor, query: Tensor, keys: Tensor, values: Tensor
) -> Tensor:
    own = block.attention
    weights, biases = own.in_proj_weight.chunk(3), own.in_proj_bias.chunk(3)
    q, k, v = (x @ m.T + b for x, m, b in zip((query, keys, values), weights, biases, strict=True))
    width = len(query) // own.heads
    parts = []
    for head in range(own.heads):
        cut = slice(head * width, (head + 1) * width)
        share = (k[:, cut] @ q[cut] / math.sqrt(width)).softmax(0)
        parts.append(share @ v[:, cut])
    out: Tensor = block.norm(content + own.out_proj(torch.cat(parts)))
    return out
