"""Packs the drawn part of a set of evaluator cases: ``python -m tests.golden.drawn_cases SET``.

The whole set mixes drawn masks with annotations of DAVIS and results that were published with it.
Those are other people's and may not be passed on, so the videos with them are left out here. The
official programs' numbers of single videos and objects stay as they are, and ours must equal them.
Numbers over all videos are computed anew by vidseg, which equals the programs on the whole set:
``VIDSEG_EVAL_CASES=SET pytest tests/evaluation tests/metrics``.
"""

from __future__ import annotations

import io
import json
import lzma
import math
import sys
import tarfile
from pathlib import Path
from typing import Any

import vidseg

from ..evaluation.test_expected import CASES, Case

OTHERS = {
    "blackswan", "bmx-trees", "camel", "bike-packing", "gold-fish", "car-shadow", "judo",
    "r0pig", "r1bmx", "r0gol", "r1jud", "00realload", "01realpigs", "100_real_bmx-trees",
    "100_real_camel", "101_real_goat", "kitti_step/0000", "kitti_step/0001",
}  # fmt: skip
OF_ITEMS = {"per_sequence", "per_object", "J_per_object", "F_per_object"}
NOTE = (
    "A part of a larger set. Numbers of single videos and objects are this program's. Numbers over "
    "all videos were computed by vidseg, which equals this program on the whole set."
)


ABOUT = """# Evaluator cases

One folder per benchmark: `gt/`, `pred/<variant>/`, `expected.json` and `README.md` (formats, rules,
quirks). All masks are drawn. `null` in expected.json = NaN.

The folders are the drawn part of a larger set, whose other videos are not ours to pass on. Numbers
of single videos and objects are the official program's, in full precision; its repository, script,
commit and library versions are inside. Numbers over all videos were computed by vidseg, which
equals the program on the larger set (`VIDSEG_EVAL_CASES` runs the same tests on it).
`gt` used as its own prediction gives the perfect score of nearly every metric.
"""
REWORDED = {
    "real DAVIS masks with the OSVOS result, ": "",
    "The real sequences with several objects use OSVOS result masks as (pseudo) ground truth, "
    "because only DAVIS-2016 annotations were at hand.\n": "",
    "aggregation written by this helper": "aggregation written",
}
NEEDLESS = {"def", "synonyms", "synset"}  # what dictionaries say of the names of classes


def is_drawn(file: Path) -> bool:
    """Whether a file of the set belongs to no video that is left out."""
    here = set(file.parts) | {f"{file.parts[0]}/{part}" for part in file.parts}
    return not here & OTHERS


def drawn_text(name: str, text: str) -> str:
    """A text file without the videos that are left out."""
    for old, new in REWORDED.items():
        text = text.replace(old, new)
    if name.endswith("val.txt"):
        return "".join(f"{line}\n" for line in text.splitlines() if line not in OTHERS)
    return text


def drawn_content(content: Any, root: str, gone: set[int]) -> Any:
    """A JSON file without the videos that are left out; ``gone``: their numbers."""
    if isinstance(content, dict):
        return {
            key: drawn_content(value, root, gone)
            for key, value in content.items()
            if key not in OTHERS | NEEDLESS
        }
    if isinstance(content, list):
        return [drawn_content(item, root, gone) for item in content if is_kept(item, root, gone)]
    return content


def is_kept(item: Any, root: str, gone: set[int]) -> bool:
    if not isinstance(item, dict):
        return True
    if OTHERS & {str(item.get("video_id")), str(item.get("seq_name"))}:
        return False
    if item.get("file_names") and item["id"] in gone:
        return False
    return item.get("video_id") not in gone


def numbers_gone(root: Path) -> set[int]:
    """Numbers of the videos of a JSON ground truth that are left out."""
    file = root / "gt" / "instances.json"
    if not file.is_file():
        return set()
    videos = json.loads(file.read_text())["videos"]
    return {v["id"] for v in videos if v["file_names"][0].split("/")[0] in OTHERS}


