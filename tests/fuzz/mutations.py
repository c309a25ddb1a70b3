"""Damage of files: pure functions of a file's name, its bytes and a seeded random generator.

:func:`mutate` is the entry. A file of values (JSON, JSON lines, YAML, XML, text, a safetensors
header, members of a zip) is mostly changed value by value, so that it still parses and the code
behind the parser is reached; any file is sometimes changed byte by byte.
"""

from __future__ import annotations

import io
import json
import struct
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterable
from pathlib import PurePosixPath
from random import Random
from typing import Any
from xml.etree import ElementTree

import yaml

_DEEP = "@deep nesting@"

VALUES: tuple[Any, ...] = (
    *(None, True, False, -1, 0, 1, 0.5, 1e9, 2**31, 2**63, 2**70, -(2**70), 1e308),
    *(float("inf"), float("-inf"), float("nan"), "", " ", "0", "NaN", "\x00", "\ud800"),
    *("\x1b[31m", "a\nb", "../out", "..", "/", "a/../../b", "é" * 300, "x" * 5000),
    *([], {}, [[]], [None], [0], {"": None}, {"size": [2**31, 2**31], "counts": "0"}, _DEEP),
)
"""What a value may be replaced by."""

_TOKENS = (
    *("", "-1", "0", "1", "NaN", "inf", "-inf", "1e400", "9" * 30, "99999999", "0.5", "x", "../x"),
    *("\x00", "\ufeff", "\u2028", "\x1b[2J", "é", '"', "'", "{", "]", ",,", "0x10", "1_000", "٣"),
)
_NUMBERS = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)


def mutate(name: str, data: bytes, random: Random) -> tuple[bytes, str]:
    """One change of a file.

    Args:
        name: of the file; its suffix says how the file is built.
        data: its bytes.
        random: decides everything.

    Returns:
        The changed bytes, and in a few words what was done.
    """
    by_value = _BY_SUFFIX.get(PurePosixPath(name).suffix.lower())
    if by_value is not None and random.random() < 0.85:
        try:
            return by_value(data, random)
        except Exception:
            pass  # not what the suffix says (after a change before this one), or nothing to change
    return mutate_bytes(data, random)


def mutate_bytes(data: bytes, random: Random) -> tuple[bytes, str]:
    """Bits flipped, bytes cut, repeated, inserted, moved, or a number in the header made huge."""
    if not data:
        return random.randbytes(random.randrange(1, 64)), "random bytes"
    kind = random.choice(("flip", "flip", "cut", "drop", "repeat", "insert", "splice", "number"))
    at = random.randrange(len(data))
    if random.random() < 0.5:
        at = min(at, random.randrange(64))  # headers matter most
    length = min(len(data) - at, random.choice((1, 2, 4, 16, 256, 4096)))
    part = data[at : at + length]
    if kind == "flip":
        changed = bytearray(data)
        for _ in range(random.choice((1, 1, 2, 8, 64))):
            changed[random.randrange(at, len(data))] ^= 1 << random.randrange(8)
        return bytes(changed), f"bits flipped from byte {at} on"
    if kind == "cut":
        return data[:at], f"cut at byte {at}"
    if kind == "drop":
        return data[:at] + data[at + length :], f"{length} bytes dropped at {at}"
    if kind == "repeat":
        times = random.choice((1, 2, 16, 256))
        return data[:at] + part * times + data[at:], f"{length} bytes repeated at {at}"
    if kind == "insert":
        new = random.choice((bytes(length), b"\xff" * length, random.randbytes(length)))
        return data[:at] + new + data[at:], f"{length} bytes inserted at {at}"
    if kind == "splice":
        to = random.randrange(len(data))
        return data[:to] + part + data[to + length :], f"{length} bytes of {at} copied to {to}"
    size = random.choice((1, 2, 4, 8))
    number = random.choice(_NUMBERS) % (1 << 8 * size)
    new = number.to_bytes(size, random.choice(("little", "big")))
    return data[:at] + new + data[at + size :], f"{number:#x} at byte {at}"


def mutate_value(tree: Any, random: Random) -> tuple[Any, str]:
    """A plain value (dict, list, str, number, bool, None) with one change somewhere in it."""
    places = _places(tree)
    if not places or random.random() < 0.02:
        new = random.choice(VALUES)
        return new, f"the whole value became {new!r:.40}"
    kinds = sorted({kind for kind, _, _ in places})
    kind = random.choice(kinds)  # a long list of alike rows counts once
    _, holder, key = random.choice([place for place in places if place[0] == kind])
    where, action = kind or "top", random.random()
    if action < 0.15:
        del holder[key]
        return tree, f"{where} deleted"
    if action < 0.25 and isinstance(holder, list):
        holder.insert(key, holder[key])
        return tree, f"{where} duplicated"
    if action < 0.25:
        holder[random.choice(("", "x", "\ud800", "\x00", "..", str(key).upper()))] = holder.pop(key)
        return tree, f"{where} renamed"
    if action < 0.35:
        other = random.choice(places)
        holder[key] = json.loads(json.dumps(other[1][other[2]]))
        return tree, f"{where} became a copy of {other[0]}"
    old = holder[key]
    near: list[Any] = [old]
    if isinstance(old, int | float) and not isinstance(old, bool):
        near = [old + 1, old - 1, -old, old * 1000, old * 10**6, float(old), str(old)]
    elif isinstance(old, str):
        near = [old + "x", old[:-1], old.upper(), old + "/", "../" + old, [old], 7]
    elif isinstance(old, list):
        near = [old + old, old[:-1], [old], old[::-1], {"0": old}, (old or [0]) * 100]
    new = random.choice(near) if action < 0.5 else random.choice(VALUES)
    holder[key] = new
    return tree, f"{where} became {new!r:.40}"


