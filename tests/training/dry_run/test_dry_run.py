"""A dry run tries everything that a run needs, and says what is missing."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
import torch
from rich.console import Console, RenderableType
from torch import nn

from vidseg.errors import DataError, RecipeError, TrainingError
from vidseg.training.dry_run import report
from vidseg.training.dry_run.checks import ModelPart, check_folders, estimate_memory, model_parts
from vidseg.training.dry_run.pass_memory import PassMeasure, measure_pass
from vidseg.training.dry_run.report import dry_run
from vidseg.training.recipe.reading import read_recipe
from vidseg.training.recipe.schema import EngineConfig, OptimiserConfig, Recipe
from vidseg.training.run.optimiser import freeze

from ...datasets.layouts import write_layout
from ..drawn_clips import batch_of, drawn_clip, squares
from ..small_recipes import small_settings


@pytest.fixture
def root(
    tmp_path: Path,
    panoptic_folder: Path,
    instances_folder: Path,
    label_map_folder: Path,
    davis_folder: Path,
) -> Path:
    """Everything that the nano recipes read."""
    write_layout("davis2016", tmp_path / "davis2016-dev")
    return tmp_path


def small(root: Path, stage: int, *changes: str) -> Recipe:
    return read_recipe(f"nano_stage{stage}", [*small_settings(root), *changes])


class Shown:
    """Collects what is shown, as text."""

    def __init__(self) -> None:
        self.parts: list[str] = []

    def __call__(self, part: RenderableType) -> None:
        console = Console(file=io.StringIO(), width=100)
        console.print(part)
        self.parts.append(console.file.getvalue())  # type: ignore[attr-defined]

    @property
    def text(self) -> str:
        return "\n".join(self.parts)


def test_all_is_tried_and_told(root: Path) -> None:
    shown = Shown()
    before = torch.random.get_rng_state()
    dry_run(small(root, 2), shown)
    torch.random.set_rng_state(before)
    model, data, clip, single, memory = shown.parts
    assert "nano, weights: random" in model
    for part in ("backbone", "pixel_decoder", "prompt_encoder", "mask_decoder", "propagation"):
        assert part in model
    assert "0.0015" in model and "3e-05" in model
    for name in ("voc-animals", "coco-mini", "camvid", "video-extra"):
        assert name in data
    assert "55%" in data and "4 × 64 × 64" in data
    assert "2 × 4 × 3 × 64 × 64" in clip and "1 × 4 × 3 × 64 × 64" in clip
    assert "8 × 1 × 3 × 64 × 64" in single and "1 × 1 × 3 × 64 × 64" in single
    assert "loss: mask" in clip and "loss: dice" in single
    assert "clips of a step" in memory


def test_nothing_is_written(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = root / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    dry_run(small(root, 1), Shown())
    assert not list(here.iterdir())


def test_weights_that_are_not_downloaded_yet_are_told(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VIDSEG_CACHE", str(tmp_path / "cache"))
    shown = Shown()
    dry_run(small(root, 1, "init.start=mask2former_r50"), shown)
    assert "nano, weights: random" in shown.parts[0]
    told = " ".join(shown.parts[1].split())
    assert "mask2former_r50 is not downloaded yet, so random weights were tried" in told
    assert "vidseg weights download mask2former_r50" in told


def test_every_missing_folder_is_listed_after_the_model(root: Path) -> None:
    shown = Shown()
    recipe = small(
        root, 1, "data.sources.camvid.folder=gone", "data.sources.coco-mini.folder=gone",
        "evaluation.benchmarks.davis2016-dev.folder=lost", "engine.evaluate_every=3",
    )  # fmt: skip
    with pytest.raises(DataError) as error:
        dry_run(recipe, shown)
    told = str(error.value)
    assert f"{root / 'gone'} (coco-mini, camvid)" in told
    assert f"{root / 'lost'} (davis2016-dev)" in told and "set data.root" in told
    assert len(shown.parts) == 1


def test_what_is_never_read_needs_no_folder(root: Path) -> None:
    recipe = small(
        root,
        1,
        "data.sources.spare={kind: mose, folder: gone, weight: 0}",
        "evaluation.benchmarks.davis2016-dev.folder=lost",
    )
    check_folders(recipe)


def test_a_dataset_that_shows_nothing_is_named(root: Path) -> None:
    recipe = small(root, 1, "data.augmentation.smallest_area=100000")
    with pytest.raises(DataError, match="No labelled region was found in 40 clips of voc-animals"):
        dry_run(recipe, Shown())


def test_a_part_that_the_model_lacks_is_told_before_data_are_read(root: Path) -> None:
    with pytest.raises(RecipeError, match="backbon"):
        dry_run(small(root, 1, "data.root=gone", "optimiser.freeze=[backbon]"), Shown())


def test_several_processes_are_refused(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from contextlib import nullcontext

    from vidseg.training.parallel.processes import Team

    crew = Team(0, 2, torch.device("cpu"))
    monkeypatch.setattr(report, "team", lambda device: nullcontext(crew))
    with pytest.raises(TrainingError, match="needs one process"):
        dry_run(small(root, 1), Shown())


class TwoParts(nn.Module):
    """A frozen part of 6 and a trained one of 12 parameters."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(2, 2)
        self.second = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))


