"""Queries on their way through the decoder, and how prompts take part."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from .config import MaskDecoderConfig, Separation
from .tensors import PromptQueries

KeysValues = tuple[Tensor, Tensor]
"""Keys (with position) and values (without), both [B, S, C]."""


def with_position(content: Tensor, position: Tensor | None) -> Tensor:
    """content + position, or content alone."""
    return content if position is None else content + position


@dataclass(eq=False)
class QueryStream:
    """Queries of one origin on their way through the decoder layers.

    Attributes:
        content: [B, Q, T, C].
        position: [B, Q, T, C], constant over the layers once the first ProCA has run.
        prompts: where a prompt stream reads its tokens; None for learnable queries.
    """

    content: Tensor
    position: Tensor
    prompts: PromptQueries | None = None

    def keys_values(self) -> KeysValues:
        """All frames of all queries as keys and values."""
        return (self.content + self.position).flatten(1, 2), self.content.flatten(1, 2)


def prompt_keys_values(prompts: PromptQueries) -> KeysValues:
    """The tokens of all prompts and frames as keys and values."""
    keys = with_position(prompts.tokens, prompts.token_position)
    return keys.flatten(1, 3), prompts.tokens.flatten(1, 3)


@dataclass(frozen=True, eq=False)
class PromptRule:
    """How prompts take part in one run of the decoder.

    Attributes:
        separation: who sees whom in self-attention.
        entity_wise: prompts never see each other, whatever the separation.
        average: each prompt's mask is averaged with that of the most similar learnable query.
        answers: prompts are not queries; the most similar learnable query answers.
        prompt_keys: then the prompts' tokens, further keys of the learnable queries.
    """

    separation: Separation
    entity_wise: bool = False
    average: bool = False
    answers: bool = False
    prompt_keys: KeysValues | None = None

    @staticmethod
    def of(
        config: MaskDecoderConfig,
        prompts: PromptQueries | None,
        separation: Separation | None,
        training: bool,
        average: bool | None = None,
    ) -> PromptRule:
        """The rule for these prompts; ``separation`` overrides the configured one, and the rule
        that expressions never see each other; ``average`` overrides ``grounding_average``."""
        kind = separation or config.separation
        if prompts is None:
            return PromptRule(kind)
        if not config.prompts_as_queries:
            return PromptRule(kind, answers=True, prompt_keys=prompt_keys_values(prompts))
        expression = prompts.kind == "expression"
        averages = config.grounding_average if average is None else average
        return PromptRule(
            kind,
            entity_wise=expression and separation is None and kind != "none",
            average=expression and averages and not training,
        )

    @property
    def needs_learnable(self) -> bool:
        """Whether the answers for prompts depend on learnable queries."""
        return (
            self.answers
            or self.average
            or self.separation
            in (
                "none",
                "sep-learnable",
                "sep-entity-learnable",
            )
        )
