"""Labels in and out of the formats of benchmarks and labelling tools."""

from __future__ import annotations

from .base import ReadOptions
from .class_lists import load_class_list
from .conversion import Conversion, convert
from .losses import LOSSES, LossLog
from .registry import LABEL_FORMATS, LabelFormat, label_format, parse_losses

__all__ = [
    "LABEL_FORMATS",
    "LOSSES",
    "Conversion",
    "LabelFormat",
    "LossLog",
    "ReadOptions",
    "convert",
    "label_format",
    "load_class_list",
    "parse_losses",
]
