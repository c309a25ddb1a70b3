"""Spellings of the benchmarks of single objects."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from ...datasets.layouts import write_layout
from ...datasets.scenes import save_grey, save_json, save_lines, save_palette
from .agreement import Frames, Spelling

Respell = Callable[[Path], object]


def _rename(old: str, new: str) -> Respell:
    return lambda folder: (folder / old).rename(folder / new)


def _resolution(name: str) -> Respell:
    """Calls the folders of 480p otherwise, as the release of that size does."""

    def respell(folder: Path) -> None:
        for place in folder.glob("*/480p"):
            place.rename(place.with_name(name))

    return respell


def _lists(old: str, new: str) -> Respell:
    """Moves the lists, whose lines are those of DAVIS 2016 where the folder is of a resolution."""

    def respell(folder: Path) -> None:
        paths = "480p" in new
        for file in (folder / "ImageSets" / old).glob("*.txt"):
            lines = file.read_text(encoding="utf-8").split()
            if paths:
                lines = [f"/JPEGImages/480p/{v}/00000.jpg /Annotations/480p/{v}/00000.png"
                         for v in lines]  # fmt: skip
            (folder / new).mkdir(parents=True, exist_ok=True)
            save_lines(folder / new / file.name, *lines)
        shutil.rmtree(folder / "ImageSets" / old)

    return respell


def _davis(name: str, *respell: Respell) -> Callable[[Path], Frames]:
    """DAVIS with the video ``bear``, which shows both of its objects from the start, in val."""

    def write(folder: Path) -> Frames:
        known = write_layout(name, folder)
        root = folder / "DAVIS" if (folder / "DAVIS").is_dir() else folder
        year = "2016" if name == "davis2016" else "2017"
        save_lines(root / "ImageSets" / year / "val.txt", "bear")
        save_lines(root / "ImageSets" / year / "train.txt", "swan")
        for change in respell:
            change(root)
        return {"bear": known["bear"].frames}

    return write


def _predict_davis(folder: Path, predicted: Path) -> None:
    maps = sorted(folder.glob("**/Annotations*/*/bear/*.png"))
    for path in maps:
        ids = np.array(Image.open(path))
        binary = set(np.unique(ids).tolist()) == {0, 255}
        save_palette(predicted / "bear" / path.name, np.where(ids == 255, int(binary), ids))


def _davis_spelling(dataset: str, words: str, *respell: Respell) -> Spelling:
    return Spelling(
        name=f"{dataset}, {words}",
        dataset=dataset,
        split="val",
        objects=1 if dataset == "davis2016" else 2,
        write=_davis(dataset, *respell),
        benchmark=dataset,
        predict=_predict_davis,
    )


def _parted(name: str, *respell: Respell) -> Callable[[Path], Frames]:
    """YouTube-VOS and MOSE, whose one split is train."""

    def write(folder: Path) -> Frames:
        known = write_layout(name, folder)
        for change in respell:
            change(folder)
        return {video: about.frames for video, about in known.items()}

    return write


def _seen(place: str) -> Respell:
    """Tells the evaluation the classes of train, as it wants to be told beside other splits."""
    return lambda folder: save_json(folder / place / "seen_categories.json", ["ape"])


def _unpack(folder: Path) -> None:
    """Makes the folder of the split the folder itself."""
    for path in (folder / "train").iterdir():
        path.rename(folder / path.name)
    (folder / "train").rmdir()


def _predict_parted(folder: Path, predicted: Path) -> None:
    (maps,) = (place for place in folder.glob("**/Annotations") if place.is_dir())
    shutil.copytree(maps, predicted, dirs_exist_ok=True)


def _parted_spelling(
    dataset: str, words: str, split: str | None, truth: str, *respell: Respell
) -> Spelling:
    youtube = dataset.startswith("youtube_vos")
    return Spelling(
        name=f"{dataset}, {words}",
        dataset=dataset,
        split=split,
        objects=4,
        write=_parted(dataset, *respell, *([_seen(truth)] if youtube else [])),
        benchmark="youtube_vos" if youtube else "mose",
        predict=_predict_parted,
        truth=truth,
        protocol="mosev2" if dataset == "mosev2" else None,
    )


PARTED = (
    _parted_spelling("youtube_vos", "valid", "valid", "valid", _rename("train", "valid")),
    _parted_spelling("youtube_vos2018", "a split alone", None, "", _unpack),
    _parted_spelling("mose", "meta_train.json", "train", "train"),
    _parted_spelling(
        "mosev2",
        "meta_valid.json in valid",
        "valid",
        "valid",
        _rename("train/meta.json", "train/meta_valid.json"),
        _rename("train", "valid"),
    ),
    _parted_spelling("mosev2", "meta.json", "train", "train"),
    _parted_spelling("mosev2", "a split alone", None, "", _unpack),
)


def _convert(folder: Path) -> None:
    """Ref-DAVIS in the form of Ref-YouTube-VOS, its video ``bear`` alone."""
    expressions = {}
    for annotator, file in enumerate(sorted((folder / "davis_text_annotations").iterdir())):
        for line in file.read_text(encoding="utf-8").splitlines():
            video, id, words = line.split(maxsplit=2)
            if video == "bear":
                key = str(4 * (int(id) - 1) + annotator)
                expressions[key] = {"exp": words.strip('"'), "obj_id": id}
    for kind, name in (("JPEGImages",) * 2, ("Annotations_unsupervised", "Annotations")):
        place = folder / "valid" / name / "bear"
        place.parent.mkdir(parents=True)
        (folder / "DAVIS" / kind / "480p" / "bear").rename(place)
    frames = sorted(path.stem for path in place.iterdir())
    about = {"expressions": expressions, "frames": frames}
    meta = folder / "meta_expressions/valid/meta_expressions.json"
    save_json(meta, {"videos": {"bear": about}})
    shutil.rmtree(folder / "DAVIS")
    shutil.rmtree(folder / "davis_text_annotations")


def _ref_davis(*respell: Respell) -> Callable[[Path], Frames]:
    def write(folder: Path) -> Frames:
        frames = _davis("ref_davis")(folder)
        for change in respell:
            change(folder)
        return frames

    return write


def _up(folder: Path) -> None:
    """Puts the folders of DAVIS beside the sentences."""
    for path in (folder / "DAVIS").iterdir():
        path.rename(folder / path.name)
    (folder / "DAVIS").rmdir()


def _predict_for_annotators(folder: Path, predicted: Path) -> None:
    for path in sorted(folder.glob("**/Annotations*/**/bear/*.png")):
        ids = np.array(Image.open(path))
        for number in range(4):
            name = predicted / f"anno_{number}" / "bear" / path.name
            save_palette(name, np.where(ids == 255, 0, ids))


def _predict_referred(folder: Path, predicted: Path) -> None:
    (file,) = folder.glob("**/meta_expressions.json")
    (maps,) = (place for place in folder.glob("**/Annotations") if place.is_dir())
    for video, about in json.loads(file.read_text(encoding="utf-8"))["videos"].items():
        for key, expression in about["expressions"].items():
            for frame in about["frames"]:
                ids = np.array(Image.open(maps / video / f"{frame}.png"))
                mask = 255 * (ids == int(expression["obj_id"]))
                save_grey(predicted / "Annotations" / video / key / f"{frame}.png", mask)


def _referred_spelling(words: str, split: str | None, truth: str, *respell: Respell) -> Spelling:
    return Spelling(
        name=f"ref_youtube_vos, {words}",
        dataset="ref_youtube_vos",
        split=split,
        objects=4,
        write=_parted("ref_youtube_vos", *respell),
        benchmark="ref_youtube_vos",
        predict=_predict_referred,
        truth=truth,
    )


_AS_VALID = (
    _rename("train", "valid"),
    _rename("meta_expressions/train", "meta_expressions/valid"),
)

REFERRED = (
    *(
        Spelling(
            name=f"ref_davis, {words}",
            dataset="ref_davis",
            split="valid",
            objects=2,
            write=_ref_davis(*respell),
            benchmark="ref_davis",
            predict=_predict_for_annotators,
        )
        for words, respell in {
            "DAVIS beside the sentences": (),
            "all in the root": (_up,),
            "converted": (_convert,),
        }.items()
    ),
    _referred_spelling("as released", "valid", "", *_AS_VALID),
    _referred_spelling("the folder of a split measured", "valid", "valid", *_AS_VALID),
    _referred_spelling(
        "a split alone",
        None,
        "",
        _rename("meta_expressions/train/meta_expressions.json", "train/meta_expressions.json"),
        lambda folder: shutil.rmtree(folder / "meta_expressions"),
        _unpack,
    ),
)


def _predict_burst(folder: Path, predicted: Path) -> None:
    (file,) = folder.glob("**/all_classes.json")
    content = json.loads(file.read_text(encoding="utf-8"))
    for sequence in content["sequences"]:
        for shown in sequence["segmentations"]:
            for mask in shown.values():
                mask["score"] = 0.9
    save_json(predicted / "results.json", content)


def _burst_spelling(words: str, split: str | None, *respell: Respell) -> Spelling:
    return Spelling(
        name=f"burst, {words}",
        dataset="burst",
        split=split,
        objects=4,
        write=_parted("burst", *respell),
        benchmark="burst",
        predict=_predict_burst,
    )


BURST = (
    _burst_spelling("as released", "val"),
    _burst_spelling(
        "images beside val", "val", _rename("annotations/val", "val"), _rename("frames", "images")
    ),
    _burst_spelling("frames in val", "val", _rename("frames/val", "val")),
    _burst_spelling(
        "a file alone", None, _rename("annotations/val/all_classes.json", "all_classes.json")
    ),
)

OBJECTS = (
    *BURST,
    *PARTED,
    *REFERRED,
    _davis_spelling("davis2016", "480p"),
    _davis_spelling("davis2016", "lists of paths", _lists("2016", "ImageSets/480p")),
    _davis_spelling("davis2016", "1080p", _resolution("1080p")),
    _davis_spelling("davis2017", "480p"),
    _davis_spelling("davis2017", "full resolution", _resolution("Full-Resolution")),
    _davis_spelling("davis2017", "lists in the root", _lists("2017", ".")),
    _davis_spelling("davis2017_unsup", "480p"),
    _davis_spelling("davis2017_unsup", "lists of 2019", _lists("2017", "ImageSets/2019")),
)
