"""How a session forms clips, encodes frames, and checks what it is given."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from vidseg.errors import PromptError, SourceError
from vidseg.inference.clip import Clip
from vidseg.inference.config import default
from vidseg.inference.session import Session
from vidseg.prompts import Box, Mask, Point, Prompt, Scribble, Text
from vidseg.results import FrameResult
from vidseg.types import Frame, Task

from .colours import ColourModel, scene
from .streaming import run, session


class Recorder:
    """Writes down its clips and answers nothing."""

    def __init__(self) -> None:
        self.clips: list[Clip] = []
        self.prompts: list[list[Prompt]] = []

    def step(self, clip: Clip, prompts: Sequence[Prompt]) -> list[FrameResult]:
        assert len(clip.features) == len(clip)
        self.clips.append(clip)
        self.prompts.append(list(prompts))
        return []

    def finish(self) -> list[FrameResult]:
        return []

    def tracks(self) -> tuple[()]:
        return ()


def recorded(
    task: Task = Task.VOS, length: int = 1, stride: int = 1, prompts: Sequence[Prompt] = ()
) -> tuple[Session, Recorder, ColourModel]:
    config = default(task).override(short_side=64, clip_length=length, stride=stride)
    model, recorder = ColourModel(), Recorder()
    running = session(model, recorder, config, task, prompts)  # type: ignore[arg-type]
    return running, recorder, model


@pytest.mark.parametrize(
    ("frames", "length", "stride", "want"),
    [
        (3, 1, 1, [(0, 1, 1), (1, 1, 1), (2, 1, 1)]),
        (5, 3, 1, [(0, 3, 3), (1, 3, 1), (2, 3, 1)]),
        (7, 3, 3, [(0, 3, 3), (3, 3, 3), (6, 1, 1)]),
        (6, 3, 3, [(0, 3, 3), (3, 3, 3)]),
        (6, 3, 2, [(0, 3, 3), (2, 3, 2), (4, 2, 1)]),
        (2, 5, 1, [(0, 2, 2)]),
    ],
)
def test_clips(frames: int, length: int, stride: int, want: list[tuple[int, int, int]]) -> None:
    running, recorder, model = recorded(length=length, stride=stride)
    run(running, [scene()] * frames)
    assert [(clip.start, len(clip), clip.new) for clip in recorder.clips] == want
    assert model.encoded == frames, "every frame is encoded once"
    for clip in recorder.clips:
        assert clip.indices == tuple(range(clip.start, clip.stop))


def test_late_frames_share_the_last_temporal_coordinate() -> None:
    running, recorder, _ = recorded(length=2)
    running.config = running.config.override(last_frame_index=3)
    run(running, [scene()] * 7)
    assert [clip.frame_indices.tolist() for clip in recorder.clips] == [
        [0, 1],
        [1, 2],
        [2, 3],
        [2, 3],
        [2, 3],
        [2, 3],
    ]


def test_prompts_come_once_with_the_clip_that_brings_their_frame() -> None:
    prompts = [Point(1, 1, 1, frame=0), Point(1, 1, 2, frame=2), Point(1, 1, 3, frame=3)]
    running, recorder, _ = recorded(length=3, prompts=prompts)
    run(running, [scene()] * 5)
    assert [[p.object_id for p in given] for given in recorder.prompts] == [[1, 2], [3], []]


def test_prompts_name_frames_of_the_source() -> None:
    running, recorder, _ = recorded(prompts=[Point(1, 1, 1, frame=20)])
    for index in (10, 20, 30):
        running.step(Frame(scene(), index))
    assert [len(given) for given in recorder.prompts] == [0, 1, 0]


def test_a_frame_of_another_size_is_refused() -> None:
    running, _, _ = recorded()
    running.step(Frame(scene(), 0))
    with pytest.raises(SourceError, match=r"Frame 1 is 20x10 pixels.*began with 96x64"):
        running.step(Frame(np.zeros((10, 20, 3), np.uint8), 1))


def test_a_stream_without_frames_is_refused() -> None:
    with pytest.raises(SourceError, match="no frame"):
        recorded()[0].finish()


def test_a_prompt_whose_frame_never_comes() -> None:
    running, _, _ = recorded(prompts=[Point(1, 1, 4, frame=9)])
    message = r"Object 4: the prompt is on frame 9, which never came; the source gave 3 frames"
    with pytest.raises(PromptError, match=message):
        run(running, [scene()] * 3)


def test_a_prompt_whose_frame_has_passed() -> None:
    running, _, _ = recorded()
    running.step(Frame(scene(), 0))
    with pytest.raises(PromptError, match="frame 0 has passed"):
        running.step(Frame(scene(), 1), [Point(1, 1, 1, frame=0)])


def test_a_finished_session_takes_nothing() -> None:
    running, _, _ = recorded()
    run(running, [scene()])
    assert running.finish() == []
    with pytest.raises(ValueError, match="finished"):
        running.step(Frame(scene(), 1))


SMALL = np.ones((5, 5), bool)
LARGE = np.ones((64, 96), bool)


@pytest.mark.parametrize(
    ("task", "prompts", "message"),
    [
        (Task.VOS, [Point(96, 5)], "point 96,5 on frame 0 lies outside the picture of 96x64"),
        (Task.VOS, [Point(5, -1, frame=7)], "outside"),
        (Task.VOS, [Box(0, 0, 97, 10)], "box 0,0,97,10 .* reaches outside"),
        (Task.VOS, [Scribble(np.array([[0.0, 64.0]]))], "scribble .* leaves the picture"),
        (Task.VOS, [Mask(SMALL)], "mask on frame 0 is 5x5 pixels, but the frames are 96x64"),
        (Task.VOS, [Mask(LARGE), Mask(LARGE)], "two masks on frame 0"),
        (Task.VOS, [Box(0, 0, 5, 5), Box(0, 0, 6, 6)], "two boxes on frame 0"),
        (
            Task.PVOS,
            [Point(1, 1, category="sky"), Point(2, 2, frame=1, category="sea")],
            "both 'sky' and 'sea'",
        ),
        (Task.REFVOS, [Text("a dog", 1), Text("a cat", 1)], "two sentences"),
        (Task.VOS, [Text("a dog")], "sentences are for refvos"),
        (Task.REFVOS, [Point(1, 1)], "takes sentences"),
        (Task.VIS, [Point(1, 1)], "takes no prompts"),
    ],
)
def test_prompts_that_cannot_be_used(task: Task, prompts: list[Prompt], message: str) -> None:
    with pytest.raises(PromptError, match=message):
        recorded(task, prompts=prompts)[0].step(Frame(scene(), 0))


def test_point_and_box_of_one_object_go_together() -> None:
    prompts = [Point(1, 1, 1), Box(0, 0, 5, 5, 1), Point(3, 3, 1), Box(0, 0, 6, 6, 1, frame=1)]
    running, recorder, _ = recorded(prompts=prompts)
    run(running, [scene()] * 2)
    assert [len(given) for given in recorder.prompts] == [3, 1]
