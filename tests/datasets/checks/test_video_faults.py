"""Planted faults in the layout of each video dataset: each is found, and none in a clean one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from vidseg.datasets.checks.folders import check_gaps
from vidseg.datasets.checks.registry import CHECKS, check_dataset
from vidseg.datasets.checks.survey import Survey
from vidseg.datasets.label_statistics import count_labels
from vidseg.datasets.sources.registry import open_dataset
from vidseg.errors import DataError
from vidseg.formats.layouts.problems import Findings

from ..image_layouts import IMAGE_LAYOUTS
from ..layouts import layout_names, write_layout
from .planting import (
    Plant,
    added,
    converted,
    cut,
    edited,
    emptied,
    gone,
    grown,
    line,
    moved,
    recolored,
    repainted,
)

Values = np.ndarray[Any, Any]

# what clean tiny folders are told: they hold less than the release, and one object enters late
EXPECTED = {"counts", "late objects"}

PLACES = {
    "davis2016": ("JPEGImages/480p/*/*.jpg", "Annotations/480p/*/*.png"),
    "davis2017": ("JPEGImages/480p/*/*.jpg", "Annotations/480p/*/*.png"),
    "davis2017_unsup": ("JPEGImages/480p/*/*.jpg", "Annotations_unsupervised/480p/*/*.png"),
    "ref_davis": ("DAVIS/JPEGImages/480p/*/*.jpg", "DAVIS/Annotations_unsupervised/480p/*/*.png"),
    "youtube_vos": ("train/JPEGImages/*/*.jpg", "train/Annotations/*/*.png"),
    "youtube_vos2018": ("train/JPEGImages/*/*.jpg", "train/Annotations/*/*.png"),
    "mose": ("train/JPEGImages/*/*.jpg", "train/Annotations/*/*.png"),
    "mosev2": ("train/JPEGImages/*/*.jpg", "train/Annotations/*/*.png"),
    "viposeg": ("valid/JPEGImages/*/*.jpg", "valid/Annotations_gt/*/*.png"),
    "ref_youtube_vos": ("train/JPEGImages/*/*.jpg", "train/Annotations/*/*.png"),
    "vspw": ("data/*/origin/*.jpg", "data/*/mask/*.png"),
    "vspw_mapped": ("data/*/origin/*.jpg", "data/*/mask/*.png"),
    "vipseg": ("images/*/*.jpg", "panomasksRGB/*/*.png"),
    "vipseg_released": ("imgs/*/*.jpg", "panomasks/*/*.png"),
    "kitti_step": ("images/val/*/*.png", "panoptic_maps/val/*/*.png"),
}
TRACKS = {
    "ytvis2019": "train.json",
    "ytvis2021": "train/instances.json",
    "ytvis2022": "train/instances.json",
    "ovis": "annotations_train.json",
}
PALETTES = tuple(
    name
    for name in PLACES
    if name not in ("davis2016", "vspw", "vspw_mapped", "vipseg", "vipseg_released", "kitti_step")
)
CONSECUTIVE = ("davis2016", "davis2017", "davis2017_unsup", "mose", "mosev2", "kitti_step")


def check(name: str, folder: Path) -> Findings:
    return check_dataset(name.removesuffix("_released"), folder)[0]


def planted(name: str, folder: Path, plant: Plant, words: str, severity: str = "error") -> None:
    """Writes a clean folder, spoils it, and looks for the finding."""
    write_layout(name, folder)
    before = {finding.sentence for finding in check(name, folder)}
    named = plant(folder)
    found = [finding for finding in check(name, folder) if finding.sentence not in before]
    right = [finding for finding in found if words in finding.sentence]
    assert right, [finding.sentence for finding in found]
    assert any(str(named) in finding.sentence for finding in right), (named, right)
    assert {finding.severity for finding in right} == {severity}


@pytest.mark.parametrize("name", layout_names())
def test_clean_folders_have_no_fault(name: str, tmp_path: Path) -> None:
    write_layout(name, tmp_path)
    findings = check(name, tmp_path)
    assert findings.errors == 0
    assert {finding.group for finding in findings} <= EXPECTED


def test_every_dataset_has_a_fixture() -> None:
    assert set(CHECKS) == {n for n in layout_names() if n != "vipseg_released"} | set(IMAGE_LAYOUTS)


@pytest.mark.parametrize("name", PLACES)
def test_missing_picture(name: str, tmp_path: Path) -> None:
    planted(name, tmp_path, gone(PLACES[name][0], 1), "lacks the ")


@pytest.mark.parametrize("name", PLACES)
def test_missing_mask(name: str, tmp_path: Path) -> None:
    def plant(folder: Path) -> Path:
        place = gone(PLACES[name][1], 1)(folder)
        return place / "00000003.png" if name == "vipseg" else place

    words = "There is no " if name == "vipseg" else "lacks the masks of"
    planted(name, tmp_path, plant, words)


@pytest.mark.parametrize("name", PLACES)
def test_damaged_picture(name: str, tmp_path: Path) -> None:
    planted(name, tmp_path, cut(PLACES[name][0], 0.8), "breaks off before its end")


@pytest.mark.parametrize("name", PLACES)
def test_empty_picture(name: str, tmp_path: Path) -> None:
    planted(name, tmp_path, emptied(PLACES[name][0]), "is empty")


@pytest.mark.parametrize("name", PLACES)
def test_damaged_mask(name: str, tmp_path: Path) -> None:
    planted(name, tmp_path, cut(PLACES[name][1]), "breaks off before its end")


@pytest.mark.parametrize("name", PLACES)
def test_mask_of_another_size(name: str, tmp_path: Path) -> None:
    planted(name, tmp_path, grown(PLACES[name][1]), "is 24 x 33 (height x width)")


@pytest.mark.parametrize("name", PLACES)
def test_picture_of_another_size(name: str, tmp_path: Path) -> None:
    planted(name, tmp_path, grown(PLACES[name][0], 2), "is 24 x 33 (height x width)")


@pytest.mark.parametrize("name", PLACES)
def test_mask_of_another_mode(name: str, tmp_path: Path) -> None:
    planted(name, tmp_path, converted(PLACES[name][1], "RGBA"), "has colour mode RGBA")


@pytest.mark.parametrize("name", PALETTES)
def test_grey_mask_where_a_palette_is_usual(name: str, tmp_path: Path) -> None:
    def plant(folder: Path) -> Path:
        return repainted(PLACES[name][1], lambda values: values)(folder)

    def grey(folder: Path) -> Path:
        file = plant(folder)
        with Image.open(file) as image:
            Image.fromarray(np.array(image)).save(file)
        return file

    planted(name, tmp_path, grey, "has colour mode L, P is wanted", "warning")


@pytest.mark.parametrize("name", PLACES)
def test_file_that_does_not_belong(name: str, tmp_path: Path) -> None:
    def plant(folder: Path) -> Path:
        place = sorted(folder.glob(PLACES[name][1]))[0].parent
        (place / "notes.txt").write_text("x")
        return place / "notes.txt"

    planted(name, tmp_path, plant, "is no frame of a video", "warning")


@pytest.mark.parametrize("name", [name for name in PLACES if name != "vspw_mapped"])
def test_masks_of_a_whole_video_are_missing(name: str, tmp_path: Path) -> None:
    def plant(folder: Path) -> Path:
        place = sorted(folder.glob(PLACES[name][1]))[0].parent
        place.rename(folder / "elsewhere")
        return place

    write_layout(name, tmp_path)
    plant(tmp_path)
    findings = check(name, tmp_path)
    assert any(
        finding.group == "missing files" for finding in findings if finding.severity == "error"
    )


@pytest.mark.parametrize("name", CONSECUTIVE)
def test_frame_left_out_everywhere(name: str, tmp_path: Path) -> None:
    def plant(folder: Path) -> Path:
        gone(PLACES[name][1], 1)(folder)
        return gone(PLACES[name][0], 1)(folder)

    planted(name, tmp_path, plant, "jumps over 1 frame: 1;")


def put(value: int) -> Any:
    def change(values: Values) -> None:
        values[0, 0] = value

    return change


VALUES = {
    "davis2016": (7, "values 7; a mask of one object has 0 and 255"),
    "davis2017": (255, "the value 255, which is no object"),
    "youtube_vos": (9, "ids 9, which"),
    "mosev2": (9, "ids 9, which"),
    "viposeg": (9, "ids 9, which"),
    "vspw": (200, "values 200; 0 to 124 and 255 are known"),
    "vspw_mapped": (124, "values 124; 0 to 123 and 255 are known"),
    "vipseg": (3, "ids 197379, which"),
    "vipseg_released": (20000, "values 20000, which are no class"),
    "kitti_step": (40, "classes 40 in its red channel"),
}


@pytest.mark.parametrize("name", VALUES)
def test_values_that_mean_nothing(name: str, tmp_path: Path) -> None:
    value, words = VALUES[name]
    planted(name, tmp_path, repainted(PLACES[name][1], put(value)), words)


def test_masks_of_one_white_object(tmp_path: Path) -> None:
    write_layout("davis2017", tmp_path)
    masks = sorted(tmp_path.glob(PLACES["davis2017"][1]))
    folders = {path.parent for path in masks}
    for path in masks:
        with Image.open(path) as image:
            palette, values = image.getpalette(), np.array(image)
        white = Image.fromarray(np.where(values > 0, np.uint8(255), np.uint8(0)))
        assert palette is not None
        white.putpalette(palette)
        white.save(path)
    errors = [one.sentence for one in check("davis2017", tmp_path) if one.severity == "error"]
    assert len(errors) == len(folders)  # one a video, not one a frame
    assert all("hold 0 and 255 alone, as DAVIS 2016" in sentence for sentence in errors)
    with pytest.raises(DataError, match="hold 0 and 255 alone"):
        count_labels(open_dataset("davis2017", tmp_path))


def test_gap_in_the_ids_of_the_first_frame(tmp_path: Path) -> None:
    plant = repainted(PLACES["davis2017"][1], put(5))
    planted("davis2017", tmp_path, plant, "holds the id 5 but not 3, 4")


def test_other_colours_than_those_of_davis(tmp_path: Path) -> None:
    plant = recolored(PLACES["davis2017"][1])
    planted("davis2017", tmp_path, plant, "in other colours than DAVIS", "warning")


def test_instance_of_stuff(tmp_path: Path) -> None:
    def number(values: Values) -> None:
        values[0, 0] = (0, 0, 7)  # a road with an instance

    plant = repainted(PLACES["kitti_step"][1], number)
    planted("kitti_step", tmp_path, plant, "numbers instances of the classes 0;")


def blank(values: Values) -> Values:
    return np.zeros_like(values)


@pytest.mark.parametrize("name", ["davis2017", "mose"])
def test_video_without_an_object(name: str, tmp_path: Path) -> None:
    def plant(folder: Path) -> Path:
        files = sorted(folder.glob(PLACES[name][1]))
        video = files[0].parent
        for place, file in enumerate(files):
            if file.parent == video:
                repainted(PLACES[name][1], blank, place)(folder)
        return video

    planted(name, tmp_path, plant, "shows no object in any frame")


LISTS = {
    "davis2016": "ImageSets/2016/val.txt",
    "davis2017": "ImageSets/2017/val.txt",
    "davis2017_unsup": "ImageSets/2017/val.txt",
    "ref_davis": "DAVIS/ImageSets/2017/val.txt",
    "vspw": "val.txt",
    "vipseg": "val.txt",
}


@pytest.mark.parametrize("name", LISTS)
def test_list_names_an_absent_video(name: str, tmp_path: Path) -> None:
    planted(name, tmp_path, line(LISTS[name], "unicorn"), "names unicorn, but there is no folder")


@pytest.mark.parametrize("name", ["davis2017", "vspw"])
def test_list_is_missing(name: str, tmp_path: Path) -> None:
    write_layout(name, tmp_path)
    (tmp_path / LISTS[name]).unlink()
    findings = check(name, tmp_path)
    assert any("that no list in" in finding.sentence for finding in findings)


JSON_FAULTS: list[tuple[str, str, Plant, str]] = [
    (name, "truncated", cut(pattern), "Cannot read the annotation file")
    for name, pattern in {
        "ytvis2019": "train.json",
        "ytvis2021": "train/instances.json",
        "ytvis2022": "train/instances.json",
        "ovis": "annotations_train.json",
        "vipseg": "panoptic_gt_VIPSeg_val.json",
        "viposeg": "valid/obj_class.json",
        "youtube_vos": "train/meta.json",
        "mosev2": "**/meta*.json",
        "burst": "annotations/val/all_classes.json",
        "ref_youtube_vos": "meta_expressions/train/meta_expressions.json",
    }.items()
]


def track(content: Any) -> Any:
    return content["annotations"][1]


def mask_of(content: Any) -> Any:
    return next(mask for mask in track(content)["segmentations"] if mask)


TRACK_FAULTS: dict[str, tuple[Any, str]] = {
    "double id": (lambda c: track(c).update(id=c["annotations"][0]["id"]), "annotation id 1 twice"),
    "double video": (lambda c: c["videos"][1].update(id=1), "video id 1 twice"),
    "unknown class": (lambda c: track(c).update(category_id=999), "category_id 999"),
    "unknown video": (lambda c: track(c).update(video_id=77), "of video 77"),
    "list length": (lambda c: track(c)["segmentations"].pop(), "3 segmentations, its video 4"),
    "areas length": (lambda c: track(c)["areas"].append(1), "5 areas, its video 4"),
    "size of run lengths": (lambda c: mask_of(c).update(size=[32, 24]), "size 32 x 24"),
    "broken run lengths": (lambda c: mask_of(c).update(counts="0"), "runs of 0 pixels in all"),
    "area": (
        lambda c: track(c).update(areas=[area and area + 9 for area in track(c)["areas"]]),
        "written beside it",
    ),
    "no mask": (lambda c: track(c).update(segmentations=[None] * 4), "no mask in any frame"),
    "crowd": (lambda c: track(c).update(iscrowd=2), "iscrowd 2"),
    "length of the video": (lambda c: c["videos"][0].update(length=9), "the length 9 and 4"),
    "frame listed twice": (
        lambda c: c["videos"][0]["file_names"].__setitem__(1, c["videos"][0]["file_names"][0]),
        "names a frame twice",
    ),
    "class listed twice": (
        lambda c: c["categories"][1].update(name=c["categories"][0]["name"]),
        "calls both category",
    ),
}
JSON_FAULTS += [
    (name, fault, edited(TRACKS[name], change), words)
    for name in TRACKS
    for fault, (change, words) in TRACK_FAULTS.items()
]


def frame_of(content: Any) -> Any:
    return content["annotations"][0]["annotations"][0]


SEGMENT_FAULTS: dict[str, tuple[Any, str]] = {
    "area": (lambda c: frame_of(c)["segments_info"][0].update(area=3), "an area of 3"),
    "class": (lambda c: frame_of(c)["segments_info"][0].update(category_id=500), "category 500"),
    "id alone": (lambda c: frame_of(c)["segments_info"][0].update(id=12345), "ids 12345"),
    "double id": (
        lambda c: frame_of(c)["segments_info"].append(frame_of(c)["segments_info"][0]),
        "more than once",
    ),
    "frame alone": (
        lambda c: c["annotations"][0]["annotations"].pop(0),
        "no annotation of the image",
    ),
    "video alone": (lambda c: c["annotations"].pop(0), "no annotations of the video"),
}
JSON_FAULTS += [
    ("vipseg", fault, edited("panoptic_gt_VIPSeg_val.json", change), words)
    for fault, (change, words) in SEGMENT_FAULTS.items()
]


def sequence(content: Any) -> Any:
    return content["sequences"][0]


def any_mask(content: Any) -> Any:
    return next(iter(next(m for m in sequence(content)["segmentations"] if m).values()))


SEQUENCE_FAULTS: dict[str, tuple[Any, str]] = {
    "length": (lambda c: sequence(c)["segmentations"].pop(), "3 segmentations and 4"),
    "unknown class": (
        lambda c: sequence(c)["track_category_ids"].update({"1": 99999}),
        "unknown class 99999",
    ),
    "track without a mask": (
        lambda c: sequence(c)["track_category_ids"].update({"77": c["categories"][0]["id"]}),
        "no mask of the tracks 77",
    ),
    "broken run lengths": (lambda c: any_mask(c).update(rle="0"), "runs of 0 pixels in all"),
    "double sequence": (lambda c: c["sequences"].append(sequence(c)), "twice"),
    "other split": (lambda c: c.update(split="test"), "of the split 'test'"),
    "absent frame": (
        lambda c: sequence(c)["annotated_image_paths"].__setitem__(0, "none.jpg"),
        "none.jpg",
    ),
    "missing key": (lambda c: sequence(c).pop("dataset"), "lacks dataset"),
    "frame without a name": (
        lambda c: sequence(c)["annotated_image_paths"].__setitem__(0, "/"),
        "has the frame '/', which is no file",
    ),
}
JSON_FAULTS += [
    ("burst", fault, edited("annotations/val/all_classes.json", change), words)
    for fault, (change, words) in SEQUENCE_FAULTS.items()
]


def told(content: Any) -> Any:
    return next(iter(content["videos"].values()))


EXPRESSION_FAULTS: dict[str, tuple[Any, str]] = {
    "empty": (lambda c: told(c)["expressions"]["0"].update(exp=" "), "is empty"),
    "object": (lambda c: told(c)["expressions"]["0"].update(obj_id="9"), "the object 9, which"),
    "object in words": (
        lambda c: told(c)["expressions"]["0"].update(obj_id="a"),
        "means the object 'a'",
    ),
    "absent frame": (lambda c: told(c)["frames"].append("99999"), "99999"),
    "double frame": (lambda c: told(c)["frames"].append(told(c)["frames"][0]), "twice"),
    "frame left out": (lambda c: told(c)["frames"].pop(), "has masks of the frames"),
    "absent video": (lambda c: c["videos"].update(unicorn=told(c)), "unicorn"),
    "form": (lambda c: told(c).pop("frames"), "lists no frames of the video"),
}
JSON_FAULTS += [
    ("ref_youtube_vos", fault, edited("meta_expressions/train/*.json", change), words)
    for fault, (change, words) in EXPRESSION_FAULTS.items()
]
JSON_FAULTS += [
    (
        "youtube_vos",
        "object alone",
        edited("train/meta.json", lambda c: told(c)["objects"].update({"9": {"frames": []}})),
        "lists the ids 9",
    ),
    (
        "youtube_vos",
        "absent frame",
        edited(
            "train/meta.json",
            lambda c: next(iter(told(c)["objects"].values()))["frames"].append("99999"),
        ),
        "the frames 99999",
    ),
    (
        "youtube_vos",
        "absent video",
        edited("train/meta.json", lambda c: c["videos"].update(unicorn=told(c))),
        "lists unicorn",
    ),
    (
        "youtube_vos",
        "unlisted video",
        edited("train/meta.json", lambda c: c["videos"].pop(next(iter(c["videos"])))),
        "does not list",
    ),
    (
        "mosev2",
        "object in words",
        edited("**/meta*.json", lambda c: told(c).update(objects=["x"])),
        "lists 'x' as an object",
    ),
    (
        "viposeg",
        "class",
        edited("valid/obj_class.json", lambda c: next(iter(c.values())).update({"1": 124})),
        "the class 124",
    ),
    (
        "viposeg",
        "object alone",
        edited("valid/obj_class.json", lambda c: next(iter(c.values())).update({"99": 1})),
        "lists the ids 99",
    ),
]


@pytest.mark.parametrize(
    ("name", "plant", "words"),
    [(name, plant, words) for name, _, plant, words in JSON_FAULTS],
    ids=[f"{name}-{fault}" for name, fault, _, _ in JSON_FAULTS],
)
def test_faults_of_the_lists(name: str, plant: Plant, words: str, tmp_path: Path) -> None:
    planted(name, tmp_path, plant, words)


@pytest.mark.parametrize("name", TRACKS)
def test_faults_of_the_pictures_of_tracks(name: str, tmp_path: Path) -> None:
    pattern = "train/**/*.jpg"
    planted(name, tmp_path / "a", gone(pattern, 1), "lacks 1 of 4 frames")
    planted(name, tmp_path / "b", cut(pattern, 0.8), "breaks off before its end")
    planted(name, tmp_path / "c", grown(pattern, 2), "is 24 x 33 (height x width)")
    planted(name, tmp_path / "d", added(pattern, "zzz.jpg"), "does not list these", "warning")


def test_faults_of_the_pictures_of_burst(tmp_path: Path) -> None:
    pattern = "frames/val/*/*/*.jpg"
    planted("burst", tmp_path / "a", gone(pattern, 1), "lacks 1 of the 4 frames")
    planted("burst", tmp_path / "b", emptied(pattern), "is empty")
    planted("burst", tmp_path / "c", grown(pattern, 2), "is 24 x 33 (height x width)")


def test_faults_of_the_sentences_of_davis(tmp_path: Path) -> None:
    texts = "davis_text_annotations/Davis17_annot1.txt"
    planted("ref_davis", tmp_path / "a", line(texts, "nonsense"), "is not of the form")
    planted("ref_davis", tmp_path / "b", line(texts, 'unicorn 1 "a horn"'), "tells of unicorn")
    planted("ref_davis", tmp_path / "c", line(texts, 'swan 9 "a horn"'), "objects 9 of swan")
    planted("ref_davis", tmp_path / "d", line(texts, 'swan 1 "a horn"'), "comes twice")
    planted("ref_davis", tmp_path / "e", moved(texts, "other.txt"), "There is no ")


def test_all_faults_are_found_at_once(tmp_path: Path) -> None:
    write_layout("mose", tmp_path)
    plants = (gone(PLACES["mose"][0], 0), cut(PLACES["mose"][1]), gone(PLACES["mose"][1], 2))
    for plant in plants:
        plant(tmp_path)
    grown(PLACES["mose"][1], 5)(tmp_path)
    groups = {finding.group for finding in check("mose", tmp_path)}
    assert groups == {"missing files", "unreadable files", "sizes", "lengths"}


def test_counts_name_both_numbers(tmp_path: Path) -> None:
    write_layout("davis2017", tmp_path)
    told = [f.sentence for f in check("davis2017", tmp_path) if f.group == "counts"]
    assert any("has 1 videos in val, the release of davis2017 30;" in text for text in told)


def test_labels_alone_are_checked_with_a_warning(tmp_path: Path) -> None:
    write_layout("mose", tmp_path)
    (tmp_path / "train" / "JPEGImages").rename(tmp_path / "elsewhere")
    (finding,) = check("mose", tmp_path)
    assert finding.severity == "warning" and "without them" in finding.sentence
    cut(PLACES["mose"][1])(tmp_path)
    assert check("mose", tmp_path).errors == 1


def test_a_frame_called_by_its_date_is_one_gap(tmp_path: Path) -> None:
    """The frames in between are counted, not written down."""
    survey = Survey()
    check_gaps(tmp_path, ["00000", "00002", "20240101120000000"], survey)
    (finding,) = survey.findings
    assert "jumps over 20240101119999998 frames: 1, 3, 4, 5, 6 and 20240101119999993 more" in (
        finding.sentence
    )
