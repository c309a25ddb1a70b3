"""The two attention layers in which prompts and queries meet: ProCA and SepSA."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ...nn.attention import AttentionBlock
from .query_streams import KeysValues, PromptRule, QueryStream, with_position


class PromptCrossAttention(AttentionBlock):
    """ProCA (UniVS Eq. 3): each prompt query, frame by frame, reads its own prompt's tokens.

    The query itself is a further key and value.
    """

    def read(
        self,
        content: Tensor,
        position: Tensor | None,
        tokens: Tensor,
        token_position: Tensor | None,
    ) -> Tensor:
        """content, position [B, Q, T, C]; tokens, token_position [B, Q, L, T, C] -> [B, Q, T, C].

        Tokens may have a time axis of length 1 when they are the same in all frames: they are
        then projected once instead of T times.
        """
        B, Q, T, _ = content.shape
        shared = tokens.shape[3] == 1
        key_tokens = with_position(tokens, token_position)
        if shared:
            own = with_position(content, position).flatten(0, 1)  # [B Q, T, C]
            key = torch.cat((own, key_tokens.squeeze(3).flatten(0, 1)), dim=1)
            value = torch.cat((content.flatten(0, 1), tokens.squeeze(3).flatten(0, 1)), dim=1)
            allowed = torch.ones(T, key.shape[1], dtype=torch.bool, device=key.device)
            allowed[:, :T] = torch.eye(T, dtype=torch.bool, device=key.device)
            read: Tensor = self(content.flatten(0, 1), own, key, value, allowed).unflatten(
                0, (B, Q)
            )
            return read
        own = with_position(content, position)[..., None, :]  # [B, Q, T, 1, C]
        key = torch.cat((own, key_tokens.transpose(2, 3)), dim=3).flatten(0, 2)
        value = torch.cat((content[..., None, :], tokens.transpose(2, 3)), dim=3).flatten(0, 2)
        single = content.flatten(0, 2)[:, None]
        out = self(single, own.flatten(0, 2), key, value)
        framewise: Tensor = out.squeeze(1).unflatten(0, (B, Q, T))
        return framewise


class SeparatedSelfAttention(nn.Module):
    """SepSA (UniVS Eq. 4): self-attention over all frames, learnable and prompt queries apart.

    The separation is exact because each group is a call of its own, not a mask.
    """

    def __init__(self, hidden: int, heads: int) -> None:
        super().__init__()
        self.block = AttentionBlock(hidden, heads)

    def exchange(
        self,
        learnable: QueryStream | None,
        prompts: QueryStream | None,
        rule: PromptRule,
    ) -> None:
        """Replaces the content of both streams.

        ``sep-learnable`` lets prompts see each other as well, as released, unless the rule is
        entity-wise.
        """
        separation = rule.separation
        if separation == "none" and learnable is not None and prompts is not None:
            self._joint(learnable, prompts)
            return
        seen = None
        if separation in ("sep-learnable", "sep-entity-learnable") and learnable is not None:
            seen = learnable.keys_values()
        if learnable is not None:
            learnable.content = self.alone(learnable.content, learnable.position, rule.prompt_keys)
        if prompts is not None:
            entity_wise = rule.entity_wise or separation in ("sep-entity", "sep-entity-learnable")
            attend = self.one_by_one if entity_wise else self.alone
            prompts.content = attend(prompts.content, prompts.position, seen)

    def _joint(self, learnable: QueryStream, prompts: QueryStream) -> None:
        count = learnable.content.shape[1]
        both = self.alone(
            torch.cat((learnable.content, prompts.content), dim=1),
            torch.cat((learnable.position, prompts.position), dim=1),
        )
        learnable.content, prompts.content = both[:, :count], both[:, count:]

    def alone(self, content: Tensor, position: Tensor, further: KeysValues | None = None) -> Tensor:
        """Queries [B, Q, T, C] see each other and ``further``."""
        values = content.flatten(1, 2)
        keys = query = (content + position).flatten(1, 2)
        if further is not None:
            keys = torch.cat((keys, further[0]), dim=1)
            values = torch.cat((values, further[1]), dim=1)
        out = self.block(content.flatten(1, 2), query, keys, values)
        queries: Tensor = out.unflatten(1, content.shape[1:3])
        return queries

    def one_by_one(self, content: Tensor, position: Tensor, further: KeysValues | None) -> Tensor:
        """Each query [B, Q, T, C] sees its own T tokens and ``further``, no other query."""
        B, Q = content.shape[:2]
        if further is not None:
            keys, values = (x.repeat_interleave(Q, dim=0) for x in further)
            further = (keys, values)
        single, single_position = (x.flatten(0, 1)[:, None] for x in (content, position))
        out = self.alone(single, single_position, further).squeeze(1)
        queries: Tensor = out.unflatten(0, (B, Q))
        return queries
