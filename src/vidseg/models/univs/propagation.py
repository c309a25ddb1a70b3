"""Pixel-level memory read-out: where remembered masks went, cell by cell.

UniVS remembers an object as sampled tokens and names long-term propagation as future work. This
part answers it: the affinity between a frame and remembered frames carries their masks over, and
the resulting soft maps enter the mask logits of the prompt queries. At initialisation the answer
is plain label propagation on the backbone's features; everything learned is residual to that.
Published presets leave it out.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class MapKind(IntEnum):
    """Channels of ``PromptQueries.maps``. Values lie in -1 (not the object) .. 1; 0 is unknown."""

    ANCHOR = 0  # read from the frames on which the object was given or found
    RECENT = 1  # read from the last few frames, nearby cells only
    PREVIOUS = 2  # the mask of the frame before, where it was
    PROMPT = 3  # what the user drew on this very frame


@dataclass(frozen=True, kw_only=True)
class PropagationConfig:
    """Sizes of the memory read-out.

    Attributes:
        key_channels: length D of an affinity key.
        recent_frames: how many last frames the local read looks at.
        anchor_frames: how many anchor frames are kept at most, over all objects.
        tile: the local read answers tiles of this many cells ...
        halo: ... from windows this many cells wider on each side (stride-8 cells).
        refiner_channels: width of the convolutions that sharpen the fused mask.
        doubt: a cell whose best remembered match has a cosine below the first value is new:
            that no remembered object looks like it says nothing about whose it is, so only
            evidence for an object counts there, none against; from the second value on both count
            in full. None: always in full.
    """

    key_channels: int = 152
    recent_frames: int = 4
    anchor_frames: int = 4
    tile: int = 8
    halo: int = 8
    refiner_channels: int = 16
    doubt: tuple[float, float] | None = None


class Propagation(nn.Module):
    """Affinity keys, the two reads and the fusion into mask logits.

    Args:
        config: sizes.
        key_sources: channels of the backbone's stride-8 and stride-16 maps.
        hidden: channels C of embeddings and mask features.
    """

    def __init__(self, config: PropagationConfig, key_sources: tuple[int, int], hidden: int):
        super().__init__()
        self.config = config
        self.key_projection = nn.Conv2d(sum(key_sources), config.key_channels, 1)
        # With as many channels as the backbone gives, keys start as the backbone's own features.
        nn.init.dirac_(self.key_projection.weight)
        assert self.key_projection.bias is not None
        nn.init.zeros_(self.key_projection.bias)
        # Cosine 1 against 0.95 should already decide between two cells: e^(80 * 0.05) = 55 to 1.
        self.log_scale = nn.Parameter(torch.full((2,), 80.0).log())
        self.map_weight = nn.Linear(hidden, len(MapKind))
        nn.init.zeros_(self.map_weight.weight)
        with torch.no_grad():
            self.map_weight.bias.copy_(torch.tensor([3.0, 3.0, 0.5, 3.0]))
        # Parts of an object that come into view have no cell to be read from, so maps err low on
        # real video. Set by calibration: still pictures in motion have no such parts to learn from.
        self.growth = nn.Parameter(torch.zeros(()))
        self.feature_reduction = nn.Conv2d(hidden, config.refiner_channels // 2, 1)
        width = config.refiner_channels
        self.refiner = nn.Sequential(
            nn.Conv2d(width // 2 + 1 + len(MapKind), width, 3, padding=1),
            nn.ReLU(inplace=True),
            nn.Conv2d(width, width, 3, padding=1),
            nn.ReLU(inplace=True),
            nn.Conv2d(width, 1, 3, padding=1),
        )
        last = self.refiner[-1]
        assert isinstance(last, nn.Conv2d) and last.bias is not None
        nn.init.zeros_(last.weight)
        nn.init.zeros_(last.bias)

    @staticmethod
    def raw_keys(stride8: Tensor, stride16: Tensor) -> Tensor:
        """[N, C8 + C16, H/8, W/8]: both maps at stride 8, each of unit length per cell."""
        coarse = F.interpolate(
            stride16, size=stride8.shape[-2:], mode="bilinear", align_corners=False
        )
        return torch.cat([F.normalize(stride8, dim=1), F.normalize(coarse, dim=1)], dim=1)

    def keys(self, stride8: Tensor, stride16: Tensor) -> Tensor:
        """Unit-length affinity keys [N, D, H/8, W/8] of N frames."""
        return F.normalize(self.key_projection(self.raw_keys(stride8, stride16)), dim=1)

    def read_anywhere(self, query: Tensor, keys: Tensor, values: Tensor) -> Tensor:
        """Carries values over by affinity with every remembered cell.

        Args:
            query: [B, D, h, w] keys of the present frame.
            keys: [B, F, D, h, w] keys of F remembered frames.
            values: [B, F, N, h, w] soft masks of N objects on them.

        Returns:
            [B, N, h, w], weighted means of the values.
        """
        B, _, h, w = query.shape
        q = query.flatten(2).transpose(1, 2) * self.log_scale[0].exp()
        k = keys.transpose(1, 2).flatten(2)
        v = values.transpose(1, 2).flatten(2).transpose(1, 2)
        read = self._read(q @ k, v, self.log_scale[0])
        return read.transpose(1, 2).reshape(B, -1, h, w)

    def _read(self, affinity: Tensor, values: Tensor, log_scale: Tensor) -> Tensor:
        """[..., q, N] means of values [..., k, N], weighted by scaled cosines [..., q, k]."""
        read = torch.softmax(affinity, dim=-1) @ values
        if self.config.doubt is None:
            return read
        new, known = self.config.doubt
        cosine = affinity.amax(-1, keepdim=True) / log_scale.exp()
        trust = ((cosine - new) / (known - new)).clamp(0, 1)
        return torch.where(read < 0.5, 0.5 + (read - 0.5) * trust, read)

    def read_nearby(self, query: Tensor, keys: Tensor, values: Tensor) -> Tensor:
        """As :meth:`read_anywhere`, from cells at most about ``halo`` cells away.

        The frame is answered in tiles, each from its own window: a quarter of the work of the
        whole frame at 288 x 512, and no jump to a look-alike at the other end of the picture.
        """
        B, D, h, w = query.shape
        tile, window = self.config.tile, self.config.tile + 2 * self.config.halo
        rows, columns = -(-h // tile), -(-w // tile)
        grow = (0, columns * tile - w, 0, rows * tile - h)

        def windows(x: Tensor) -> Tensor:  # [B, F, C, h, w] -> [B * tiles, F * window², C]
            halo = self.config.halo
            x = F.pad(x, (halo, halo + grow[1], halo, halo + grow[3]))
            x = x.unfold(3, window, tile).unfold(4, window, tile)
            return x.permute(0, 3, 4, 1, 5, 6, 2).reshape(B * rows * columns, -1, x.shape[2])

        q = F.pad(query, grow).unfold(2, tile, tile).unfold(3, tile, tile)
        q = q.permute(0, 2, 3, 4, 5, 1).reshape(B * rows * columns, tile * tile, D)
        inside = windows(keys.new_ones(B, keys.shape[1], 1, h, w)).transpose(1, 2)
        affinity = q * self.log_scale[1].exp() @ windows(keys).transpose(1, 2)
        affinity = affinity.masked_fill(inside == 0, float("-inf"))
        read = self._read(affinity, windows(values), self.log_scale[1])
        read = read.reshape(B, rows, columns, tile, tile, -1).permute(0, 5, 1, 3, 2, 4)
        return read.reshape(B, -1, rows * tile, columns * tile)[..., :h, :w]

    def fuse(
        self, mask_logits: Tensor, embeddings: Tensor, maps: Tensor, mask_features: Tensor
    ) -> Tensor:
        """Adds the evidence of the maps to the mask logits of prompt queries.

        Args:
            mask_logits: [B, Q, T, H/4, W/4] query · features.
            embeddings: [B, Q, T, C], from which each query weighs its maps.
            maps: [B, Q, T, M, H/8, W/8], see :class:`MapKind`.
            mask_features: [B, T, C, H/4, W/4].

        Returns:
            [B, Q, T, H/4, W/4] logits.
        """
        B, Q, T, h, w = mask_logits.shape
        fine = F.interpolate(maps.flatten(0, 2), size=(h, w), mode="bilinear", align_corners=False)
        weight = self.map_weight(embeddings).flatten(0, 2)
        logits: Tensor = mask_logits.flatten(0, 2) + (fine * weight[..., None, None]).sum(1)
        detail = self.feature_reduction(mask_features.flatten(0, 1)).unflatten(0, (B, 1, T))
        detail = detail.expand(B, Q, T, -1, h, w).flatten(0, 2)
        evidence = torch.cat([torch.tanh(logits / 4)[:, None], fine, detail], dim=1)
        remembered = fine[:, MapKind.ANCHOR : MapKind.RECENT + 1].ne(0).flatten(1).any(1)
        logits = logits + self.refiner(evidence)[:, 0] + self.growth * remembered[:, None, None]
        return logits.view(B, Q, T, h, w)
