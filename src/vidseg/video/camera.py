"""A camera of this machine, through the system's own capture interface."""

from __future__ import annotations

import sys

import av

from ..errors import SourceError
from .base import Selection
from .live import LiveSource
from .opener import open_device


def _device(index: int) -> tuple[str, str]:
    """(libav input format, device name) of camera ``index`` on this system."""
    if sys.platform.startswith("linux"):
        return "v4l2", f"/dev/video{index}"
    if sys.platform == "darwin":
        return "avfoundation", f"{index}:none"
    if sys.platform == "win32":
        cameras = [
            device.name
            for device in av.enumerate_input_devices("dshow")
            if "video" in device.media_types
        ]
        if index >= len(cameras):
            raise SourceError(f"Camera {index} not found; this machine has {len(cameras)}.")
        return "dshow", f"video={cameras[index]}"
    raise SourceError(f"Cameras are not supported on {sys.platform}; give a video file or a URL.")


class Camera(LiveSource):
    """A live camera; endless. Raises SourceError where it is missing or in use."""

    def __init__(self, index: int, selection: Selection) -> None:
        format_name, device = _device(index)
        name = f"camera {index}"
        container = open_device(device, format_name, name.capitalize())
        super().__init__(container, name, selection)
