"""The first request to stop is heard when that does no harm, a second one at once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from vidseg import interrupts
from vidseg.interrupts import SIGNALS, Stopped, interrupts_held_back, stop_signals


@pytest.fixture(autouse=True)
def _in_the_foreground() -> Iterator[None]:
    """Python's own handler, even if the tests themselves run where Ctrl-C is ignored."""
    previous = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, previous)


def send(number: int = signal.SIGINT) -> None:
    os.kill(os.getpid(), number)


@pytest.mark.parametrize("number", SIGNALS)
def test_each_signal_is_told_apart(number: int) -> None:
    earlier = signal.getsignal(number)
    with pytest.raises(Stopped) as stop, stop_signals():
        send(number)
        raise AssertionError("not reached")
    assert stop.value.number == number and signal.getsignal(number) == earlier


def test_a_held_back_signal_is_put_off_and_not_lost() -> None:
    steps = []
    with pytest.raises(Stopped) as stop, stop_signals():
        with interrupts_held_back():
            with interrupts_held_back():
                send(signal.SIGTERM)
                steps.append("inner")
            steps.append("outer")
        steps.append("not reached")
    assert steps == ["inner", "outer"] and stop.value.number == signal.SIGTERM


def test_ctrl_c_waits_also_where_nobody_hears_other_signals() -> None:
    steps = []
    with pytest.raises(KeyboardInterrupt), interrupts_held_back():
        send()
        steps.append("after the signal")
    assert steps == ["after the signal"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    with interrupts_held_back():
        pass


def test_ctrl_c_stays_ignored_in_the_background() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with interrupts_held_back():
        send()
    with stop_signals():
        send()
    assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN


def test_the_same_request_twice_is_one_request() -> None:
    with pytest.raises(Stopped), stop_signals():
        try:
            send(signal.SIGTERM)
        finally:
            send(signal.SIGTERM)  # as from ``timeout``, to the process and to its group


def test_a_second_request_ends_at_once() -> None:
    code = (
        "import os, signal, time; from vidseg.interrupts import *\n"
        "with stop_signals(at_once=lambda: print('tidy', flush=True)):\n"
        "    try: os.kill(os.getpid(), signal.SIGINT)\n"
        "    finally:\n"
        "        with interrupts_held_back():\n"
        f"            time.sleep({interrupts.PATIENCE} + 0.1)\n"
        "            os.kill(os.getpid(), signal.SIGTERM); time.sleep(1); print('not reached')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30)
    assert (done.returncode, done.stdout) == (128 + signal.SIGTERM, "tidy\n")


def test_a_fork_ends_as_if_nobody_listened() -> None:
    with stop_signals():
        child = os.fork()
        if child == 0:
            send(signal.SIGTERM)
            os._exit(0)
        _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGTERM
