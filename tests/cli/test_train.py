"""``vidseg train`` in a terminal."""

from __future__ import annotations

from pathlib import Path

import pytest

from vidseg.cli.main import main
from vidseg.errors import OutputError
from vidseg.training.recipe.reading import read_recipe
from vidseg.training.recipe.schema import Recipe


@pytest.fixture
def trained(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Recipe, Path, bool]]:
    """What the engine was asked for."""
    asked: list[tuple[Recipe, Path, bool]] = []

    def train(recipe: Recipe, out: Path, *, resume: bool) -> None:
        asked.append((recipe, out, resume))

    monkeypatch.setattr("vidseg.training.engine.train", train)
    return asked


def test_what_is_printed_is_a_recipe(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["train", "nano_stage2", "optimiser.lr=1e-5", "--print-config", "data.clips=6"]
    assert main(words) == 0
    file = tmp_path / "mine.yaml"
    file.write_text(capsys.readouterr().out)
    assert read_recipe(file) == read_recipe("nano_stage2", ["optimiser.lr=1e-5", "data.clips=6"])


def test_settings_may_stand_anywhere(trained: list[tuple[Recipe, Path, bool]]) -> None:
    first, second = "data.clips=6", "data.size=64"
    assert main(["train", "nano_stage1", first, "--out", "x", second]) == 0
    assert main(["train", "nano_stage1", "--resume", first, "--out=x", second]) == 0
    assert main(["train", "--resume", "nano_stage1"]) == 0
    wanted = read_recipe("nano_stage1", [first, second])
    assert trained[0] == (wanted, Path("x"), False) and trained[1] == (wanted, Path("x"), True)
    assert trained[2] == (read_recipe("nano_stage1"), Path("runs/nano_stage1"), True)


def test_a_file_of_ones_own(tmp_path: Path, trained: list[tuple[Recipe, Path, bool]]) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("base: nano_stage1\ndata: {clips: 2}\n")
    assert main(["train", str(file)]) == 0
    recipe, out, _ = trained[0]
    assert recipe.data.clips == 2 and out == Path("runs/mine")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["nano_stage9"], "There is no recipe 'nano_stage9'; the nearest is 'nano_stage3'"),
        (["nano_stage1", "data.clip=2"], "data.clip is no key of a recipe; the nearest is"),
        (["nano_stage1", "data.clips=two"], "data.clips needs a whole number, not 'two'"),
        (["nano_stage1", "--resum"], "Unrecognized arguments: --resum"),
        (["nano_stage1", "--dry-run", "--print-config"], "not allowed with argument --dry-run"),
        (["nano_stage1", "--out", "x", "clips"], "Unrecognized arguments: clips"),
        (["nano_stage1", "clips"], "'clips' is no setting; write key=value"),
        ([], "The following arguments are required: RECIPE"),
    ],
)
def test_wrong_words_are_one_sentence(
    words: list[str],
    told: str,
    capsys: pytest.CaptureFixture[str],
    trained: list[tuple[Recipe, Path, bool]],
) -> None:
    assert main(["train", *words]) == 2
    error = capsys.readouterr().err
    assert told in error and error.startswith("vidseg: ") and error.count("\n") == 1
    assert not trained


def test_a_file_is_no_place_for_a_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], trained: list[tuple[Recipe, Path, bool]]
) -> None:
    file = tmp_path / "file"
    file.write_text("")
    assert main(["train", "nano_stage1", "--out", str(file)]) == 2
    assert "is a file; give a folder" in capsys.readouterr().err and not trained


def test_errors_of_a_run_are_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*args: object, **options: object) -> None:
        raise OutputError("The disk is full.")

    monkeypatch.setattr("vidseg.training.engine.train", fail)
    assert main(["train", "nano_stage1"]) == 2
    assert capsys.readouterr().err == "vidseg: The disk is full.\n"


def test_a_dry_run_names_missing_data(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["train", "nano_stage1", "--dry-run", f"data.root={tmp_path}", "init.start=none"]
    assert main([*words, "model.overrides.decoder.layers=1"]) == 2
    told = capsys.readouterr()
    assert "mask_decoder" in told.out
    for name in ("voc-animals", "coco-mini", "camvid", "video-extra", "davis2016-dev"):
        assert name in told.err
    assert told.err.count("\n") == 1
