"""What the papers report for their own models, by benchmark and figure.

UniVS: Table 2 (scores) and Table 3 (frames/s at 640 pixels on a V100, ResNet-50). GvSeg: Tables 1-3
and S1. Scores are in percent, as printed; those that a paper leaves out are left out here. GvSeg
was given points on BURST, not masks.
"""

from __future__ import annotations

from collections.abc import Mapping

from ..backbones.resnet import ResNetConfig
from ..backbones.swin import swin_base, swin_large, swin_tiny
from ..models.gvseg.config import GvSegConfig
from ..models.loading import Model
from ..models.univs.config import UniVSConfig

Figures = Mapping[str, float]

UNIVS: Mapping[str, Mapping[str, Figures]] = {
    "univs_r50": {
        "ytvis2019": {"AP": 47.4},
        "ytvis2021": {"AP": 46.6},
        "ovis": {"AP": 30.8},
        "vspw": {"mIoU": 48.2, "mVC8": 88.5},
        "vipseg": {"VPQ/All": 38.6, "STQ/STQ": 45.8},
        "davis2017": {"J&F-Mean": 70.5},
        "youtube_vos": {"G": 69.2},
        "ref_davis": {"mean_over_annotators/J&F-Mean": 57.9},
        "ref_youtube_vos": {"J&F": 56.2},
        "viposeg": {"overall_iou": 60.2},
    },
    "univs_swint": {
        "ytvis2019": {"AP": 52.4},
        "ytvis2021": {"AP": 51.6},
        "ovis": {"AP": 33.0},
        "vspw": {"mIoU": 51.3, "mVC8": 89.4},
        "vipseg": {"VPQ/All": 38.9, "STQ/STQ": 51.7},
        "davis2017": {"J&F-Mean": 71.7},
        "youtube_vos": {"G": 70.3},
        "ref_davis": {"mean_over_annotators/J&F-Mean": 58.5},
        "ref_youtube_vos": {"J&F": 56.2},
        "viposeg": {"overall_iou": 62.3},
    },
    "univs_swinb": {
        "ytvis2019": {"AP": 57.8},
        "ytvis2021": {"AP": 56.5},
        "ovis": {"AP": 39.0},
        "vspw": {"mIoU": 59.4, "mVC8": 90.4},
        "vipseg": {"VPQ/All": 46.7, "STQ/STQ": 56.1},
        "davis2017": {"J&F-Mean": 75.0},
        "youtube_vos": {"G": 70.9},
        "ref_davis": {"mean_over_annotators/J&F-Mean": 58.6},
        "ref_youtube_vos": {"J&F": 57.4},
        "viposeg": {"overall_iou": 68.2},
    },
    "univs_swinl": {
        "ytvis2019": {"AP": 60.0},
        "ytvis2021": {"AP": 57.9},
        "ovis": {"AP": 41.7},
        "vspw": {"mIoU": 59.8, "mVC8": 92.3},
        "vipseg": {"VPQ/All": 49.3, "STQ/STQ": 58.2},
        "davis2017": {"J&F-Mean": 76.2},
        "youtube_vos": {"G": 71.5},
        "ref_davis": {"mean_over_annotators/J&F-Mean": 59.4},
        "ref_youtube_vos": {"J&F": 58.0},
        "viposeg": {"overall_iou": 68.6},
    },
}

GVSEG: Mapping[str, Mapping[str, Figures]] = {
    "gvseg_r50": {
        "ytvis2019": {"AP": 54.9, "AP50": 76.6, "AP75": 60.1, "AR1": 50.6, "AR10": 63.0},
        "ytvis2021": {"AP": 49.6, "AP50": 72.0, "AP75": 53.1, "AR1": 42.7, "AR10": 56.7},
        "ovis": {"AP": 35.9, "AP50": 50.7, "AP75": 38.0, "AR1": 16.6, "AR10": 40.1},
        "vspw": {"mIoU": 44.5, "mVC8": 90.5, "mVC16": 86.4},
        "vipseg": {
            "VPQ/All": 44.0, "VPQ/Things": 44.4, "VPQ/Stuff": 42.4, "STQ/STQ": 44.9
        },
        "kitti_step": {"STQ": 71.0, "AQ": 69.0, "SQ": 71.0},
        "youtube_vos": {"G": 81.5, "J_s": 80.9, "F_s": 86.0, "J_u": 75.4, "F_u": 83.7},
        "burst": {"HOTA/all": 35.9, "HOTA/common": 49.6, "HOTA/uncommon": 32.7},
    },
    "gvseg_swinb": {
        "vspw": {"mIoU": 63.2, "mVC8": 91.8, "mVC16": 89.4},
        "vipseg": {
            "VPQ/All": 55.3, "VPQ/Things": 57.2, "VPQ/Stuff": 52.3, "STQ/STQ": 52.4
        },
        "kitti_step": {"STQ": 74.0, "AQ": 73.0, "SQ": 74.0},
    },
    "gvseg_swinl": {
        "ytvis2021": {"AP": 60.7, "AP50": 82.9, "AP75": 69.7, "AR1": 47.5, "AR10": 65.7},
        "ovis": {"AP": 49.7, "AP50": 74.9, "AP75": 52.0, "AR1": 18.9, "AR10": 54.5},
        "vspw": {"mIoU": 65.5, "mVC8": 93.8, "mVC16": 91.6},
        "vipseg": {
            "VPQ/All": 57.9, "VPQ/Things": 59.7, "VPQ/Stuff": 56.1, "STQ/STQ": 55.6
        },
        "youtube_vos": {"G": 84.3, "J_s": 82.7, "F_s": 87.9, "J_u": 78.5, "F_u": 87.1},
        "burst": {"HOTA/all": 40.9, "HOTA/common": 55.5, "HOTA/uncommon": 36.3},
    },
}  # fmt: skip

UNIVS_FRAMES_A_SECOND: Figures = {
    "ytvis2021": 20.2,
    "vspw": 15.3,
    "vipseg": 10.4,
    "youtube_vos": 17.5,
    "ref_youtube_vos": 20.0,
    "viposeg": 11.9,
}
"""UniVS with ResNet-50, short side 640, one V100 (Table 3)."""

_BACKBONES = {
    "r50": ResNetConfig(), "swint": swin_tiny(), "swinb": swin_base(), "swinl": swin_large()
}  # fmt: skip


def paper_model(model: Model) -> str | None:
    """The row of the papers that a model is of the shape of; None for a model of no paper."""
    kind = {UniVSConfig: "univs", GvSegConfig: "gvseg"}.get(type(model.config))
    names = [name for name, config in _BACKBONES.items() if config == model.config.backbone]
    return f"{kind}_{names[0]}" if kind and names else None


def paper_figures(model: str | None, benchmark: str) -> Figures:
    """What the paper of a model reports on a benchmark, in percent; empty for nothing."""
    return {**UNIVS, **GVSEG}.get(model or "", {}).get(benchmark, {})
