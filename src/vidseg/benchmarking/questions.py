"""What a model is asked of one video of a benchmark."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ..errors import DataError
from ..formats.layouts.ref_davis import ANNOTATORS
from ..labels import Sentence
from ..prompts import Prompt, Text
from .release import Release, first_masks


@dataclass(frozen=True, eq=False)
class Question:
    """One pass over a video.

    Attributes:
        prompts: none where the task asks for classes.
        part: names the pass where a video has several; also the folder of its answers.
        names: object id of a prompt → what the release calls it, where that is no number.
    """

    prompts: Sequence[Prompt] = ()
    part: str = ""
    names: tuple[str, ...] = ()


def questions_of(release: Release, video: int) -> Iterator[Question]:
    """All passes over a video.

    Raises DataError where the release gives no mask, or no sentence, of the video.
    """
    info = release.videos[video]
    if release.row.task.by_category:
        yield Question()
    elif release.row.form == "sentences":
        sentences = _sentences(release, video)
        texts = [Text(one.text, object_id=id) for id, one in enumerate(sentences, start=1)]
        yield Question(texts, names=tuple(one.name for one in sentences))
    elif release.row.form == "annotators":
        sentences = _sentences(release, video)
        for annotator in range(ANNOTATORS):
            own = [one for one in sentences if int(one.name) % ANNOTATORS == annotator]
            texts = [Text(one.text, object_id=one.track_ids[0]) for one in own]
            yield Question(texts, part=f"anno_{annotator}")
    else:
        masks = list(first_masks(release.given_masks(video)))
        if not masks:
            raise DataError(
                f"{release.root} gives no mask of an object of the video {info.name}; "
                "unpack its annotations."
            )
        yield Question(masks)


def _sentences(release: Release, video: int) -> tuple[Sentence, ...]:
    found = release.source.sentences(video)
    if not found:
        raise DataError(f"{release.root} has no sentence about {release.videos[video].name}.")
    return found
