"""The ablations of UniVS as overrides of a stage-2 recipe.

Parts a and b are Tables 4a and 4b of the paper, c, d, e and f Tables 3, 4, 5 and 7 of its
supplement. All are of ResNet-50 but f, which is of Swin-B.
"""

from __future__ import annotations

from .row import AblationRow

_PROMPTED = ("vos", "pvos", "refvos")
_COMMON = ("YT21 mAP", "OVIS mAP", "VIPSeg VPQ", "VIPSeg STQ", "YT18 G", "RefYT J&F")
_PVOS = ("VIPOSeg G", "G th seen", "G th unseen", "G sf seen", "G sf unseen")


def _figures(names: tuple[str, ...], *values: float) -> dict[str, float]:
    """The first names with their values; what follows is a dash in the paper."""
    return dict(zip(names, values, strict=False))


_BASELINE = (
    "model.overrides.decoder.proca=false",
    "model.overrides.decoder.prompts_as_queries=false",
)
_MASK2FORMER = (
    *_BASELINE,
    "objective.prompts.asked=false",
    "evaluation.settings.association=similarity",
)
_UNIVS = _figures(_COMMON, 52.7, 21.7, 35.4, 49.2, 67.4, 54.9)
_ALONE = _figures(_COMMON, 45.9, 17.2, 40.1, 37.9)


def _seen(separation: str, *further: str) -> tuple[str, ...]:
    return f"evaluation.settings.separation={separation}", *further


_PROMPT_ONLY = "evaluation.settings.grounding_average=false"
_WITH_LEARNABLE = "evaluation.settings.grounding_average=true"
_REF = ("RefYT J&F", "RefYT J", "RefYT F")


def _interval(frames: int, *values: float) -> AblationRow:
    """Clips of five frames follow each other frame by frame, so that an interval counts frames.

    The paper's figures are at the level of stage 3 (b3), so that is what is measured.
    """
    return AblationRow(
        f"e{(frames + 1) // 2}",
        f"new objects every {frames} frames",
        _figures(_COMMON, *values),
        (
            "evaluation.settings.clip_length=5",
            f"evaluation.settings.detection_interval={frames}",
        ),
        goes_on=True,
    )


_PROMPT_DATA = (
    *("sa1b", "entityseg", "refcoco", "refcoco+", "refcocog"),
    *("youtube_vos2018", "mose", "burst", "ref_youtube_vos"),
)
"""Sources of both stages that are no data of COCO, LVIS, YouTube-VIS, OVIS and VIPSeg."""

_BY_CATEGORY = (
    *(f"objective.prompts.only.{name}=null" for name in _PROMPT_DATA),
    *(f"data.sources.{name}=null" for name in _PROMPT_DATA),
)
_GENERAL = ("DAVIS G", "G th seen", "G th unseen", "G sf seen", "G sf unseen", "VIPOSeg G")

ROWS = (
    AblationRow("a1", "Baseline", _ALONE, _MASK2FORMER, anew=True, lacks=_PROMPTED),
    AblationRow(
        "a2",
        "+ prompts as queries",
        _figures(_COMMON, 39.9, 10.0, 40.6, 37.3, 58.6, 42.1),
        ("model.overrides.decoder.proca=false",),
        anew=True,
    ),
    AblationRow("a3", "+ ProCA", _UNIVS),
    AblationRow(
        "b1",
        "tracker by similarity",
        _figures(_COMMON, 50.7, 15.0, 35.9, 44.5, 60.8),
        ("evaluation.settings.association=similarity",),
        lacks=("refvos",),
    ),
    AblationRow("b2", "tracker by prompts (VS→P)", _UNIVS),
    AblationRow(
        "b3",
        "tracker by prompts, stage 3",
        _figures(_COMMON, 54.7, 23.6, 38.6, 45.8, 69.2, 56.2),
        goes_on=True,
    ),
    AblationRow("c1", "Mask2Former", _ALONE, _MASK2FORMER, anew=True, lacks=_PROMPTED),
    AblationRow(
        "c2",
        "SEEM",
        _figures(_COMMON, 49.2, 14.7, 39.3, 34.2, 62.1),
        _BASELINE,
        anew=True,
    ),
    AblationRow("c3", "UniVS", _UNIVS),
    AblationRow("d1", "SepSA", _figures(_PVOS, 61.8, 59.7, 57.1, 68.2, 62.1), _seen("sep")),
    AblationRow(
        "d2",
        "SepSA-entity",
        _figures(_PVOS, 57.9, 58.4, 55.0, 63.5, 54.5),
        _seen("sep-entity"),
    ),
    AblationRow(
        "d3",
        "SepSA-learnable",
        _figures(_PVOS, 48.5, 41.0, 46.5, 51.0, 55.5),
        _seen("sep-entity-learnable"),
    ),
    AblationRow(
        "d4",
        "SepSA, prompt queries",
        _figures(_REF, 38.7, 36.1, 41.3),
        _seen("sep", _PROMPT_ONLY),
    ),
    AblationRow(
        "d5",
        "SepSA-entity, prompt queries",
        _figures(_REF, 55.7, 53.9, 57.5),
        _seen("sep-entity", _PROMPT_ONLY),
    ),
    AblationRow(
        "d6",
        "SepSA-entity, prompt and learnable queries",
        _figures(_REF, 55.1, 53.5, 56.8),
        _seen("sep-entity", _WITH_LEARNABLE),
    ),
    _interval(1, 54.8, 24.2, 38.3, 46.2),
    _interval(3, 54.6, 23.7, 38.6, 45.8),
    _interval(5, 54.6, 23.4, 38.4, 45.8),
    _interval(7, 53.0, 22.1, 38.2, 45.2),
    _interval(9, 52.6, 22.0, 37.7, 45.1),
    AblationRow(
        "f1",
        "data by category and by prompt",
        _figures(_GENERAL, 70.8, 63.4, 61.9, 73.9, 68.4, 66.8),
    ),
    AblationRow(
        "f2",
        "data by category alone",
        _figures(_GENERAL, 75.0, 59.2, 54.2, 67.9, 78.1, 64.9),
        _BY_CATEGORY,
        anew=True,
    ),
)
