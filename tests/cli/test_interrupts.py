"""Ctrl-C waits for the moment at which every file is whole."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest

from vidseg.cli.running import closed_whole
from vidseg.formats.saving import WriterGroup
from vidseg.results import FrameResult
from vidseg.types import Frame


@pytest.fixture(autouse=True)
def _in_the_foreground() -> Iterator[None]:
    """Python's own handler, even if the tests themselves run where Ctrl-C is ignored."""
    previous = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, previous)


def press() -> None:
    os.kill(os.getpid(), signal.SIGINT)


class SlowWriter:
    """Somebody presses Ctrl-C while it closes."""

    closed = False

    def write(self, frame: Frame, result: FrameResult) -> None: ...

    def close(self) -> None:
        press()
        self.closed = True


def test_a_second_ctrl_c_does_not_stop_the_closing() -> None:
    writer = SlowWriter()
    with pytest.raises(KeyboardInterrupt), closed_whole(WriterGroup([writer])):
        raise KeyboardInterrupt
    assert writer.closed
