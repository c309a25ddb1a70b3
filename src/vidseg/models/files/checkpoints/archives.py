"""Zip archives of torch, their entries held against the file before any is read.

Torch stores numbers and pickles as they are, so that no entry is larger than the file and all
together are no larger either. Only the code of TorchScript, which is never read, may be packed.
"""

from __future__ import annotations

import zipfile
from typing import BinaryIO

from ....formats.plain_pickle import DamagedError

_ENCRYPTED = 1


class PackedError(DamagedError):
    """An archive whose entries are packed, or claim more than the file holds."""


def open_archive(file: BinaryIO) -> tuple[zipfile.ZipFile, str]:
    """The archive, and the folder in it that holds all of torch's entries, with its slash.

    Torch's own reader and Python's must see the same, so names that they tell apart differently
    and bytes around the archive are refused.

    Raises:
        PackedError: an entry is packed or claims more than the file holds.
        DamagedError: it is no archive of torch.
    """
    size = file.seek(0, 2)
    try:
        archive = zipfile.ZipFile(file)
    except (zipfile.BadZipFile, NotImplementedError, ValueError) as error:
        raise DamagedError(str(error)) from error
    entries = archive.infolist()
    names = {entry.filename.lower() for entry in entries}
    if not entries or min(entry.header_offset for entry in entries) or archive.comment:
        raise DamagedError("there are other bytes around the archive")
    if len(names) < len(entries) or any(entry.flag_bits & _ENCRYPTED for entry in entries):
        raise DamagedError("an entry is there twice or encrypted")
    root = entries[0].filename.partition("/")[0] + "/"
    code = f"{root}code/" if is_torchscript(archive, root) else None
    for entry in entries:
        free = code is not None and entry.filename.startswith(code)
        packed = entry.compress_type != zipfile.ZIP_STORED or entry.file_size != entry.compress_size
        if packed and not free:
            raise PackedError(f"{entry.filename} is packed")
    if sum(entry.compress_size for entry in entries) > size:
        raise PackedError("its entries claim more bytes than the file has")
    return archive, root


def is_torchscript(archive: zipfile.ZipFile, root: str) -> bool:
    """Whether an archive holds a TorchScript module; ``root`` is its folder."""
    return f"{root}constants.pkl" in archive.NameToInfo
