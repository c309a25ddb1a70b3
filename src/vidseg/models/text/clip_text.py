"""CLIP's text tower and the encoder of names and sentences made of it."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ...errors import ModelError
from ..files.checkpoints.clip_files import read_text_tower
from ..files.checkpoints.translation import count_layers
from ..files.registry import weights_path
from .clip_templates import TEMPLATES
from .clip_tokens import ClipTokenizer, Truncation, clean_text
from .features import SentenceFeatures
from .kept_features import KeptFeatures

Value = TypeVar("Value")

BATCH = 256
"""Token rows that go through the tower at once."""
KEPT_TOGETHER = 64
"""Names whose features make one file on the disk: what an interruption costs at most."""
MOST_NAMES, MOST_SENTENCES = 8192, 256
"""Texts whose features are remembered: 20 and 50 MB of those of RN50x4."""
_HEAD_WIDTH = 64
"""Channels of an attention head in every published tower."""


@dataclass(frozen=True, kw_only=True)
class ClipTextConfig:
    """Defaults are the text tower of CLIP RN50x4.

    Attributes:
        dim: D_t, width of the joint space.
        width: channels inside the tower.
        layers, heads: of its transformer.
        context: L, tokens per text.
        vocabulary: rows of the token table.
        truncation: what happens to the end token of a text longer than ``context``; see
            :class:`~vidseg.models.text.clip_tokens.ClipTokenizer`.
    """

    dim: int = 640
    width: int = 640
    layers: int = 12
    heads: int = 10
    context: int = 77
    vocabulary: int = 49408
    truncation: Truncation = "keep_end"


class QuickGELU(nn.Module):
    """CLIP's approximation of GELU by a sigmoid; 1.702 makes the two most alike."""

    def forward(self, x: Tensor) -> Tensor:
        return x * torch.sigmoid(1.702 * x)


class ClipAttention(nn.MultiheadAttention):
    """Causal self-attention; the parameters and their names are those of nn.MultiheadAttention."""

    def attend(self, x: Tensor) -> Tensor:
        """[N, L, C] to [N, L, C]; token l sees tokens 0..l."""
        n, length, c = x.shape
        qkv = F.linear(x, self.in_proj_weight, self.in_proj_bias)
        query, key, value = qkv.view(n, length, 3, self.num_heads, -1).permute(2, 0, 3, 1, 4)
        mixed = F.scaled_dot_product_attention(query, key, value, is_causal=True)
        projected: Tensor = self.out_proj(mixed.transpose(1, 2).reshape(n, length, c))
        return projected


class ClipBlock(nn.Module):
    """Pre-norm attention and perceptron."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.attn = ClipAttention(width, heads)
        self.ln_1 = nn.LayerNorm(width)
        self.mlp = nn.Sequential(
            OrderedDict(
                c_fc=nn.Linear(width, 4 * width),
                gelu=QuickGELU(),
                c_proj=nn.Linear(4 * width, width),
            )
        )
        self.ln_2 = nn.LayerNorm(width)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attn.attend(self.ln_1(x))
        out: Tensor = x + self.mlp(self.ln_2(x))
        return out


class ClipTransformer(nn.Module):
    """The blocks, under the name that CLIP files give them."""

    def __init__(self, width: int, heads: int, layers: int) -> None:
        super().__init__()
        self.resblocks = nn.Sequential(*(ClipBlock(width, heads) for _ in range(layers)))

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.resblocks(x)
        return out


class ClipTextTower(nn.Module):
    """Token ids to features in the joint space. Parameter names are CLIP's."""

    def __init__(self, config: ClipTextConfig) -> None:
        super().__init__()
        self.config = config
        self.token_embedding = nn.Embedding(config.vocabulary, config.width)
        self.positional_embedding = nn.Parameter(torch.zeros(config.context, config.width))
        self.transformer = ClipTransformer(config.width, config.heads, config.layers)
        self.ln_final = nn.LayerNorm(config.width)
        self.text_projection = nn.Parameter(torch.zeros(config.width, config.dim))
        nn.init.normal_(self.token_embedding.weight, std=0.02)
        nn.init.normal_(self.positional_embedding, std=0.01)
        nn.init.normal_(self.text_projection, std=config.width**-0.5)

    def forward(self, ids: Tensor) -> tuple[Tensor, Tensor]:
        """Ids [N, L] to the features of all tokens [N, L, D_t] and of the end token [N, D_t].

        The end token is the largest id of a row. L may be shorter than the context: no token
        sees a later one.
        """
        x = self.token_embedding(ids) + self.positional_embedding[: ids.shape[1]]
        words = self.ln_final(self.transformer(x)) @ self.text_projection
        return words, words[torch.arange(len(ids), device=ids.device), ids.argmax(dim=1)]


