"""vidseg: one model, one call, every video-segmentation task."""

__version__ = "0.1.0"
