"""Exceptions that callers may catch. Each message says what, where and what to do."""

from __future__ import annotations


class VidsegError(Exception):
    """Base of every error that is about the caller's input. The terminal shows its text only."""


class SourceError(VidsegError):
    """A video, image folder, camera or stream that cannot be read."""


class PromptError(VidsegError):
    """A point, box, mask, scribble or sentence that cannot be used."""


class VocabularyError(VidsegError):
    """Category names or a vocabulary that is unknown, empty or contradictory."""


class ModelError(VidsegError):
    """A model that cannot be found or read, or that cannot do what was asked."""


class OutputError(VidsegError):
    """A place that results cannot be written to."""


class DataError(VidsegError):
    """A dataset or label file that is missing, damaged or inconsistent."""


class RecipeError(VidsegError):
    """A training recipe with an unknown key, a value of the wrong type, or settings at odds."""


class TrainingError(VidsegError):
    """A training run that cannot start or go on: processes, checkpoints, losses."""
