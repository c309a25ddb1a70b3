"""XML of labelling tools, also in a zip; without entities, which could name files or grow."""

from __future__ import annotations

import codecs
import re
import zipfile
from pathlib import Path
from xml.etree import ElementTree

from ...errors import DataError

_MOST_BYTES = 1 << 30
"""Of an XML that a zip holds."""

_DECLARED = re.compile(rb"""<\?xml[^>]*?\bencoding\s*=\s*["']([\w.:-]+)["']""")


def xml_root(path: Path) -> ElementTree.Element:
    """The root of an XML file, or of the only XML in a zip; nothing is extracted.

    Encodings are those that the file declares. Raises DataError, naming the file.
    """
    try:
        content = _from_zip(path) if zipfile.is_zipfile(path) else path.read_bytes()
        parser = ElementTree.XMLParser(target=_WithoutTypes())
        parser.feed(_text(content))
        root: ElementTree.Element = parser.close()
    except (
        OSError, zipfile.BadZipFile, RuntimeError, NotImplementedError, LookupError, ValueError,
        ElementTree.ParseError,
    ) as error:  # fmt: skip
        raise DataError(f"Cannot read the annotation file {path}: {error}.") from error
    return root


class _WithoutTypes(ElementTree.TreeBuilder):
    """Refuses a document type, the place where entities are declared."""

    def doctype(self, name: str, pubid: str | None, system: str | None) -> None:
        raise ValueError("it declares a document type, which no labelling tool writes")


def _text(content: bytes) -> str | bytes:
    """Decoded where the parser itself knows the encoding not, such as GBK."""
    declared = _DECLARED.match(content)
    if declared is None or content.startswith(codecs.BOM_UTF8):
        return content
    return content.decode(declared[1].decode("ascii"))


def _from_zip(path: Path) -> bytes:
    with zipfile.ZipFile(path) as archive:
        found = [entry for entry in archive.infolist() if entry.filename.endswith(".xml")]
        if len(found) != 1:
            raise ValueError(f"it holds {len(found)} XML files; one is wanted")
        with archive.open(found[0]) as file:
            content = file.read(_MOST_BYTES + 1)
    if len(content) > _MOST_BYTES:
        raise ValueError(f"its XML is larger than the {_MOST_BYTES:,} bytes that are read")
    return content
