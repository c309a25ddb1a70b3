"""Files of weights are read, and nothing in them is run."""

from __future__ import annotations

import copy
import io
import json
import os
import pickle
import struct
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from vidseg.errors import ModelError
from vidseg.models.files.checkpoints.origin import recognise
from vidseg.models.files.checkpoints.reading import SINGLE, is_hugging_face, read_checkpoint

PROTOCOLS = range(pickle.HIGHEST_PROTOCOL + 1)
MARK = "ran"
MIB = 2**20


class Runs:
    """Pickles into a call."""

    def __init__(self, function: Callable[..., Any], *arguments: Any) -> None:
        self.call = (function, arguments)

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return self.call


def hostile(kind: str, mark: Path) -> object:
    touch = Runs(os.system, f"touch {mark}")
    return {
        "system": touch,
        "nested": Runs(getattr, Runs(dict, [("x", touch)]), "keys"),
        "hidden": [{"model": {"a": (touch,)}}],
        "eval": Runs(eval, f"open({str(mark)!r}, 'w')"),
        "import": Runs(__import__, "antigravity"),
        "bytes": Runs(bytearray, 10**13),
        "array": Runs(np.zeros, 10**13),
        "tensor": Runs(torch.empty, 10**13),
        "big bytes": Runs(bytearray, 2**33),
        "big tensor": Runs(torch.FloatTensor, 2**31),
    }[kind]


KINDS = (
    *("system", "nested", "hidden", "eval", "import"),
    *("bytes", "array", "tensor", "big bytes", "big tensor"),
)


def refused(path: Path, mark: Path) -> str:
    """Reads a hostile file; what was told."""
    tracemalloc.start()
    try:
        with pytest.raises(ModelError) as error:
            read_checkpoint(path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert not mark.exists(), "it was run"
    assert peak < 32 * MIB
    told = str(error.value)
    assert "\n" not in told and str(path) in told and len(told) < 400
    return told


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("kind", KINDS)
def test_hostile_pickles(tmp_path: Path, kind: str, protocol: int) -> None:
    mark, file = tmp_path / MARK, tmp_path / "model_final.pkl"
    content = {"model": hostile(kind, mark), "__author__": "x"}
    file.write_bytes(pickle.dumps(content, protocol=protocol))
    assert "nothing of it was run" in refused(file, mark)


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("kind", KINDS)
def test_hostile_files_of_torch(tmp_path: Path, kind: str, zipped: bool) -> None:
    mark, file = tmp_path / MARK, tmp_path / "model.pth"
    content = {"model": hostile(kind, mark)}
    torch.save(content, file, _use_new_zipfile_serialization=zipped)
    assert "nothing of it was run" in refused(file, mark)


def test_an_old_file_of_torch_with_an_archive_behind_it(tmp_path: Path) -> None:
    """The first bytes say what torch reads, so they say what is checked."""
    mark, file = tmp_path / MARK, tmp_path / "model.pth"
    content = {"model": hostile("big bytes", mark)}
    torch.save(content, file, _use_new_zipfile_serialization=False)
    torch.save({"model": {}}, tmp_path / "harmless.pth")
    file.write_bytes(file.read_bytes() + (tmp_path / "harmless.pth").read_bytes())
    assert "nothing of it was run" in refused(file, mark)


@pytest.mark.parametrize("protocol", [2, 4])
def test_hostile_archives(tmp_path: Path, protocol: int) -> None:
    mark, file = tmp_path / MARK, tmp_path / "RN50x4.pt"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("a/constants.pkl", b"\x80\x02).")
        content = pickle.dumps(hostile("nested", mark), protocol=protocol)
        archive.writestr("a/data.pkl", content)
    assert "nothing of it was run" in refused(file, mark)


def test_hostile_folders(tmp_path: Path) -> None:
    mark = tmp_path / MARK
    torch.save({"a": hostile("system", mark)}, tmp_path / "pytorch_model.bin")
    with pytest.raises(ModelError, match="nothing of it was run"):
        read_checkpoint(tmp_path)
    assert not mark.exists()
    index = tmp_path / "model.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": {"a": "../secret.safetensors"}}))
    with pytest.raises(ModelError, match="no file beside it"):
        read_checkpoint(tmp_path)


