"""Requests to stop, from the keyboard or the system, and the moments at which they are heard."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import Any

_names = ("SIGINT", "SIGTERM", "SIGHUP")  # Ctrl-C, a scheduler, a terminal that was closed
SIGNALS = tuple(getattr(signal, name) for name in _names if hasattr(signal, name))

PATIENCE = 1.0
"""Seconds within which a signal counts as the same request: shells and ``timeout`` send theirs to
the process and to its group."""


class Stopped(KeyboardInterrupt):
    """One of ``SIGNALS`` asked to stop.

    Attributes:
        number: of the signal.
    """

    def __init__(self, number: int, text: str = "") -> None:
        super().__init__(text)
        self.number = number


class StopSignals:
    """Turns the first signal into :class:`Stopped`; a second one, after ``PATIENCE``, ends at once.

    Args:
        at_once: called before the process is ended without more ado.
    """

    def __init__(self, at_once: Callable[[], None] = lambda: None) -> None:
        self._at_once = at_once
        self._process = os.getpid()
        self._first: float | None = None
        self._held = 0
        self._pending: int | None = None

    def hear(self, number: int, frame: FrameType | None) -> None:
        """The handler of the signals."""
        if os.getpid() != self._process:  # a fork, which ends as if nobody listened
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
            return
        now = time.monotonic()
        if self._first is None:
            self._first = now
            if self._held:
                self._pending = number
                return
            raise Stopped(number)
        if now - self._first > PATIENCE:
            self._at_once()
            os._exit(128 + number)

    @contextmanager
    def held_back(self) -> Iterator[None]:
        """Puts the first signal off to the end of the block."""
        self._held += 1
        try:
            yield
        finally:
            self._held -= 1
            if not self._held and self._pending is not None:
                number, self._pending = self._pending, None
                raise Stopped(number)


_active: list[StopSignals] = []


@contextmanager
def stop_signals(
    at_once: Callable[[], None] = lambda: None, numbers: Sequence[int] = SIGNALS
) -> Iterator[StopSignals]:
    """Hears the signals while the block runs, except those that are ignored, as under nohup.

    Outside the main thread, which alone receives signals, nothing is heard.
    """
    signals = StopSignals(at_once)
    if threading.current_thread() is not threading.main_thread():
        yield signals
        return
    earlier: dict[int, Any] = {}
    for number in numbers:
        if signal.getsignal(number) not in (signal.SIG_IGN, None):
            earlier[number] = signal.signal(number, signals.hear)
    _active.append(signals)
    try:
        yield signals
    finally:
        _active.remove(signals)
        for number, handler in earlier.items():
            signal.signal(number, handler)


@contextmanager
def interrupts_held_back() -> Iterator[None]:
    """Puts a request to stop off to the end of the block, which should take milliseconds.

    Where nobody hears other signals, as in a program that only imports the package, it is Ctrl-C
    alone that waits.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
    elif _active:
        with _active[-1].held_back():
            yield
    else:
        with stop_signals(numbers=(signal.SIGINT,)) as signals, signals.held_back():
            yield
