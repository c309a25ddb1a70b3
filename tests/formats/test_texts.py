from __future__ import annotations

import codecs
import json
from pathlib import Path

import pytest

from vidseg.errors import DataError, RecipeError
from vidseg.formats.label_files import load_class_list
from vidseg.formats.label_files.yolo_files import yolo_names
from vidseg.formats.layouts.lists import read_names
from vidseg.formats.reading import read_any_json
from vidseg.formats.texts import read_text
from vidseg.training.recipe.reading import read_recipe

MARKS = {
    "utf-8-sig": b"",
    "utf-16-le": codecs.BOM_UTF16_LE,
    "utf-16-be": codecs.BOM_UTF16_BE,
    "utf-32": b"",
    "utf-16": b"",
    "utf-8": b"",
}


def saved(path: Path, text: str, encoding: str) -> Path:
    path.write_bytes(MARKS.get(encoding, b"") + text.encode(encoding))
    return path


@pytest.mark.parametrize("encoding", MARKS)
def test_marks_of_encodings_are_no_part_of_the_text(tmp_path: Path, encoding: str) -> None:
    assert read_text(saved(tmp_path / "a", "Käse\n猫\n", encoding), "list") == "Käse\n猫\n"
    assert read_any_json(saved(tmp_path / "a.json", '{"a": "猫"}', encoding)) == {"a": "猫"}
    names = saved(tmp_path / "c.txt", "cat\n猫\n", encoding)
    assert [category.name for category in load_class_list(str(names))] == ["cat", "猫"]
    assert yolo_names(names) == ["cat", "猫"]
    yaml = saved(tmp_path / "data.yaml", "names: [cat, 猫]\n", encoding)
    assert yolo_names(yaml) == ["cat", "猫"]
    assert read_names(saved(tmp_path / "val.txt", "bear\ncat\n", encoding)) == ("bear", "cat")


@pytest.mark.parametrize("encoding", ["gbk", "latin-1", "shift-jis"])
def test_another_encoding_is_named(tmp_path: Path, encoding: str) -> None:
    words = "cat\nKäse\n" if encoding == "latin-1" else "cat\n中文\n"
    path = saved(tmp_path / "names.txt", words, encoding)
    readers = (load_class_list, lambda name: yolo_names(Path(name)), lambda n: read_names(Path(n)))
    for reader in readers:
        with pytest.raises(DataError, match=r"names.txt is not written in UTF-8 \(line 2, byte"):
            reader(str(path))
    with pytest.raises(DataError, match=r"; save it as UTF-8\.$"):
        read_any_json(saved(tmp_path / "a.json", json.dumps([words], ensure_ascii=False), encoding))
    with pytest.raises(RecipeError, match="save it as UTF-8"):
        read_recipe(saved(tmp_path / "r.yaml", f"# {words}", encoding))


def test_half_a_character_of_utf_16(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes("猫".encode("utf-16") + b"x")
    with pytest.raises(DataError, match="is not written in UTF-16"):
        read_text(tmp_path / "a", "list")


def test_many_names_take_a_moment(tmp_path: Path) -> None:
    path = tmp_path / "many.txt"
    path.write_text("".join(f"class {k}\n" for k in range(20_000)))
    assert len(load_class_list(str(path))) == 20_000  # 50 s where each name was counted anew
