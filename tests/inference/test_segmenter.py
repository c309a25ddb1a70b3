"""The public object: sources, tasks, categories, settings, and models by name."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import vidseg
from vidseg.errors import ModelError, PromptError, SourceError, VocabularyError
from vidseg.inference.config import default
from vidseg.inference.files import loading
from vidseg.inference.policies.image import ImagePolicy
from vidseg.inference.published.settings import published
from vidseg.inference.segmenter import Segmenter, choose_device
from vidseg.models.presets import debug
from vidseg.models.text.encoder import StaticTextConfig
from vidseg.models.univs.model import UniVS
from vidseg.prompts import Mask, Point, Text
from vidseg.types import Frame, Task

from ..video.clips import damage, write_clip
from .test_bounded import RandomText, mask, picture

SIZE = (32, 48)


@pytest.fixture(scope="module")
def segmenter() -> Segmenter:
    torch.manual_seed(0)
    settings = {"all": {"short_side": 32}, "vis": {"class_threshold": 0.0}}
    return Segmenter(UniVS(debug()), device="cpu", text_encoder=RandomText(), settings=settings)


def video(frames: int = 4) -> list[np.ndarray]:
    return [picture(i, SIZE, thing=True) for i in range(frames)]


@pytest.mark.parametrize("task", list(Task))
@pytest.mark.parametrize("frames", [1, 4])
def test_every_task_gives_every_frame(segmenter: Segmenter, task: Task, frames: int) -> None:
    prompts = {
        Task.VOS: [Mask(mask(SIZE), 3)],
        Task.PVOS: [Mask(mask(SIZE), 3, category="sky", is_thing=False), Point(9, 9, 4)],
        Task.REFVOS: [Text("the dog", 3), Text("a cat", 5)],
    }.get(task, [])
    categories = None if task in (Task.VOS, Task.REFVOS) else ["dog", "sky", "cat"]
    results = segmenter.segment(video(frames), task=task, categories=categories, prompts=prompts)
    found = list(results)
    assert [r.index for r in found] == list(range(frames))
    assert all(r.size == SIZE for r in found)
    assert all(s.mask.shape == SIZE for r in found for s in r.segments)
    if prompts:
        ids = sorted({p.object_id for p in prompts})
        assert all([s.id for s in r.segments] == ids for r in found)
        assert [track.id for track in results.tracks()] == ids


def test_delay_is_bounded_by_the_clip(segmenter: Segmenter) -> None:
    """A result comes out as soon as its frame is final, long before the stream ends."""
    taken = []

    def frames() -> Iterator[np.ndarray]:
        for index in range(1000):
            taken.append(index)
            yield picture(index, SIZE, thing=True)

    prompts = [Mask(mask(SIZE), 1)]
    for length in (1, 3):
        taken.clear()
        config = segmenter.config("vos").override(clip_length=length)
        with segmenter.segment(frames(), task="vos", prompts=prompts, config=config) as results:
            assert next(results).index == 0
        assert len(taken) <= length + 1  # one more to learn the size


def test_a_single_picture_is_answered_as_a_picture(segmenter: Segmenter) -> None:
    one = segmenter.segment(video(1), task="vps", categories=["dog"])
    assert isinstance(one.session.policy, ImagePolicy)
    two = segmenter.segment(video(2), task="vps", categories=["dog"])
    assert not isinstance(two.session.policy, ImagePolicy)


def test_a_session_takes_frames_and_prompts_one_by_one(segmenter: Segmenter) -> None:
    session = segmenter.session("vos")
    assert len(session.step(Frame(video()[0], 0))[0].segments) == 0
    results = session.step(Frame(video()[1], 1), [Mask(mask(SIZE), 2, frame=1)])
    assert [s.id for s in results[0].segments] == [2]
    assert (results[0].segments[0].mask == mask(SIZE)).all()


def test_the_same_video_gives_the_same_answer(segmenter: Segmenter) -> None:
    config = segmenter.config("vos").override(tokens_per_prompt=2, consistency_threshold=0.0)

    def masks() -> list[np.ndarray]:
        results = segmenter.segment(
            video(), task="vos", prompts=[Mask(mask(SIZE), 1)], config=config
        )
        return [r.segments[0].mask for r in results]

    assert all((a == b).all() for a, b in zip(masks(), masks(), strict=True))


def test_settings_of_the_model_override_the_defaults(segmenter: Segmenter) -> None:
    assert segmenter.config("vis") == default(Task.VIS).override(short_side=32, class_threshold=0.0)
    assert segmenter.config("vos") == default(Task.VOS).override(short_side=32)
    session = segmenter.session("vos", short_side=64)
    session.step(Frame(video()[0], 0))
    assert session.geometry is not None and session.geometry.valid == (64, 96)


def test_published_differs_from_default_only_where_it_says() -> None:
    assert published(Task.VSS).stride == published(Task.VSS).clip_length == 5
    assert published(Task.VIS, "ovis").class_threshold == 0.2
    assert published(Task.PVOS, "viposeg", stage=2).short_side == 720
    assert (
        published(Task.VOS).tracking.consistency_threshold
        == default(Task.VOS).tracking.consistency_threshold
    )


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"task": "vps"}, VocabularyError, "needs to know what to find"),
        ({"task": "vis", "categories": ["a"], "vocabulary": "coco"}, VocabularyError, "not both"),
        ({"task": "vis", "vocabulary": "cocoo"}, VocabularyError, "cocoo"),
        ({"task": "vis", "categories": ["a"], "prompts": [Point(1, 1)]}, PromptError, "no prompts"),
        ({"task": "vos"}, PromptError, "at least one point"),
        ({"task": "refvos"}, PromptError, "at least one sentence"),
        (
            {"task": "vos", "prompts": [Point(1, 1)], "categories": ["a"]},
            VocabularyError,
            "takes no",
        ),
        ({"task": "vso"}, ModelError, "Unknown task 'vso'"),
        ({"task": "vos", "prompts": [Point(1, 1, frame=1)], "stride": 2}, PromptError, "leave out"),
    ],
)
def test_bad_requests_fail_before_the_first_frame(
    segmenter: Segmenter, arguments: dict[str, object], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        segmenter.segment(video(), **arguments)  # type: ignore[arg-type]


def test_notes_tell_what_is_wrong_with_the_source(segmenter: Segmenter, tmp_path: Path) -> None:
    path = damage(write_clip(tmp_path / "clip.mp4", 6, key_frames=1), 3)
    results = segmenter.segment(path, task=Task.VIS, categories=["dog"])
    assert len(list(results)) == 5
    assert len(results.notes()) == 1 and "1 damaged packet is left out" in results.notes()[0]


def test_a_missing_file_fails_before_the_first_frame(segmenter: Segmenter) -> None:
    with pytest.raises(SourceError, match=r"nothing.mp4 does not exist"):
        segmenter.segment("nothing.mp4", task="vos", prompts=[Point(1, 1)])


def test_devices() -> None:
    assert choose_device("cpu") == torch.device("cpu")
    assert choose_device("auto").type in ("cpu", "cuda", "mps")
    with pytest.raises(ModelError, match="Unknown device 'gpu'"):
        choose_device("gpu")
    if not torch.cuda.is_available():
        with pytest.raises(ModelError, match="cuda is not available"):
            choose_device("cuda")


# -- models by name ---------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    decoder = replace(debug().decoder, text_dim=256)
    config = replace(debug(), decoder=decoder, text=StaticTextConfig())
    UniVS(config).save_pretrained(tmp_path / "mine")
    return tmp_path / "mine"


def test_loads_a_folder_with_its_settings(folder: Path) -> None:
    (folder / "inference.json").write_text(json.dumps({"vos": {"memory_length": 2}}))
    model = vidseg.load(folder, device="cpu")
    assert model.config("vos").memory_length == 2
    assert not model.model.training
    results = model.segment(video(), task="refvos", prompts=[Text("the dog", 1)], short_side=32)
    assert len(list(results)) == 4


def test_loads_a_model_inside_the_package(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loading, "embedded_models", lambda: {"tiny": folder})
    assert vidseg.load("tiny", device="cpu").model.config.decoder.text_dim == 256
    with pytest.raises(ModelError, match=r"No model 'tinny': the models inside .* are tiny"):
        vidseg.load("tinny")


def test_a_folder_of_the_same_name_is_not_meant(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(loading, "embedded_models", lambda: {"tiny": folder})
    (tmp_path / "tiny").mkdir()
    assert vidseg.load("tiny", device="cpu").model.config.decoder.text_dim == 256
    with pytest.raises(ModelError, match=r"holds no config\.json"):
        vidseg.load("./tiny", device="cpu")


def test_says_what_is_wrong_with_a_folder(tmp_path: Path, folder: Path) -> None:
    with pytest.raises(ModelError, match=r"holds no config.json"):
        vidseg.load(tmp_path, device="cpu")
    (folder / "inference.json").write_text('{"vos": {"memori_length": 2}}')
    sentence = r"inference\.json: Unknown inference setting memori_length.* is memory_length\.$"
    with pytest.raises(ModelError, match=sentence):
        vidseg.load(folder, device="cpu")
    (folder / "inference.json").write_text('{"voss": {}}')
    with pytest.raises(ModelError, match=r"inference\.json: .*unknown task 'voss'.* vos,"):
        vidseg.load(folder, device="cpu")
    for name in ("inference.json", "config.json"):
        for text in ("[", 20_000 * '{"a":'):
            (folder / name).write_text(text)
            with pytest.raises(ModelError, match=rf"{name} is not a readable JSON file"):
                vidseg.load(folder, device="cpu")


@pytest.mark.parametrize(
    ("key", "value", "sentence"),
    [
        ("memory_length", "big", "memory_length needs a whole number, not 'big'"),
        ("short_side", 288.5, "short_side needs a whole number, not 288.5"),
        ("short_side", [288], r"short_side needs a whole number, not \[288\]"),
        ("box_margin", None, "box_margin needs a number, not nothing"),
        ("inherit_tokens", 1, "inherit_tokens needs true or false, not 1"),
        ("contest", "al", "contest needs one of all, claimants, not 'al'; the nearest is 'all'"),
        ("clip_length", 0, "clip_length is 0; 1 to 2147483647 is wanted"),
        ("stride", 2, "need 1 <= stride <= clip_length, got 2 and 1"),
        ("memory_length", 2**70, f"memory_length is {2**70}; 1 to 2147483647 is wanted"),
        ("max_side", -1333, "max_side is -1333; 1 to 2147483647 is wanted"),
        ("size_multiple", 0, "size_multiple is 0; 1 to 2147483647 is wanted"),
        ("class_threshold", 1.5, "class_threshold is 1.5; 0 to 1 is wanted"),
        ("consistency_threshold", -2, "consistency_threshold is -2.0; -1 to 1 is wanted"),
        ("forget_after", -1, "forget_after is -1; 0 to 2147483647 is wanted"),
        ("box_margin", -0.5, "box_margin is -0.5; 0 or more is wanted"),
    ],
)
def test_settings_of_a_wrong_type_are_named_with_their_file(
    folder: Path, key: str, value: object, sentence: str
) -> None:
    (folder / "inference.json").write_text(json.dumps({"vos": {key: value}}))
    with pytest.raises(
        ModelError, match=rf"inference\.json: Inference settings cannot be used: {sentence}\.$"
    ):
        vidseg.load(folder, device="cpu")


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"square_side": 32_000}, "square_side claims 32000 x 32000 pixels, more than"),
        ({"short_side": 10**6, "max_side": 10**6}, "size_multiple claims 1000000 x 1000000 pix"),
        ({"size_multiple": 20_000}, "size_multiple claims 20000 x 20000 pixels, more than"),
    ],
)
def test_settings_beyond_the_budget_of_pixels(
    folder: Path, settings: dict[str, int], sentence: str
) -> None:
    (folder / "inference.json").write_text(json.dumps({"all": settings}))
    with pytest.raises(ModelError, match=rf"inference\.json: A square picture by .*{sentence}"):
        vidseg.load(folder, device="cpu")


def test_settings_may_be_nothing_and_numbers_whole(folder: Path) -> None:
    text = '{"vos": {"last_frame_index": null, "box_margin": 1}}'
    (folder / "inference.json").write_text(text)
    config = vidseg.load(folder, device="cpu").config("vos")
    assert config.last_frame_index is None and config.box_margin == 1.0


def test_a_hub_model_need_not_have_settings(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    import huggingface_hub
    from huggingface_hub.errors import LocalEntryNotFoundError

    def download(name: str, file: str, **_: object) -> str:
        assert name == "someone/model"
        if (folder / file).is_file():
            return str(folder / file)
        raise LocalEntryNotFoundError(file)

    monkeypatch.setattr(huggingface_hub, "hf_hub_download", download)
    model = vidseg.load("someone/model", device="cpu")
    assert model.config("vos") == default(Task.VOS)