def _places(tree: Any) -> list[tuple[str, Any, Any]]:
    """Every value within a tree as (its path without row numbers, its holder, its key there)."""
    found: list[tuple[str, Any, Any]] = []
    waiting: list[tuple[str, Any]] = [("", tree)]
    while waiting:
        path, holder = waiting.pop()
        keys: Iterable[Any] = holder if isinstance(holder, dict) else ()
        if isinstance(holder, list):
            keys = range(len(holder))
        for key in keys:
            here = f"{path}.{key}" if isinstance(holder, dict) else f"{path}[]"
            found.append((here, holder, key))
            if isinstance(holder[key], dict | list):
                waiting.append((here, holder[key]))
    return found


def _json_text(tree: Any, random: Random) -> bytes:
    depth = random.choice((50, 900, 20_000))
    nested = random.choice(("[" * depth + "]" * depth, '{"a":' * depth + "0" + "}" * depth))
    return json.dumps(tree).replace(json.dumps(_DEEP), nested).encode()


def _json(data: bytes, random: Random) -> tuple[bytes, str]:
    tree, done = mutate_value(json.loads(data), random)
    return _json_text(tree, random), done


def _json_lines(data: bytes, random: Random) -> tuple[bytes, str]:
    lines = data.splitlines()
    number = random.randrange(len(lines))
    lines[number], done = _json(lines[number], random)
    return b"\n".join(lines) + b"\n", f"line {number + 1}: {done}"


def _yaml(data: bytes, random: Random) -> tuple[bytes, str]:
    if random.random() < 0.3:
        added = random.choice(_YAML_LINES)
        lines = data.decode().splitlines(keepends=True)
        lines.insert(random.randrange(len(lines) + 1), added)
        return "".join(lines).encode(), f"line {added!r:.40} added"
    tree, done = mutate_value(yaml.safe_load(data), random)
    if random.random() < 0.3:
        return _json_text(tree, random), done  # JSON is YAML, surrogates and nesting included
    return yaml.safe_dump(tree, allow_unicode=True).encode("utf-8", "surrogatepass"), done


_YAML_LINES = (
    "a: &a [*a]\n",
    "b: &b [x, x, x, x, x, x, x, x]\nc: &c [*b, *b, *b, *b, *b, *b, *b, *b]\n",
    "? [1, 2]\n: 3\n",
    "1: 2\n",
    "d: 2020-01-01\n",
    "e: !!python/object:os.system {}\n",
    "f: !!binary AAAA\n",
    "g: 1:30:00\n",
    "null: ~\n",
    "\t- x\n",
    "--- 3\n",
    "<<: {h: 1}\n",
    "i: .inf\n",
    "j: 2020-99-99\n",
    "k: !!int x\n",
)


def _xml(data: bytes, random: Random) -> tuple[bytes, str]:
    root = ElementTree.fromstring(data)
    holders = [(holder, child) for holder in root.iter() for child in holder]
    kinds = sorted({child.tag for _, child in holders})
    tag = random.choice(kinds)
    holder, child = random.choice([pair for pair in holders if pair[1].tag == tag])
    action = random.random()
    if action < 0.15:
        holder.remove(child)
        done = f"<{tag}> deleted"
    elif action < 0.3:
        holder.insert(random.randrange(len(holder) + 1), child)
        done = f"<{tag}> duplicated"
    elif action < 0.4:
        child.tag = random.choice(("x", *kinds))
        done = f"<{tag}> became <{child.tag}>"
    elif action < 0.85 and child.attrib:
        key = random.choice(sorted(child.attrib))
        if random.random() < 0.2:
            del child.attrib[key]
            done = f"{key} of <{tag}> deleted"
        else:
            child.attrib[key] = _token(child.attrib[key], random)
            done = f"{key} of <{tag}> became {child.attrib[key]!r:.40}"
    else:
        child.text = _token(child.text or "", random)
        done = f"text of <{tag}> became {child.text!r:.40}"
    return ElementTree.tostring(root, "utf-8"), done


