"""``vidseg submit`` in a terminal."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

from vidseg.cli.main import main


def results(folder: Path, score: float) -> Path:
    folder.mkdir()
    row = {"video_id": 1, "category_id": 1, "score": score, "segmentations": [None]}
    (folder / "results.json").write_text(json.dumps([row]))
    return folder


def test_summary(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    predicted = results(tmp_path / "pred", 0.5)
    archive = tmp_path / "out" / "a.zip"
    assert main(["submit", "ytvis2021", str(predicted), str(archive)]) == 0
    told = capsys.readouterr().out
    assert f"{archive}: 1 files, 0.0 MB" in told and "without --gt" in told.lower()
    with zipfile.ZipFile(archive) as packed:
        assert packed.namelist() == ["results.json"]


def test_faults_are_listed_and_nothing_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    predicted = results(tmp_path / "pred", float("nan"))
    archive = tmp_path / "a.zip"
    assert main(["submit", "OVIS", str(predicted), str(archive)]) == 2
    told = capsys.readouterr().out
    assert (
        "scores (1)" in told
        and f"{predicted / 'results.json'}: prediction 0 has the score nan" in told
    )
    assert "1 error, 0 warnings" in told
    assert not archive.exists()


def test_wrong_input_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["submit", "imagenet", str(tmp_path), str(tmp_path / "a.zip")]) == 2
    told = capsys.readouterr().err
    assert told.startswith("vidseg: There is no benchmark 'imagenet'") and told.count("\n") == 1
