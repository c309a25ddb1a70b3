"""Where data sets of YOLO keep labels, pictures and names of classes.

    data.yaml  images/[train/]  labels/[train/]      Ultralytics
    data.yaml  train/images/  train/labels/          Roboflow
    obj.names  obj_train_data/                       darknet, CVAT: labels beside pictures
    classes.txt                                      labelImg: labels beside pictures

``train``, ``val`` and ``test`` of data.yaml name folders of pictures, or texts of one picture a
line; what they name is read, else everything in folders called ``labels``, else every text. A path
of another machine is looked for by its end, so that nothing outside of the data set is opened.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

import yaml

from ...errors import DataError
from ...pictures import listing
from ..plain_values import shown
from ..reading import inside
from ..texts import read_text
from .id_maps import label_folders
from .losses import LossLog

_YAML = (".yaml", ".yml")
_SPLITS = ("train", "val", "test")
_LISTS = ("data.yaml", "data.yml", "obj.names", "classes.txt", "labels/classes.txt")
_NOT_LABELS = ("classes", *_SPLITS)


@dataclass(frozen=True)
class YoloSet:
    """What belongs to a data set.

    Attributes:
        names: the file with the names of classes; None where there is none.
        labels: name of a picture, such as "train/a", to its label file; in natural order.
    """

    names: Path | None
    labels: dict[str, Path] = field(repr=False)


def yolo_set(place: Path, log: LossLog) -> YoloSet:
    """The files of a data set.

    Args:
        place: its folder, below which all files are, whatever ``path`` of data.yaml says; or its
            data.yaml, whose ``path`` is followed then.
        log: takes notes of what no split names.

    Raises DataError where nothing is found, or a key of data.yaml leads nowhere.
    """
    names = place if place.is_file() else _names_file(place)
    fields = _fields(names) if names is not None and names.suffix in _YAML else {}
    if place.is_file() and place.suffix not in _YAML:
        raise DataError(f"{place} is no data.yaml; name that, or the folder of the data set.")
    if "kpt_shape" in fields:
        raise DataError(f"{names} is of a data set of key points, which are no regions.")
    root = _root(place, next(iter(_texts("path", fields, names)), "."))
    splits = [(key, text) for key in _SPLITS for text in _texts(key, fields, names)]
    paths = _label_files(root)
    if splits:
        assert names is not None
        named = _of_splits(splits, root, names, log)
        for path in paths:
            if path not in named:
                log.note(f"Labels that no split of {names} names are left out.", str(path))
        paths = [path for path in paths if path in named]
    if not paths:
        raise DataError(f"{place} holds no *.txt file with labels.")
    labels: dict[str, Path] = {}
    for path in paths:
        name = _name(path, root)
        if name in labels:
            raise DataError(f"{labels[name]} and {path} are labels of one name.")
        labels[name] = path
    return YoloSet(names, labels)


def _names_file(folder: Path) -> Path | None:
    found = next((folder / name for name in _LISTS if (folder / name).is_file()), None)
    if found is None and folder.is_dir():
        files = [p for p in sorted(folder.iterdir()) if not listing.is_hidden(p.name)]
        others = [p for p in files if p.suffix in (*_YAML, ".names")]
        return others[0] if len(others) == 1 else None
    return found


def _root(place: Path, told: str) -> Path:
    """The folder that everything is in; ``told`` is what data.yaml calls it."""
    folder = place if place.is_dir() else place.parent
    root = folder / told
    if place.is_dir():
        below = not PurePosixPath(told).is_absolute() and not os.path.normpath(told).startswith(
            ".."
        )
        return root if below and "\0" not in told and root.is_dir() else place
    if "\0" in told or not root.is_dir():
        raise DataError(
            f"'path' of {place} names {shown(told)}, which is no folder; name the folder of the "
            "data set itself."
        )
    return root


def _label_files(root: Path) -> list[Path]:
    """All of the folders called ``labels``, else all that are there."""
    found = [
        (folder / f"{stem}.txt", "labels" in folder.relative_to(root).parts)
        for _, folder, stems in label_folders(root, ".txt")
        for stem in stems
        if stem != "classes" and (folder != root or stem not in _NOT_LABELS)
    ]
    apart = any(in_labels for _, in_labels in found)
    return [path for path, in_labels in found if in_labels or not apart]


def _of_splits(
    splits: list[tuple[str, str]], root: Path, names: Path, log: LossLog
) -> frozenset[Path]:
    """The label files of the pictures that train, val and test name."""
    found: set[Path] = set()
    missing: list[str] = []
    for key, text in splits:
        there = next(_ends(root, text, names), None)
        if there is None:
            missing.append(f"{key}: {text}")
        elif there.is_file():
            for line in filter(
                None, map(str.strip, read_text(there, "list of pictures").splitlines())
            ):
                files = [_swapped(path, root) for path in _ends(root, line, there, picture=True)]
                found.update(files[:1])
                if not files:
                    log.note(f"Pictures of {there} without a label file are left out.", line)
        else:
            folder = _swapped(there, root)
            found.update(folder.rglob("*.txt"))
    if missing and len(missing) == len(splits):
        raise DataError(f"{root} has nothing of what {names} names ({', '.join(missing)}).")
    for entry in missing:
        log.note(f"{names} names what is not there.", entry)
    return frozenset(found)


def _ends(root: Path, text: str, source: Path, *, picture: bool = False) -> Iterator[Path]:
    """Places below the root that a path of another machine may mean, the longest end first.

    Args:
        picture: whether it is the path of one, of which the label file must be there.
    """
    named = PurePosixPath(re.sub("^[A-Za-z]:/", "/", text.replace("\\", "/")))
    parts = [part for part in named.parts if part not in ("/", "..")]
    for first in range(len(parts) or 1):
        path = inside(root, "/".join(parts[first:]), source) if parts else root
        label = _swapped(path, root)
        if label.is_file() if picture else path.exists() or label.is_dir():
            yield path


def _swapped(path: Path, root: Path) -> Path:
    """Labels of a folder of pictures, or of one picture: the last ``images`` becomes ``labels``."""
    parts = list(path.relative_to(root).parts)
    if "images" in parts:
        parts[len(parts) - 1 - parts[::-1].index("images")] = "labels"
    there = root.joinpath(*parts)
    stem, ending = listing.split_ending(there.name)
    return there.with_name(f"{stem}.txt") if ending else there


def _name(path: Path, root: Path) -> str:
    """Path below the root without ending and without the folder ``labels``."""
    parts = list(path.relative_to(root).with_suffix("").parts)
    if "labels" in parts[:-1]:
        del parts[len(parts) - 1 - parts[::-1].index("labels", 1)]
    return "/".join(parts)


def pictures_of(labels: dict[str, Path], log: LossLog) -> dict[str, Path]:
    """Name → picture of its label file, in ``images/`` for ``labels/`` or beside; where there is.

    Pictures there without a label file are noted. Raises DataError where several pictures have
    the name of one label file.
    """
    folders: dict[Path, dict[str, list[Path]]] = {}
    found: dict[str, Path] = {}
    for name, label in labels.items():
        folder = _picture_folder(label.parent)
        if folder not in folders:
            stems = folders.setdefault(folder, {})
            for path in listing.list_pictures(folder):
                stems.setdefault(listing.split_ending(path.name)[0], []).append(path)
        fit = folders[folder].pop(label.name.removesuffix(".txt"), [])
        if len(fit) > 1:
            raise DataError(
                f"{label} belongs to {fit[0].name} and to {fit[1].name} of {folder}; rename one."
            )
        if fit:
            found[name] = fit[0]
    for stems in folders.values():
        for paths in stems.values():
            log.note("Pictures without a label file are left out.", str(paths[0]))
    return found


def _picture_folder(labels: Path) -> Path:
    parts = list(labels.parts)
    if "labels" in parts:
        parts[len(parts) - 1 - parts[::-1].index("labels")] = "images"
    folder = Path(*parts)
    return folder if folder.is_dir() else labels


def yolo_names(path: Path) -> list[str]:
    """Names in the order of their numbers, of ``names`` in YOLO's YAML or of the lines of a text.

    Nothing that the YAML asks for is constructed. Raises DataError where ``names`` is neither a
    list of texts nor a mapping of 0, 1, ... to texts, or a text has a blank line between names.
    """
    if path.suffix not in _YAML:
        names = [line.strip() for line in read_text(path, "class list").rstrip().splitlines()]
        if "" in names:
            raise DataError(
                f"{path}, line {names.index('') + 1} is blank, so that the numbers of the classes "
                "below are not sure; remove it."
            )
        return names
    names = _names_in(_fields(path).get("names"))
    if not names:
        raise DataError(
            f"{path} has no list of names that can be read; give one with --categories."
        )
    return names


def _fields(path: Path) -> dict[str, yaml.Node]:
    """Keys of a YAML; none where it is damaged."""
    try:
        content = yaml.compose(read_text(path, "class list"), yaml.BaseLoader)
    except (yaml.YAMLError, RecursionError):
        return {}
    rows = content.value if isinstance(content, yaml.MappingNode) else []
    return {str(key.value): value for key, value in reversed(rows)}  # the first of a key


def _texts(key: str, fields: dict[str, yaml.Node], source: Path | None) -> list[str]:
    """The text of a key, or the texts of its list; blank ones are none. Raises DataError."""
    node = fields.get(key)
    nodes = node.value if isinstance(node, yaml.SequenceNode) else [node] if node else []
    if not all(isinstance(entry, yaml.ScalarNode) for entry in nodes):
        raise DataError(f"{source}: {key!r} is neither a path nor a list of paths.")
    return [entry.value for entry in nodes if entry.value.strip(" ~") not in ("", "null")]


def _names_in(node: yaml.Node | None) -> list[str]:
    """What ``names`` lists; empty where it is absent or something else."""
    if isinstance(node, yaml.SequenceNode):
        values = node.value
    elif isinstance(node, yaml.MappingNode):
        rows = {str(key.value): value for key, value in node.value}
        if set(rows) != {str(number) for number in range(len(node.value))}:
            return []
        values = [rows[str(number)] for number in range(len(rows))]
    else:
        return []
    texts = [value.value for value in values if isinstance(value, yaml.ScalarNode)]
    return texts if len(texts) == len(values) and all(texts) else []
