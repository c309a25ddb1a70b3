"""Ctrl-C and SIGTERM end a run after the step at hand, with a checkpoint."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class StopRequest:
    """Whether this process was asked to stop."""

    def __init__(self) -> None:
        self.asked = False

    def _note(self, number: int, frame: FrameType | None) -> None:
        if self.asked and number == signal.SIGINT:
            raise KeyboardInterrupt  # the second Ctrl-C does not wait
        self.asked = True


@contextmanager
def stop_requests() -> Iterator[StopRequest]:
    """Collects requests to stop; schedulers send SIGTERM some time before they kill.

    Outside the main thread, which alone receives signals, nothing is collected.
    """
    request = StopRequest()
    if threading.current_thread() is not threading.main_thread():
        yield request
        return
    watched = [
        number
        for number in (signal.SIGINT, signal.SIGTERM)
        if signal.getsignal(number) is not signal.SIG_IGN
    ]
    earlier = {number: signal.signal(number, request._note) for number in watched}
    try:
        yield request
    finally:
        for number, handler in earlier.items():
            signal.signal(number, handler)