class ClipTextEncoder:
    """Names and sentences to CLIP features, remembered by content; those of names also on the disk.

    The tower runs on its device; features come back to the CPU. Of each kind the features asked for
    last are remembered.

    Args:
        tower: with its weights loaded; it is put in evaluation mode and never trained.
    """

    def __init__(self, tower: ClipTextTower) -> None:
        self.tower = tower.eval().requires_grad_(False)
        self.tokenizer = ClipTokenizer(tower.config.context, tower.config.truncation)
        self._kept = KeptFeatures(tower, asdict(tower.config), TEMPLATES)
        self._names: dict[str, Tensor] = {}
        self._sentences: dict[str, tuple[Tensor, int]] = {}

    @property
    def dim(self) -> int:
        """D_t."""
        return self.tower.config.dim

    def to(self, device: torch.device) -> ClipTextEncoder:
        """The same encoder, its tower on a device."""
        self.tower.to(device)
        return self

    def encode_names(self, names: Sequence[str]) -> Tensor:
        """[K, D_t] float32: the mean feature over 81 templates, not normalised."""
        cleaned = [clean_text(name) for name in names]
        rows: list[Tensor] = []
        for start in range(0, len(cleaned), KEPT_TOGETHER):
            part = cleaned[start : start + KEPT_TOGETHER]
            if not all(name in self._names for name in part):
                kept = self._kept.read(part)
                if kept is None:
                    self._kept.write(part, torch.stack(self._name_features(part)))
                else:
                    self._names.update(zip(part, kept, strict=True))
            rows += self._name_features(part)
        return torch.stack(rows) if rows else torch.zeros(0, self.dim)

    def encode_sentences(self, texts: Sequence[str]) -> SentenceFeatures:
        """Words are all tokens of template 0, ``lengths`` counts them up to the end token.

        Words at and after ``lengths`` are features of padding; the release uses them too.
        """
        cleaned = [clean_text(text) for text in texts]
        new = [text for text in dict.fromkeys(cleaned) if text not in self._sentences]
        for text in new:
            ids = self.tokenizer([TEMPLATES[0].format(text)])
            words = self._run(ids)[0]
            self._sentences[text] = words[0].cpu(), int(ids[0].nonzero()[-1]) + 1
        found = [self._sentences[text] for text in cleaned]
        _forget_oldest(self._sentences, cleaned, MOST_SENTENCES)
        context = self.tower.config.context
        words = torch.stack([w for w, _ in found]) if found else torch.zeros(0, context, self.dim)
        lengths = torch.tensor([length for _, length in found], dtype=torch.long)
        rows = self._name_features(cleaned)
        return SentenceFeatures(
            words, lengths, torch.stack(rows) if rows else torch.zeros(0, self.dim)
        )

    def _name_features(self, cleaned: Sequence[str]) -> list[Tensor]:
        new = [name for name in dict.fromkeys(cleaned) if name not in self._names]
        if new:
            ids = self.tokenizer([t.format(name) for name in new for t in TEMPLATES])
            means = self._end_features(ids).unflatten(0, (len(new), -1)).mean(dim=1)
            self._names.update(zip(new, means, strict=True))
        rows = [self._names[name] for name in cleaned]
        _forget_oldest(self._names, cleaned, MOST_NAMES)
        return rows

    def _end_features(self, ids: Tensor) -> Tensor:
        """[N, D_t] features of the end tokens of token rows [N, L].

        No token sees a later one, so padding is cut: rows of one length go together.
        """
        lengths = (ids != 0).sum(dim=1)
        ends = torch.zeros(len(ids), self.dim)
        for length in lengths.unique().tolist():
            for rows in (lengths == length).nonzero()[:, 0].split(BATCH):
                ends[rows] = self._run(ids[rows, :length])[1].cpu()
        return ends

    @torch.no_grad()
    def _run(self, ids: Tensor) -> tuple[Tensor, Tensor]:
        out: tuple[Tensor, Tensor] = self.tower(ids.to(self.tower.positional_embedding.device))
        return out


def _forget_oldest(kept: dict[str, Value], used: Sequence[str], most: int) -> None:
    """Keeps the ``most`` texts that were used last."""
    for text in used:
        if text in kept:
            kept[text] = kept.pop(text)
    for text in list(kept)[: max(0, len(kept) - most)]:
        del kept[text]


def read_clip_text(file: str | Path, config: ClipTextConfig) -> ClipTextTower:
    """A text tower with the weights of a CLIP or RegionCLIP file, or a folder of Hugging Face.

    Image weights are ignored, and any prefix before the names of the text tower.

    Raises:
        ModelError: it cannot be read, has no text tower or one of another shape.
    """
    path = weights_path(file)
    if not path.exists():
        raise ModelError(f"CLIP weights {path} do not exist; give the path of a CLIP file.")
    state = read_text_tower(path)
    tower = ClipTextTower(config)
    own = tower.state_dict()
    wrong = [k for k, v in own.items() if k not in state or state[k].shape != v.shape]
    if wrong:
        raise ModelError(
            f"{path} does not fit the text tower of {config}: missing or of another shape are "
            f"{', '.join(wrong[:5])}{' and others' if len(wrong) > 5 else ''}."
        )
    tower.load_state_dict({name: state[name].float() for name in own})
    return tower


def text_config(state: Mapping[str, Tensor]) -> ClipTextConfig:
    """Shape of the tower that a state under our names fills. Raises ModelError for none."""
    try:
        vocabulary, width = state["token_embedding.weight"].shape
        return ClipTextConfig(
            dim=state["text_projection"].shape[1],
            width=width,
            layers=count_layers(state, "transformer.resblocks."),
            heads=max(1, width // _HEAD_WIDTH),
            context=len(state["positional_embedding"]),
            vocabulary=vocabulary,
        )
    except (KeyError, ValueError, IndexError) as error:
        raise ModelError(f"its text tower is not complete: {error} is missing or odd.") from error
