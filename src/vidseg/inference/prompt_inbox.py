"""Prompts on their way to the clip that holds their frame: checked, kept, handed over once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from ..errors import PromptError
from ..prompts import Box, Mask, Point, Prompt, Scribble, Text
from ..types import Task
from ..video.base import Source

_TAKES_VISUAL = (Task.VOS, Task.PVOS)


class PromptInbox:
    """Prompts whose frame has not come yet, and what is known of every object so far."""

    def __init__(self, task: Task, check: Callable[[Sequence[Prompt]], None] | None = None) -> None:
        """``check`` raises PromptError for what the model cannot be given."""
        self._check = check
        self.task = task
        self.size: tuple[int, int] | None = None
        self.waiting: list[Prompt] = []
        self._next_frame = 0
        self._categories: dict[int, str] = {}
        self._texts: dict[int, str] = {}

    def add(self, prompts: Iterable[Prompt]) -> None:
        """Takes prompts for the present frame or later ones.

        Raises PromptError for a prompt that the task cannot use, contradicts another one, lies
        outside the picture, or belongs to a frame that has passed.
        """
        prompts = list(prompts)
        if self._check is not None:
            self._check(prompts)
        for prompt in prompts:
            self._check_kind(prompt)
            if not isinstance(prompt, Text) and prompt.frame < self._next_frame:
                raise PromptError(
                    f"Object {prompt.object_id}: frame {prompt.frame} has passed already; "
                    f"give a prompt before its frame or together with it."
                )
            self._check_contradiction(prompt)
            if self.size is not None:
                check_inside(prompt, self.size)
            self.waiting.append(prompt)

    def start(self, size: tuple[int, int]) -> None:
        """Tells the (height, width) of the frames, when the first has come."""
        self.size = size
        for prompt in self.waiting:
            check_inside(prompt, size)

    def take(self, indices: Sequence[int]) -> list[Prompt]:
        """Removes and returns the prompts of these source frames, and all texts."""
        due = [p for p in self.waiting if isinstance(p, Text) or p.frame in indices]
        self.waiting = [p for p in self.waiting if p not in due]
        self._next_frame = max((*(i + 1 for i in indices), self._next_frame))
        return due

    def check_empty(self, frames: int) -> None:
        """Raises PromptError if a prompt's frame never came; ``frames``: how many did."""
        for prompt in self.waiting:
            if not isinstance(prompt, Text):
                raise PromptError(
                    f"Object {prompt.object_id}: the prompt is on frame {prompt.frame}, which "
                    f"never came; the source gave {frames} frames, the last with index "
                    f"{self._next_frame - 1}."
                )

    def _check_kind(self, prompt: Prompt) -> None:
        if self.task.by_category:
            raise PromptError(
                f"Task {self.task.value} segments by category and takes no prompts; "
                f"use vos, pvos or refvos."
            )
        if isinstance(prompt, Text) and self.task in _TAKES_VISUAL:
            raise PromptError(
                f"Object {prompt.object_id}: task {self.task.value} takes points, boxes, masks "
                f"and scribbles; sentences are for refvos."
            )
        if not isinstance(prompt, Text) and self.task is Task.REFVOS:
            raise PromptError(
                f"Object {prompt.object_id}: task refvos takes sentences; "
                f"points, boxes, masks and scribbles are for vos and pvos."
            )

    def _check_contradiction(self, prompt: Prompt) -> None:
        name = f"Object {prompt.object_id}"
        if isinstance(prompt, Text):
            if prompt.object_id in self._texts:
                raise PromptError(f"{name} has two sentences; give each sentence its own id.")
            self._texts[prompt.object_id] = prompt.text
            return
        if prompt.category is not None:
            known = self._categories.setdefault(prompt.object_id, prompt.category)
            if known != prompt.category:
                raise PromptError(
                    f"{name} is called both {known!r} and {prompt.category!r}; choose one."
                )
        if isinstance(prompt, Mask | Box):
            for other in self.waiting:
                if (
                    type(other) is type(prompt)
                    and other.object_id == prompt.object_id
                    and not isinstance(other, Text)
                    and other.frame == prompt.frame
                ):
                    kind = "masks" if isinstance(prompt, Mask) else "boxes"
                    raise PromptError(
                        f"{name} has two {kind} on frame {prompt.frame}; "
                        f"keep one or give them different ids."
                    )


def check_prompts(task: Task, prompts: Sequence[Prompt], source: Source) -> None:
    """Raises PromptError where a prompt does not fit the source or contradicts another one.

    These are the checks of a session, which need no model, and those that only the source allows.
    """
    inbox = PromptInbox(task)
    inbox.add(prompts)
    inbox.start(source.size)
    for prompt in prompts:
        if isinstance(prompt, Text):
            continue
        where = f"Object {prompt.object_id}: the {type(prompt).__name__.lower()}"
        if source.total is not None and prompt.frame >= source.total:
            raise PromptError(
                f"{where} is on frame {prompt.frame}, but {source.name} has {source.total} frames."
            )
        if prompt.frame not in source.selection:
            raise PromptError(
                f"{where} is on frame {prompt.frame}, which start, stop and stride leave out."
            )
    shown = {p.object_id for p in prompts if not isinstance(p, Point) or p.positive}
    for prompt in prompts:
        if prompt.object_id not in shown:
            raise PromptError(
                f"Object {prompt.object_id} has only negative points; say also where it is."
            )


def check_inside(prompt: Prompt, size: tuple[int, int]) -> None:
    """Raises PromptError unless a prompt fits frames of (height, width) ``size``."""
    height, width = size
    picture = f"the picture of {width}x{height} pixels"
    if isinstance(prompt, Point) and not (0 <= prompt.x < width and 0 <= prompt.y < height):
        raise PromptError(
            f"Object {prompt.object_id}: the point {prompt.x:g},{prompt.y:g} on frame "
            f"{prompt.frame} lies outside {picture}."
        )
    if isinstance(prompt, Box) and (
        prompt.x0 < 0 or prompt.y0 < 0 or prompt.x1 > width or prompt.y1 > height
    ):
        raise PromptError(
            f"Object {prompt.object_id}: the box {prompt.x0:g},{prompt.y0:g},{prompt.x1:g},"
            f"{prompt.y1:g} on frame {prompt.frame} reaches outside {picture}."
        )
    if isinstance(prompt, Scribble):
        x, y = prompt.points[:, 0], prompt.points[:, 1]
        if x.min() < 0 or y.min() < 0 or x.max() >= width or y.max() >= height:
            raise PromptError(
                f"Object {prompt.object_id}: the scribble on frame {prompt.frame} leaves {picture}."
            )
    if isinstance(prompt, Mask) and prompt.mask.shape != size:
        raise PromptError(
            f"Object {prompt.object_id}: the mask on frame {prompt.frame} is "
            f"{prompt.mask.shape[1]}x{prompt.mask.shape[0]} pixels, but the frames are "
            f"{width}x{height}; make them equal."
        )