@pytest.mark.parametrize(
    "content",
    [
        b"\x80\x04Nr" + struct.pack("<I", 2**31 - 1) + b".",  # a place of memory far away
        b"\x80\x05\x96" + struct.pack("<Q", 2**40) + b".",  # a byte array longer than the file
        b"\x80\x04\x8e" + struct.pack("<Q", 2**62) + b".",
        b"\x80\x04\x95" + struct.pack("<Q", 2**40) + b"N.",
        b"\x80\x04X" + struct.pack("<I", 2**31) + b".",
        pickle.dumps({"model": {"a": np.zeros(3)}})[:-9],
        b"",
        b"not tensors",
    ],
)
def test_sizes_that_the_file_does_not_have(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.pkl").write_bytes(content)
    refused(tmp_path / "a.pkl", tmp_path / MARK)


def test_arrays_and_tensors_that_claim_too_much(tmp_path: Path) -> None:
    array = pickle.dumps({"model": {"a": np.zeros(3, "<f4")}}, protocol=2)
    claimed = array.replace(b"K\x03\x85", b"J" + struct.pack("<i", 2**30) + b"\x85")
    assert claimed != array
    (tmp_path / "a.pkl").write_bytes(claimed)
    assert "array of shape [1073741824]" in refused(tmp_path / "a.pkl", tmp_path / MARK)
    torch.save({"model": {"a": torch.zeros(1).expand(10**12)}}, tmp_path / "b.pth")
    assert "all its numbers" in refused(tmp_path / "b.pth", tmp_path / MARK)
    torch.save({"a": torch.empty(10**12, device="meta")}, tmp_path / "c.pth")
    refused(tmp_path / "c.pth", tmp_path / MARK)


def test_packed_archives_are_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.pth", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a/data.pkl", pickle.dumps({}, protocol=2))
        archive.writestr("a/data/0", bytes(64 * MIB))
    assert "packed archive" in refused(tmp_path / "a.pth", tmp_path / MARK)


@pytest.mark.parametrize("kind", ["code", "script", "pickle of code"])
def test_no_folder_lets_packed_entries_in(tmp_path: Path, kind: str) -> None:
    """Whatever is called like the code of TorchScript, numbers and pickles are never unpacked."""
    root = "a/code" if kind == "code" else "a"
    with zipfile.ZipFile(tmp_path / "a.pth", "w", zipfile.ZIP_DEFLATED) as archive:
        if kind == "script":
            archive.writestr("a/code/constants.pkl", b"")
        archive.writestr(f"{root}/data.pkl", pickle.dumps({}, protocol=2), zipfile.ZIP_STORED)
        archive.writestr("a/code/data.pkl" + "x" * (kind == "code"), bytes(4 * MIB))
        archive.writestr(f"{root}/data/0", bytes(4 * MIB), zipfile.ZIP_STORED)
    assert "packed archive" in refused(tmp_path / "a.pth", tmp_path / MARK)


def test_entries_that_lie_over_each_other(tmp_path: Path) -> None:
    file = tmp_path / "a.pth"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("a/data.pkl", pickle.dumps({}, protocol=2))
        archive.writestr("a/data/0", bytes(MIB))
        for number in range(1, 9):  # all tell of the same bytes
            again = copy.copy(archive.infolist()[1])
            again.filename = f"a/data/{number}"
            archive.filelist.append(again)
    assert "packed archive" in refused(file, tmp_path / MARK)