def test_the_model_table_counts_by_hand() -> None:
    model = TwoParts()
    freeze(model, ["first"])
    config = OptimiserConfig(lr=2.0, scales={"second.1": 0.5})
    assert model_parts(model, config) == (
        ModelPart("first", 6, 0, ()),
        ModelPart("second", 12, 12, (1.0, 2.0)),
    )


def test_the_estimate_adds_up_by_hand() -> None:
    model = TwoParts()
    freeze(model, ["first"])
    recipe = read_recipe("nano_stage1", ["data.clips=6", "engine.accumulate=2", "ema.decay=null"])
    measures = [
        (6, PassMeasure(shape=(1, 2), seconds=1, bytes=100, terms={})),
        (24, PassMeasure(shape=(1, 1), seconds=1, bytes=20, terms={})),
    ]
    found = estimate_memory(model, measures, recipe)  # type: ignore[arg-type]
    assert found.weights == 18 * 4  # float32
    assert found.training == 3 * 12 * 4  # gradient and two moments
    assert found.batch == max(3 * 100, 12 * 20)
    assert found.total == 72 + 144 + 300
    averaged = read_recipe("nano_stage1")
    assert estimate_memory(model, measures, averaged).training == 4 * 12 * 4  # type: ignore[arg-type]


class Squares(nn.Module):
    """Needs 40 MB beyond its weights and gives a loss of 3 w, or NaN."""

    def __init__(self, factor: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(()))
        self.factor = factor

    def forward(self, batch: object, seed: int) -> dict[str, torch.Tensor]:
        large = torch.ones(10_000_000) * self.weight
        return {"total": self.factor * large.mean()}


def test_a_pass_is_measured_and_leaves_no_gradient() -> None:
    batch = batch_of(drawn_clip(squares(2, 1)))
    pass_of = Squares(3.0)
    measure = measure_pass(pass_of, batch, 0, EngineConfig(), torch.device("cpu"))
    assert measure.shape == (1, 2, 3, 64, 64) and measure.terms == {"total": 3.0}
    assert 30e6 < measure.bytes < 200e6
    assert pass_of.weight.grad is None


def test_a_loss_that_is_no_number_names_the_dataset() -> None:
    batch = batch_of(drawn_clip(squares(2, 1)))
    with pytest.raises(TrainingError, match=r"first batch \(drawn\) is nan"):
        measure_pass(Squares(float("nan")), batch, 0, EngineConfig(), torch.device("cpu"))


def test_too_little_memory_is_told() -> None:
    class Greedy(Squares):
        def forward(self, batch: object, seed: int) -> dict[str, torch.Tensor]:
            raise torch.OutOfMemoryError("CUDA out of memory")

    batch = batch_of(drawn_clip(squares(2, 1)))
    with pytest.raises(TrainingError, match=r"\[1, 2, 3, 64, 64\] does not fit"):
        measure_pass(Greedy(1.0), batch, 0, EngineConfig(), torch.device("cpu"))
