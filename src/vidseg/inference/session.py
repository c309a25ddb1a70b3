"""The streaming frame of every task: frames in, results out, nothing of the past but what counts.

A session forms clips of T frames every ``stride`` frames, encodes each frame once, and hands the
clips to the policy of its task. All its state is bounded, whatever the length of the video.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NoReturn

import torch
from torch import Tensor

from ..errors import SourceError
from ..models.decoder.tensors import FrameFeatures
from ..models.loading import Model
from ..prompts import Prompt
from ..results import FrameResult, Track
from ..types import Frame
from .clip import Clip
from .config import InferenceConfig
from .frame_geometry import FrameGeometry, prepare
from .policies.base import TaskPolicy
from .prompt_inbox import PromptInbox
from .published.frame_geometry import PixelGeometry


@dataclass(eq=False)
class OpenFrame:
    """A frame that the next clip needs: its picture until it is encoded, then its features."""

    frame: Frame
    features: FrameFeatures | None = None


@dataclass(eq=False)
class Session:
    """One running video. Made by :meth:`vidseg.Segmenter.session`; it cannot be pickled.

    Attributes:
        model, config, policy: what answers.
        inbox: prompts whose frame has not come yet.
        geometry: sizes of the video, known from the first frame on.
        window: frames from the start of the next clip on.
        start: position in the stream of the first frame of the next clip.
        seen: frames given so far.
        decoded: how many of them were in a clip.
    """

    model: Model
    config: InferenceConfig
    policy: TaskPolicy
    inbox: PromptInbox
    geometry: FrameGeometry | None = None
    window: list[OpenFrame] = field(default_factory=list)
    start: int = 0
    seen: int = 0
    decoded: int = 0
    finished: bool = False

    def __getstate__(self) -> NoReturn:
        raise TypeError(
            "A running session cannot be pickled or copied; send the Segmenter, and open a session "
            "where it arrives."
        )

    @torch.inference_mode()
    def step(self, frame: Frame, prompts: Iterable[Prompt] = ()) -> list[FrameResult]:
        """Takes the next frame and returns the frames that are now final, in order.

        Args:
            frame: of the same size as the first.
            prompts: for this frame or later ones.

        Raises:
            SourceError: the frame has another size.
            PromptError: a prompt that cannot be used, see :class:`PromptInbox`.
        """
        if self.finished:
            raise ValueError("the session is finished; open another one for another video")
        self._check_size(frame)
        self.inbox.add(prompts)
        self.window.append(OpenFrame(frame))
        self.seen += 1
        if len(self.window) < self.config.clip_length:
            return []
        return self._decode()

    @torch.inference_mode()
    def finish(self) -> list[FrameResult]:
        """Ends the stream and returns the frames that were held back.

        Raises:
            SourceError: no frame ever came.
            PromptError: a prompt is on a frame that never came.
        """
        if self.finished:
            return []
        self.finished = True
        if self.seen == 0:
            raise SourceError("The source gave no frame.")
        results = self._decode() if self.decoded < self.seen else []
        self.window.clear()
        self.inbox.check_empty(self.seen)
        return results + self.policy.finish()

    def tracks(self) -> tuple[Track, ...]:
        """Video-level table so far: one row per object and category."""
        return self.policy.tracks()

    def _decode(self) -> list[FrameResult]:
        """Runs the clip that the window holds, and lets go of the frames before the next one."""
        clip = self._clip()
        self.decoded = clip.stop
        prompts = self.inbox.take(clip.indices[len(clip) - clip.new :])
        results = self.policy.step(clip, prompts)
        del self.window[: self.config.stride]
        self.start += self.config.stride
        return results

    def _clip(self) -> Clip:
        assert self.geometry is not None
        self._encode()
        T = len(self.window)
        return Clip(
            features=FrameFeatures.cat([f.features for f in self.window if f.features is not None]),
            start=self.start,
            new=self.start + T - self.decoded,
            frame_indices=self._frame_indices(T),
            indices=tuple(f.frame.index for f in self.window),
            times=tuple(f.frame.time for f in self.window),
            geometry=self.geometry,
        )

    def _encode(self) -> None:
        """Features of the frames of the window that have none, all at once."""
        assert self.geometry is not None
        new = [f for f in self.window if f.features is None]
        model = self.model.config
        images = prepare(
            [f.frame.image for f in new], self.geometry, model.pixel_mean, model.pixel_std
        )
        features = self.model.encode_frames(images.to(next(self.model.parameters())))
        for k, opened in enumerate(new):
            opened.features = features[k : k + 1]

    def _frame_indices(self, length: int) -> Tensor:
        """[T] temporal coordinates; late clips are shifted so that the last keeps the limit."""
        limit = self.config.last_frame_index
        last = self.start + length - 1
        shift = 0 if limit is None else max(0, last - limit)
        device = next(self.model.parameters()).device
        return torch.arange(self.start, self.start + length, device=device) - shift

    def _check_size(self, frame: Frame) -> None:
        if self.geometry is None:
            pixels = self.config.published.mask_measures == "pixels"
            kind = PixelGeometry if pixels else FrameGeometry
            self.geometry = kind.of(frame.size, self.config)
            self.inbox.start(frame.size)
            return
        if frame.size != self.geometry.source:
            (height, width), (first_height, first_width) = frame.size, self.geometry.source
            raise SourceError(
                f"Frame {frame.index} is {width}x{height} pixels, but the video began with "
                f"{first_width}x{first_height}; all frames must have one size."
            )