@pytest.mark.parametrize("zipped", [True, False])
def test_storages_that_claim_more_than_is_there(tmp_path: Path, zipped: bool) -> None:
    file = tmp_path / "a.pth"
    torch.save({"a": torch.zeros(200)}, file, _use_new_zipfile_serialization=zipped)
    two_hundred, more = b"K\xc8", b"M\xff\xff"  # the first is the storage's, the second the shape's
    if zipped:
        target = io.BytesIO()
        with zipfile.ZipFile(file) as source, zipfile.ZipFile(target, "w") as archive:
            for entry in source.infolist():
                told = source.read(entry)
                if entry.filename.endswith("data.pkl"):
                    told = told.replace(two_hundred, more, 1)
                archive.writestr(entry.filename, told)
        content = target.getvalue()
    else:
        content = file.read_bytes()
        place = content.index(two_hundred, content.index(b"cpu"))
        content = content[:place] + more + content[place + 2 :]
    file.write_bytes(content)
    assert "claim" in refused(file, tmp_path / MARK)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"<!DOCTYPE html><html>", "web page"),
        (b"version https://git-lfs.github.com/spec/v1\n", "pointer"),
        (pickle.dumps([1, 2]), "no tensors by name"),
        (pickle.dumps({"model": {}}), "no tensors by name"),
        (pickle.dumps({"model": {"a": "b"}}), "a is no tensor"),
        (pickle.dumps({"model": {3: np.zeros(1)}}), "is no name"),
        (pickle.dumps({"model": {"a": np.array(["x"], object)}}), "no numbers"),
    ],
)
def test_other_files_are_told(tmp_path: Path, content: bytes, told: str) -> None:
    (tmp_path / "a.pth").write_bytes(content)
    assert told in refused(tmp_path / "a.pth", tmp_path / MARK)


def test_missing_files_and_empty_folders(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="No such file"):
        read_checkpoint(tmp_path / "gone.pth")
    with pytest.raises(ModelError, match="holds no weights"):
        read_checkpoint(tmp_path)
    assert not is_hugging_face(tmp_path)


STATE = {
    "a": torch.arange(6.0).reshape(2, 3),
    "b": torch.tensor(5),
    "c": torch.zeros(0, 2),
    "d": torch.tensor([True, False]),
    "e": torch.ones(3).half(),
}


def assert_state(path: Path) -> None:
    read = read_checkpoint(path).tensors
    assert set(read) == set(STATE)
    for name, value in STATE.items():
        assert torch.equal(read[name], value) and read[name].dtype == value.dtype, name


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("kind", ["arrays", "big-endian", "tensors", "parameters"])
def test_plain_pickles_are_read(tmp_path: Path, kind: str, protocol: int) -> None:
    content: dict[str, Any] = dict(STATE)
    if kind == "parameters":
        content["a"] = torch.nn.Parameter(STATE["a"])
    elif kind != "tensors":
        content = {name: value.numpy() for name, value in STATE.items()}
    if kind == "big-endian":
        content["a"] = np.asfortranarray(content["a"].astype(">f4"))
    (tmp_path / "a.pkl").write_bytes(pickle.dumps({"model": content}, protocol=protocol))
    assert_state(tmp_path / "a.pkl")


def test_what_torch_and_safetensors_write_is_read(tmp_path: Path) -> None:
    torch.save(STATE, tmp_path / "a.pth")
    torch.save({"state_dict": STATE}, tmp_path / "b.pth", _use_new_zipfile_serialization=False)
    save_file(STATE, tmp_path / "c")
    for name in ("a.pth", "b.pth", "c"):
        assert_state(tmp_path / name)
    torch.save(torch.ones(2, 2), tmp_path / "d.pth")
    assert list(read_checkpoint(tmp_path / "d.pth").tensors) == [SINGLE]


def test_unknown_origins_are_told() -> None:
    with pytest.raises(ModelError, match="of no UniVS, Mask2Former"):
        recognise({"encoder.weight", "decoder.weight"})
    with pytest.raises(ModelError, match="a model of vidseg already"):
        recognise({"mask_decoder.query_content.weight"})