def renewed(recorded: Any, ours: Any, single: bool = False) -> Any:
    """The recorded numbers of what is left, those over all videos as computed now."""
    if isinstance(recorded, dict):
        return {
            key: renewed(value, ours[key], single or key in OF_ITEMS)
            for key, value in recorded.items()
            if key in ours
        }
    if isinstance(recorded, (list, tuple)):
        if isinstance(ours, (list, tuple)) and len(ours) == len(recorded) and single:
            return [renewed(a, b, single) for a, b in zip(recorded, ours, strict=True)]
        return [None if isinstance(x, float) and math.isnan(x) else x for x in ours]
    if isinstance(recorded, str):
        return recorded
    if single:
        assert math.isclose(recorded, ours, rel_tol=1e-9, abs_tol=1e-12), (recorded, ours)
        return recorded
    return None if math.isnan(ours) else type(recorded or 0.0)(ours)


def expected(case: Case, folder: Path, results: dict[str, Any], whole: dict[str, Any]) -> None:
    """Puts the numbers of the drawn part in the place of those of the whole set."""
    if case.together:
        report = vidseg.evaluate(case.benchmark, folder / "gt", folder / "pred")
        key = case.together
        whole[key] = renewed(whole[key], report.figures[key])
        return
    names = [case.record] if case.record else sorted(p.name for p in (folder / "pred").iterdir())
    for name in names:
        predicted = folder / "pred" / (case.folder or name)
        report = vidseg.evaluate(case.benchmark, folder / "gt", predicted, protocol=case.protocol)
        figures: Any = dict(report.figures)
        if case.inside:
            results[name][case.inside] = renewed(results[name][case.inside], figures)
            if case.absolute > 1e-3:  # that program prints two digits
                rows = results[name][case.inside]
                results[name][case.inside] = {key: round(value, 2) for key, value in rows.items()}
            continue
        apart = {k: v for k, v in results[name].items() if k.startswith(case.apart or ("\0",))}
        strings = {k: v for k, v in results[name].items() if isinstance(v, str)}
        results[name] = renewed(results[name], figures) | apart | strings


def write_drawn_part(whole: Path, out: Path) -> None:
    """Copies the set without the videos that are left out, and renews its numbers."""
    gone = {root.name: numbers_gone(root) for root in whole.iterdir() if root.is_dir()}
    for file in sorted(whole.rglob("*")):
        place = file.relative_to(whole)
        if not file.is_file() or not is_drawn(place):
            continue
        data, root = file.read_bytes(), place.parts[0]
        if file.suffix in (".txt", ".md"):
            data = drawn_text(file.name, data.decode()).encode()
            data = ABOUT.encode() if place.parts == ("README.md",) else data
        elif file.suffix == ".json":
            known = json.loads(data)
            data = json.dumps(drawn_content(known, root, gone.get(root, set()))).encode()
        (out / place).parent.mkdir(parents=True, exist_ok=True)
        (out / place).write_bytes(data)
    for root in sorted({case.benchmark for case in CASES}):
        content = json.loads(drawn_text("", (whole / root / "expected.json").read_text()))
        for variant in content["results"].values():
            frames = variant.get("per_object_frames", {})
            for name in [n for n in frames if n.rsplit("_", 1)[0] in OTHERS]:
                del frames[name]
        for case in CASES:
            if case.benchmark == root:
                expected(case, out / root, content["results"], content)
        content["evaluator"]["drawn_part"] = NOTE
        (out / root / "expected.json").write_text(json.dumps(content, indent=1, allow_nan=False))


def pack(folder: Path, archive: Path) -> None:
    """A tar.xz of all files in the order of their names, without owner and time."""
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.PAX_FORMAT) as packed:
        for file in sorted(folder.rglob("*")):
            if file.is_file():
                entry = tarfile.TarInfo(file.relative_to(folder).as_posix())
                entry.size, entry.mode, entry.mtime = file.stat().st_size, 0o644, 0
                packed.addfile(entry, io.BytesIO(file.read_bytes()))
    archive.write_bytes(lzma.compress(raw.getvalue(), preset=9 | lzma.PRESET_EXTREME))


if __name__ == "__main__":
    write_drawn_part(Path(sys.argv[1]), Path(sys.argv[2]))
    pack(Path(sys.argv[2]), Path(__file__).parent / "evaluators.tar.xz")
