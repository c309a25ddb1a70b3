"""Tiny data sets that the tests of reading draw, for the tests of training on them."""

from ..datasets.conftest import (
    davis_folder,
    instances_folder,
    label_map_folder,
    panoptic_folder,
)

__all__ = ["davis_folder", "instances_folder", "label_map_folder", "panoptic_folder"]
