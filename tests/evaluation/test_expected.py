"""Every number of the official programs that is on record, through the public call."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import vidseg

Leaf = tuple[str, ...]


@dataclass(frozen=True)
class Case:
    """One protocol of a benchmark and where its numbers are recorded.

    Attributes:
        benchmark, protocol: names; the folder of the fixture is called like the benchmark.
        inside: key under a variant's numbers, empty for all of them.
        record: name of the one variant that is meant, where it is not that of its folder.
        folder: of the predictions of that variant.
        together: key of numbers over all variants at once, read from the folder of all.
        main: figures that must have been compared, "/" reaches into nested ones.
        apart: beginnings of keys that the report does not have.
        single: keys with these words are sums in single precision and are compared to 1e-6.
        absolute: tolerance beside 1e-9 relative.
    """

    benchmark: str
    protocol: str | None = None
    inside: str = ""
    record: str = ""
    folder: str = ""
    together: str = ""
    main: tuple[str, ...] = ()
    apart: tuple[str, ...] = ()
    single: tuple[str, ...] = ()
    absolute: float = 1e-12

    def __str__(self) -> str:
        return "-".join(filter(None, (self.benchmark, self.protocol, self.together)))


PARTS = ("all", "common", "uncommon")
TRACKS = ("AP", "AP50", "AP75", "AR1", "AR10")
JF = ("J&F-Mean", "J-Mean", "J-Recall", "J-Decay", "F-Mean", "F-Recall", "F-Decay")
TRACKING = tuple(f"{key}/{part}" for key in ("HOTA", "DetA", "AssA") for part in PARTS)
MEAN = "mean_over_annotators"
WINDOWS = tuple(f"VPQ_nframes_{k}/All/pq" for k in (1, 2, 4, 6, 8))
STEP_WINDOWS = tuple(f"VPQ_window_{k}/PQ" for k in (1, 2, 3, 4))
GROUPS = ("thing_seen", "thing_unseen", "stuff_seen", "stuff_unseen")

CASES = (
    Case("ytvis2019", main=TRACKS),
    Case("ytvis2021", main=TRACKS),
    Case("ovis", main=TRACKS),
    Case("vspw", main=("mIoU", "mVC8", "mVC16")),
    Case("vipseg", main=("VPQ/All", "VPQ_1246/All", *WINDOWS, "STQ/STQ", "STQ/AQ", "STQ/SQ")),
    Case(
        "kitti_step",
        main=("STQ", "AQ", "SQ", *STEP_WINDOWS),
        single=("float32_result_PQ_SQ_RQ_TP_FN_FP", "STQ_tensorflow"),
    ),
    Case("davis2016", main=JF, apart=("vos_benchmark_percent",)),
    Case("davis2016", "vos_benchmark", "vos_benchmark_percent", main=("J&F", "J", "F")),
    Case("davis2017", main=JF),
    Case("davis2017_unsup", main=JF),
    Case("youtube_vos", "after_first", "after_first", main=("G", "J_s", "J_u", "F_s", "F_u")),
    Case(
        "youtube_vos",
        "after_first_skip_last",
        "after_first_skip_last",
        main=("G", "J_s", "J_u", "F_s", "F_u"),
    ),
    Case("mose", "skip_first_last", "skip_first_last", main=("J&F", "J", "F")),
    Case("mose", "all_frames", "all_frames", main=("J&F", "J", "F")),
    Case(
        "mose",
        "mosev2",
        "mosev2_score_py_rounded",
        main=("J&F_new", "J", "F_new"),
        absolute=0.00501,  # that program prints two digits
    ),
    Case(
        "viposeg",
        main=("overall_iou", *(f"{g}_{kind}" for g in GROUPS for kind in ("miou", "biou"))),
    ),
    Case("ref_davis", main=JF),
    Case("ref_davis", together=MEAN, main=tuple(f"{MEAN}/{key}" for key in JF)),
    Case("ref_youtube_vos", main=("J&F", "J", "F")),
    Case("burst", main=TRACKING),
    Case(
        "burst",
        "exemplar_run_py",
        record="exemplar_run_py_as_shipped",
        folder="exemplar",
        main=TRACKING,
    ),
)


def leaves(value: Any, path: Leaf = ()) -> Iterator[tuple[Leaf, float]]:
    """Numbers in nested figures; None, as JSON has it, is NaN."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from leaves(item, (*path, str(key)))
    elif isinstance(value, (list, tuple)):
        for position, item in enumerate(value):
            yield from leaves(item, (*path, str(position)))
    elif value is None:
        yield path, math.nan
    elif not isinstance(value, (str, bool)):
        yield path, float(value)