def _token(old: str, random: Random) -> str:
    """A word in place of another; of a list with separators only one item changes."""
    for separator in (";", ","):
        if separator in old and random.random() < 0.7:
            items = old.split(separator)
            at = random.randrange(len(items))
            items[at] = _token(items[at], random)
            return separator.join(items)
    return random.choice((*_TOKENS, old + old, old[:-1], old + "," + old))


def _text(data: bytes, random: Random) -> tuple[bytes, str]:
    lines = data.decode().splitlines()
    at = random.randrange(len(lines))
    action = random.random()
    if action < 0.15:
        del lines[at]
        done = f"line {at + 1} deleted"
    elif action < 0.3:
        lines.insert(random.randrange(len(lines) + 1), lines[at])
        done = f"line {at + 1} duplicated"
    elif action < 0.4:
        return data.decode().encode(random.choice(("utf-16", "utf-8-sig", "utf-32"))), "re-encoded"
    else:
        words = lines[at].split(" ")
        word = random.randrange(len(words))
        words[word] = _token(words[word], random)
        lines[at] = " ".join(words)
        done = f"word {word + 1} of line {at + 1} became {words[word]!r:.40}"
    return ("\n".join(lines) + "\n").encode(), done


def _png(data: bytes, random: Random) -> tuple[bytes, str]:
    """A chunk dropped, doubled, moved or changed; its checksum is right again."""
    if not data.startswith(b"\x89PNG"):
        raise ValueError("not a PNG")
    chunks, at = [], 8
    while at < len(data):
        (length,) = struct.unpack(">I", data[at : at + 4])
        chunks.append((data[at + 4 : at + 8], data[at + 8 : at + 8 + length]))
        at += 12 + length
    number = random.randrange(len(chunks)) if random.random() < 0.6 else 0
    kind, body = chunks[number]
    action = random.random()
    if kind == b"IHDR" and action < 0.6:
        field, code = random.choice(((0, ">I"), (4, ">I"), (8, "B"), (9, "B"), (12, "B")))
        old = struct.unpack_from(code, body, field)[0]
        new = random.choice((0, 1, 2, 3, 4, 8, 16, old + 1, old - 1, *_NUMBERS, 60_000))
        changed = bytearray(body)
        struct.pack_into(code, changed, field, new % (1 << 8 * struct.calcsize(code)))
        chunks[number] = (kind, bytes(changed))
        done = f"{new} at byte {field} of IHDR"
    elif action < 0.75:
        if kind == b"IDAT" and action < 0.7:
            raw, done = mutate_bytes(zlib.decompress(body), random)
            chunks[number] = (kind, zlib.compress(raw))
        else:
            new_body, done = mutate_bytes(body, random)
            chunks[number] = (kind, new_body)
        done = f"{kind.decode('latin-1')}: {done}"
    elif action < 0.9:
        del chunks[number]
        done = f"{kind.decode('latin-1')} dropped"
    else:
        chunks.insert(random.randrange(len(chunks) + 1), chunks[number])
        done = f"{kind.decode('latin-1')} doubled"
    parts = [data[:8]]
    for kind, body in chunks:
        parts += [struct.pack(">I", len(body)), kind, body]
        parts.append(struct.pack(">I", zlib.crc32(kind + body)))
    return b"".join(parts), done


def _zip(data: bytes, random: Random) -> tuple[bytes, str]:
    """A member changed as a file of its own, dropped, doubled or renamed; checksums are right."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = [(info.filename, archive.read(info)) for info in archive.infolist()]
        packing = archive.infolist()[0].compress_type
    number = random.randrange(len(members))
    name, body = members[number]
    action = random.random()
    if action < 0.75:
        new, done = mutate(name, body, random)
        members[number] = (name, new)
    elif action < 0.85:
        del members[number]
        done = "dropped"
    elif action < 0.9:
        members.append((name, random.choice(members)[1]))
        done = "doubled"
    else:
        other = random.choice(("../x", "/x", "x", "\x00", name.upper(), "x" * 300, "a\\b"))
        members[number] = (other, body)
        done = f"renamed to {other!r:.40}"
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", packing) as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of two members with one name
        for member, body in members:
            archive.writestr(zipfile.ZipInfo(member), body, packing)
    return written.getvalue(), f"{name}: {done}"


def _safetensors(data: bytes, random: Random) -> tuple[bytes, str]:
    (length,) = struct.unpack("<Q", data[:8])
    header, done = _json(data[8 : 8 + length], random)
    told = len(header) if random.random() < 0.9 else random.choice(_NUMBERS)
    return struct.pack("<Q", told) + header + data[8 + length :], f"header: {done}"


_BY_SUFFIX: dict[str, Callable[[bytes, Random], tuple[bytes, str]]] = {
    ".json": _json,
    ".jsonl": _json_lines,
    ".yaml": _yaml,
    ".yml": _yaml,
    ".xml": _xml,
    ".txt": _text,
    ".csv": _text,
    ".png": _png,
    ".zip": _zip,
    ".pth": _zip,
    ".pt": _zip,
    ".safetensors": _safetensors,
}
