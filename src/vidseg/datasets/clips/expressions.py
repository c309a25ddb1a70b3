"""Sentences about single objects: human captions, and ones composed from class, size and place."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from torch import Tensor

from .schema import Expression

# Words of captions that mean a category, beside its own name.
_SYNONYMS = {
    "person": ("man", "woman", "boy", "girl", "child", "lady", "guy", "player", "skier", "surfer"),
    "airplane": ("plane", "jet"),
    "aeroplane": ("airplane", "plane", "jet"),
    "motorcycle": ("motorbike",),
    "couch": ("sofa",),
    "tv": ("television",),
    "cow": ("bull",),
    "cat": ("kitten",),
    "dog": ("puppy",),
}
_MIRROR = {"left": "right", "right": "left", "Left": "Right", "Right": "Left"}


def mirror_text(text: str) -> str:
    """Swaps the words left and right: what a sentence becomes when its picture is flipped."""
    return re.sub(r"\b(left|right)\b", lambda m: _MIRROR[m[0]], text, flags=re.IGNORECASE)


def captions_of_single_objects(
    captions: Sequence[str], names: Sequence[str], groups: Sequence[bool]
) -> list[list[str]]:
    """Gives each object the captions that name its category, if it is the only one of it.

    A caption that names several of the picture's categories goes to the one named first, which is
    as a rule its subject. Plurals do not count as naming.

    Args:
        captions: sentences about the picture.
        names: [N] category of each object.
        groups: [N] whether it may hold several instances.

    Returns:
        [N] lists of captions.
    """
    counts = Counter(names)
    crowded = {name for name, group in zip(names, groups, strict=True) if group}
    given: list[list[str]] = [[] for _ in names]
    for caption in captions:
        places = {name: _first_mention(caption, name) for name in counts}
        named = {name: place for name, place in places.items() if place is not None}
        if not named:
            continue
        subject = min(named, key=lambda name: (named[name], -len(name)))
        if counts[subject] == 1 and subject not in crowded:
            given[list(names).index(subject)].append(caption.strip().rstrip("."))
    return given


def _first_mention(caption: str, name: str) -> int | None:
    words = "|".join(re.escape(word) for word in (name, *_SYNONYMS.get(name, ())))
    found = re.search(rf"\b({words})\b", caption, flags=re.IGNORECASE)
    return found.start() if found else None


def compose_expressions(
    masks: Tensor, names: Sequence[str | None], usable: Sequence[bool], rng: np.random.Generator
) -> list[Expression]:
    """Describes objects of one frame so that each sentence fits exactly one of them.

    A class that occurs once gives its name; more give the place in the row ("the dog on the left",
    "the second dog from the left") and the size, where it is clear (1.5 times the next).

    Args:
        masks: [N, H, W] bool of the frame that the sentences speak of, already flipped and cropped.
        names: [N] category, None without one.
        usable: [N] False for stuff, groups and anything that is not one whole object; classes with
            such a region are left out, for the sentence would be ambiguous.
        rng: chooses among the forms.

    Returns:
        One sentence for each object that has a clear one.
    """
    areas = masks.flatten(1).sum(1).tolist()
    columns = masks.any(1).float()  # [N, W]
    axis = np.arange(masks.shape[-1])
    expressions = []
    for name in dict.fromkeys(n for n in names if n is not None):
        rows = [i for i, other in enumerate(names) if other == name and areas[i] > 0]
        if not rows or not all(usable[i] for i in rows):
            continue
        centres = [float((columns[i].numpy() * axis).sum() / columns[i].sum()) for i in rows]
        for row, text in _describe(
            name, rows, [areas[i] for i in rows], centres, masks.shape[-1], rng
        ):
            expressions.append(Expression(text, row, composed=True))
    return expressions


def _describe(
    name: str,
    rows: Sequence[int],
    areas: Sequence[float],
    centres: Sequence[float],
    width: int,
    rng: np.random.Generator,
) -> list[tuple[int, str]]:
    if len(rows) == 1:
        return [(rows[0], str(rng.choice([name, f"the {name}", f"a {name}"])))]
    forms: dict[int, list[str]] = {row: [] for row in rows}
    by_area = sorted(range(len(rows)), key=lambda k: -areas[k])
    if areas[by_area[0]] > 1.5 * areas[by_area[1]]:
        forms[rows[by_area[0]]] += [f"the largest {name}", f"the big {name}"]
    if areas[by_area[-2]] > 1.5 * areas[by_area[-1]]:
        forms[rows[by_area[-1]]] += [f"the smallest {name}", f"the small {name}"]
    by_place = sorted(range(len(rows)), key=lambda k: centres[k])
    gaps = [centres[b] - centres[a] for a, b in pairwise(by_place)]
    clear = 0.08 * width
    if gaps[0] > clear:
        forms[rows[by_place[0]]] += [f"the {name} on the left", f"the leftmost {name}"]
    if gaps[-1] > clear:
        forms[rows[by_place[-1]]] += [f"the {name} on the right", f"the rightmost {name}"]
    if len(rows) == 3 and min(gaps) > clear:
        forms[rows[by_place[1]]] += [
            f"the {name} in the middle",
            f"the second {name} from the left",
        ]
    return [(row, str(rng.choice(texts))) for row, texts in forms.items() if texts]