def compare(case: Case, figures: dict[str, Any], recorded: dict[str, Any]) -> set[str]:
    """Asserts that what both have is equal, and returns the names of what was compared."""
    ours = dict(leaves(figures))
    compared: set[str] = set()
    for path, want in leaves(recorded):
        if path not in ours:
            continue
        relative = 1e-6 if set(path) & set(case.single) else 1e-9
        close = pytest.approx(want, rel=relative, abs=case.absolute, nan_ok=True)
        assert ours[path] == close, f"{case}: {'/'.join(path)}"
        compared.add("/".join(path))
    return compared


def variants(case: Case, folder: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Folders of predictions and their recorded numbers."""
    recorded = json.loads((folder / "expected.json").read_text())
    if case.together:
        yield folder / "pred", {case.together: recorded[case.together]}
        return
    if case.record:
        yield folder / "pred" / case.folder, recorded["results"][case.record]
        return
    for predicted in sorted((folder / "pred").iterdir()):
        numbers = recorded["results"][predicted.name]
        yield predicted, numbers[case.inside] if case.inside else numbers


@pytest.mark.parametrize("case", CASES, ids=str)
def test_equal_to_the_official_program(case: Case, eval_cases: Path) -> None:
    folder = eval_cases / case.benchmark
    count = 0
    for predicted, recorded in variants(case, folder):
        report = vidseg.evaluate(case.benchmark, folder / "gt", predicted, protocol=case.protocol)
        compared = compare(case, dict(report.figures), recorded)
        assert set(case.main) <= compared, f"{predicted}: {set(case.main) - compared}"
        every = {"/".join(path) for path, _ in leaves(recorded)}
        left = {key for key in every - compared if not key.startswith(case.apart)}
        assert not left, f"{predicted}: not compared: {sorted(left)[:5]}"
        count += 1
    assert count


def test_every_folder_on_record_has_a_case(eval_cases: Path) -> None:
    folders = {path.parent.name for path in (eval_cases).glob("*/expected.json")}
    assert folders and folders == {case.benchmark for case in CASES}


def test_a_wrong_digit_is_seen() -> None:
    case = Case("vspw")
    assert compare(case, {"mIoU": 0.5, "deep": {"a": [1.0, math.nan]}}, {"deep": {"a": [1, None]}})
    with pytest.raises(AssertionError, match="deep/a/0"):
        compare(case, {"deep": {"a": [1.0]}}, {"deep": {"a": [1.00000001]}})


@pytest.mark.parametrize(
    ("benchmark", "variant"),
    [("davis2017", "a"), ("ytvis2021", "mild"), ("vipseg", "mild"), ("burst", "mild")],
)
def test_two_workers_change_no_digit(benchmark: str, variant: str, eval_cases: Path) -> None:
    folder = eval_cases / benchmark
    one, two = (
        vidseg.evaluate(benchmark, folder / "gt", folder / "pred" / variant, workers=workers)
        for workers in (1, 2)
    )
    assert dict(leaves(dict(one.figures))) == pytest.approx(
        dict(leaves(dict(two.figures))), rel=0, abs=0, nan_ok=True
    )
    assert list(one.videos) == list(two.videos)
