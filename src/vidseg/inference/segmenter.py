"""One object for all tasks: give it frames and say what you want, get results frame by frame."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, NoReturn

import torch

from ..errors import ModelError, PromptError
from ..models.loading import Model
from ..models.shapes import backbone_name
from ..models.text.encoder import TextEncoder, build_text_encoder
from ..models.text.features import move
from ..nn.layers import channels_last
from ..prompts import Prompt
from ..results import FrameResult, Track
from ..types import Task
from ..video.base import Source
from ..video.source import SourceLike, open_source
from ..vocabularies import Vocabulary, asked_classes
from .config import InferenceConfig, check_settings, configured
from .model_kinds import Question, kind_of
from .prompt_inbox import PromptInbox, check_prompts
from .published.settings import published
from .session import Session


class Segmenter:
    """A model on a device, ready for any number of videos, one after another or side by side.

    It can be pickled, as for a spawned process, and copied; it comes back on the same device.

    Attributes:
        model: in evaluation mode.
        device: where it runs.
        settings: inference settings by task name or "all" that override the defaults; they come
            with the model, because a small model needs thresholds of its own.
        stage: of the training that published weights of UniVS are of; None where nothing tells it.
    """

    def __init__(
        self,
        model: Model,
        *,
        device: str | torch.device = "auto",
        text_encoder: TextEncoder | None = None,
        text_weights: str | Path | None = None,
        settings: Mapping[str, Mapping[str, Any]] | None = None,
        stage: int | None = None,
    ) -> None:
        """``text_encoder`` replaces the one that the model's configuration names;
        ``text_weights`` are its weights where they are not part of a package.

        Raises ModelError for a device that is not there and for unknown settings.
        """
        self.device = choose_device(device)
        self._kind = kind_of(model)
        self.model = channels_last(model.eval().to(self.device))
        self.stage = stage
        self.settings = {name: dict(values) for name, values in (settings or {}).items()}
        self._text_encoder = self._given_encoder = text_encoder
        if text_encoder is not None:
            move(text_encoder, self.device)
        self._text_weights = text_weights
        check_settings(self.settings)

    def __getstate__(self) -> dict[str, Any]:
        """For pickle and copy: an encoder of its own is loaded again, when it is first needed."""
        state = {**self.__dict__, "_text_encoder": self._given_encoder}
        del state["_kind"]
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._kind = kind_of(self.model)

    @property
    def classes(self) -> Vocabulary | None:
        """The only classes that the model can tell; None where any words will do."""
        return self._kind.classes(self.model)

    def config(self, task: Task | str) -> InferenceConfig:
        """The settings of a task: the defaults, overridden by those of the kind of model, then by
        those of the model."""
        return configured(parse_task(task), self.settings, self._kind.settings)

    def published(
        self,
        task: Task | str,
        dataset: str,
        *,
        backbone: str | None = None,
        stage: int | None = None,
    ) -> InferenceConfig:
        """The settings with which the release tested UniVS on a benchmark, for :meth:`segment`.

        Args:
            task, dataset: see :func:`vidseg.inference.published.settings.published`.
            backbone, stage: None: those of the model.

        Raises ModelError where UniVS was not tested so, or the model does not tell.
        """
        if backbone is None:
            backbone = backbone_name(self.model.config.backbone)
        if backbone is None:
            raise ModelError(
                f"The release has no settings for the backbone of this model; say whose to take, "
                f"as in published:{dataset}:3:r50."
            )
        stage = stage or self.stage
        if stage is None:
            raise ModelError(
                f"The weights do not tell which stage they are of; say it, as in "
                f"published:{dataset}:3."
            )
        config = published(parse_task(task), dataset, backbone=backbone, stage=stage)
        self._kind.check_config(config)
        return config

    def segment(
        self,
        source: SourceLike,
        *,
        task: Task | str,
        categories: Vocabulary | Sequence[str] | str | None = None,
        vocabulary: str | None = None,
        prompts: Sequence[Prompt] = (),
        short_side: int | None = None,
        config: InferenceConfig | None = None,
        start: int | None = None,
        stop: int | None = None,
        stride: int = 1,
    ) -> Results:
        """Segments a whole video, or a single picture.

        Args:
            source: a video file, folder or glob of images, camera number, address, one
                [H, W, 3] uint8 RGB array or an iterable of them, or an opened Source.
            task: one of "vis", "vss", "vps", "vos", "pvos", "refvos".
            categories: names of what to find (by-category tasks), or ``vocabulary``, the name of
                a benchmark's list. PVOS takes either to tell stuff by its class. A model of fixed
                classes needs neither, and finds no others.
            prompts: what to follow (the other tasks); ``frame`` counts frames of the source.
            short_side: pixels of the shortest edge that the model sees.
            config: settings instead of those of :meth:`config`; best a copy of them with other
                values (``segmenter.config("vis").override({...})``), for a kind of model may need
                others than :func:`vidseg.inference.config.default` gives.
            start, stop, stride: which frames of the source.

        Returns:
            An iterator of one result per frame, in order.

        Raises:
            VidsegError: the source, a prompt, the vocabulary or the task cannot be used.
        """
        task = parse_task(task)
        opened = open_source(source, start=start, stop=stop, stride=stride)
        check_prompts(task, prompts, opened)
        if not task.by_category and not prompts:
            what = "sentence" if task is Task.REFVOS else "point, box, mask or scribble"
            raise PromptError(f"Task {task.value} needs at least one {what}.")
        session = self.session(
            task,
            categories=categories,
            vocabulary=vocabulary,
            prompts=prompts,
            short_side=short_side,
            config=config,
            still=opened.length == 1,
        )
        return Results(session, opened)

    def session(
        self,
        task: Task | str,
        *,
        categories: Vocabulary | Sequence[str] | str | None = None,
        vocabulary: str | None = None,
        prompts: Sequence[Prompt] = (),
        short_side: int | None = None,
        config: InferenceConfig | None = None,
        still: bool = False,
    ) -> Session:
        """A running video that is fed frame by frame, with prompts at any time.

        Arguments as in :meth:`segment`; ``still`` says that there will be a single picture.
        """
        task = parse_task(task)
        config = config or self.config(task)
        if short_side is not None:
            config = config.override({"short_side": short_side})
        if still:
            config = config.override({"clip_length": 1, "stride": 1})
        self._kind.check_config(config)
        inbox = PromptInbox(task, self._kind.check_prompts)
        inbox.add(prompts)
        asked = asked_classes(categories, vocabulary)
        question = Question(task, config, asked, still, lambda: self.text_encoder)
        return Session(self.model, config, self._kind.policy(self.model, question), inbox)

    @property
    def text_encoder(self) -> TextEncoder:
        """Encoder of names and sentences, loaded when first needed."""
        if self._text_encoder is None:
            config = self._kind.text(self.model)
            if config is None:
                raise ModelError("This model was saved without a text encoder; give one.")
            self._text_encoder = build_text_encoder(config, self._text_weights)
            move(self._text_encoder, self.device)
        return self._text_encoder


class Results(Iterator[FrameResult]):
    """The results of one video as they become final; closes the source at its end.

    Attributes:
        session: what runs; ``tracks()`` of it may be asked at any time.
    """

    def __init__(self, session: Session, source: Source) -> None:
        self.session = session
        self._source = source
        self._results = self._run()

    def __next__(self) -> FrameResult:
        return next(self._results)

    def __enter__(self) -> Results:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stops before the end and lets go of the source."""
        self._results.close()
        self._source.close()

    def tracks(self) -> tuple[Track, ...]:
        """Video-level table so far: one row per object and category."""
        return self.session.tracks()

    def notes(self) -> tuple[str, ...]:
        """What of the source was left out, mended or chosen so far: one sentence each."""
        return self._source.notes()

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            "A running video cannot be pickled or copied; send the Segmenter, and open the source "
            "where it arrives."
        )

    def _run(self) -> Generator[FrameResult, None, None]:
        with self._source:
            for frame in self._source:
                yield from self.session.step(frame)
            yield from self.session.finish()


def parse_task(task: Task | str) -> Task:
    """The task of a name; ModelError for one that does not exist."""
    try:
        return Task(task)
    except ValueError:
        known = ", ".join(known.value for known in Task)
        raise ModelError(f"Unknown task {task!r}; the tasks are {known}.") from None


def choose_device(device: str | torch.device) -> torch.device:
    """The device of a name; "auto" takes cuda, then mps, then cpu.

    Raises ModelError for a device that is unknown or not there.
    """
    has_mps = torch.backends.mps.is_available()
    if device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "mps" if has_mps else "cpu")
    try:
        chosen = torch.device(device)
    except RuntimeError:
        raise ModelError(f"Unknown device {device!r}; use auto, cpu, cuda or mps.") from None
    missing = (chosen.type == "cuda" and not torch.cuda.is_available()) or (
        chosen.type == "mps" and not has_mps
    )
    if missing:
        raise ModelError(f"Device {chosen.type} is not available here; use cpu or auto.")
    return chosen
