"""Runs damaged inputs in child processes, within limits, and says which of them broke a rule.

The rules: a step returns or raises a VidsegError of one printable sentence; in time; in little
memory; it leaves nothing behind when it fails, and writes nowhere but to its output folder.
"""

from __future__ import annotations

import faulthandler
import json
import os
import resource
import shutil
import sys
import tempfile
import traceback
import unicodedata
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from random import Random
from typing import IO, Any

from vidseg.errors import VidsegError
from vidseg.terminal import printable

from .mutations import mutate

SECONDS = 10
"""That one input may take."""
MEMORY = 1 << 30
"""Bytes that one input may take beyond what the process held before it."""
LONGEST = 1200
"""Characters of an error's sentence; paths are long, and at most a few names are listed."""

Step = Callable[[Path, Path], object]
"""(folder of the damaged input, folder for results) → anything; raises a VidsegError."""


@dataclass(frozen=True)
class Target:
    """A kind of input and all that is done with it.

    Attributes:
        name: for reports and the command line.
        seed: writes the valid input into an empty folder.
        steps: name → what is run; each whether or not those before it failed.
    """

    name: str
    seed: Callable[[Path], object]
    steps: dict[str, Step]


@dataclass(frozen=True)
class Failure:
    """A rule that an input broke.

    Attributes:
        target, seed: the input.
        step: of the target.
        change: what was damaged.
        rule: "foreign exception", "hang", "memory", "crash", "sentence", "leftover" or "outside".
        told: the exception with its place, the sentence, or the files.
    """

    target: str
    seed: int
    step: str
    change: str
    rule: str
    told: str

    def __str__(self) -> str:
        return (
            f"{self.target}, {self.step}: {self.rule}: {self.told}\n    {self.change}\n"
            f"    python -m tests.fuzz --target {self.target!r} --seed {self.seed} --count 1"
        )


@dataclass
class Outcome:
    """Of a run.

    Attributes:
        inputs: how many were tried.
        accepted: how many steps returned, so that damage is not all caught at the door.
        refused: how many steps raised a VidsegError.
        memory: the most bytes that an input took.
        failures: all rules that were broken.
    """

    inputs: int = 0
    accepted: int = 0
    refused: int = 0
    memory: int = 0
    failures: list[Failure] = field(default_factory=list)


def run(target: Target, seed: int, count: int) -> Outcome:
    """Inputs ``seed``, ``seed + 1``, … of a target; each is the same whatever runs before it.

    Raises AssertionError where the undamaged seed does not pass.
    """
    outcome = Outcome()
    with tempfile.TemporaryDirectory(prefix="fuzz-") as place:
        whole = Path(place) / "seed"
        whole.mkdir()
        target.seed(whole)
        log = Path(place) / "log"
        _in_child(log, lambda file: _check_seed(target, whole, Path(place), file))
        rows = _rows(log)
        broken = [row for row in rows if row.get("told")]
        assert rows and not broken, f"{target.name}: the seed itself does not pass: {broken}"
        number = seed
        while number < seed + count:
            begin, end = number, seed + count
            log.unlink()
            status = _in_child(log, partial(_batch, target, whole, Path(place), begin, end))
            number = _gather(target, _rows(log), begin, end, status, outcome)
    return outcome


def _gather(
    target: Target, rows: list[dict[str, Any]], begin: int, end: int, status: int, outcome: Outcome
) -> int:
    """Adds what a child told; the number of the next input."""
    last: dict[str, Any] = {}
    for row in rows:
        last = row
        outcome.inputs += row["what"] == "input"
        outcome.accepted += row["what"] == "returned"
        outcome.refused += row["what"] == "refused"
        outcome.memory = max(outcome.memory, row.get("memory", 0))
        if "rule" in row:
            outcome.failures.append(
                Failure(
                    target.name, row["seed"], row["step"], row["change"], row["rule"], row["told"]
                )
            )
    if last.get("what") == "end":
        return end
    number: int = last.get("seed", begin)
    told, rule = f"the process ended with status {status}", "crash"
    if "Timeout" in (hung := last.get("trace", "")):
        told, rule = hung, "hang"
    elif hung:
        told = hung
    outcome.failures.append(
        Failure(target.name, number, last.get("step", "?"), last.get("change", "?"), rule, told)
    )
    return number + 1


def _rows(log: Path) -> list[dict[str, Any]]:
    lines = log.read_text(errors="replace").splitlines() if log.exists() else []
    rows = [json.loads(line) for line in lines if line.startswith("{") and line.endswith("}")]
    rest = [line for line in lines if line and not line.startswith("{")]
    if rest and rows:
        frames = [line.strip() for line in rest if "File " in line and "/vidseg/" in line]
        ours = [line for line in frames if "/tests/" not in line]
        rows[-1] = {**rows[-1], "trace": " < ".join([rest[0], *ours[:4]])}
    return rows


def _in_child(log: Path, work: Callable[[IO[str]], None]) -> int:
    """Runs ``work`` in a fork; its exit status, negative for a signal."""
    sys.stdout.flush()
    sys.stderr.flush()
    child = os.fork()
    if child == 0:
        with log.open("a") as file:
            try:
                work(file)
            except BaseException:
                traceback.print_exc(file=file)
                file.flush()
                os._exit(1)
            file.flush()
        os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)


def _check_seed(target: Target, whole: Path, place: Path, file: IO[str]) -> None:
    sandbox = _Sandbox(whole, place)
    faulthandler.dump_traceback_later(SEED_SECONDS, exit=True, file=file)
    for row in sandbox.tried(target, lambda folder: "nothing"):
        if row["what"] == "refused":
            row["told"] = row["sentence"]
        print(json.dumps(row), file=file)
    for text in sandbox.leftovers():
        print(json.dumps({"what": "seed", "told": text}), file=file)
    faulthandler.cancel_dump_traceback_later()


def _batch(target: Target, whole: Path, place: Path, begin: int, end: int, file: IO[str]) -> None:
    sandbox = _Sandbox(whole, place)
    faulthandler.enable(file)
    for number in range(begin, end):
        random = Random(f"{target.name} {number}")
        for row in sandbox.tried(target, partial(_damaged, random)):
            if row["what"] == "begin":
                faulthandler.dump_traceback_later(SECONDS, exit=True, file=file)
            print(json.dumps({**row, "seed": number}), file=file, flush=True)
        faulthandler.cancel_dump_traceback_later()
    print(json.dumps({"what": "end"}), file=file)


class _Sandbox:
    """A folder that inputs are run in, and the watch over what is written outside of it."""

    def __init__(self, whole: Path, place: Path) -> None:
        self._whole = whole
        self._scratch = place / "scratch"
        self._watched: list[str] = []
        self._cache = place / "cache"
        self._cache.mkdir(exist_ok=True)
        os.environ["VIDSEG_CACHE"] = os.environ["TORCHINDUCTOR_CACHE_DIR"] = str(self._cache)
        os.environ["TMPDIR"] = tempfile.tempdir = str(self._scratch / "tmp")
        sys.dont_write_bytecode = True
        silent = os.open(os.devnull, os.O_WRONLY)
        os.dup2(silent, 1)
        os.dup2(silent, 2)
        _soft, hard = resource.getrlimit(resource.RLIMIT_AS)
        resource.setrlimit(resource.RLIMIT_AS, (_status("VmSize") + 3 * MEMORY, hard))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        sys.addaudithook(self._audit)

    def tried(self, target: Target, change: Callable[[Path], str]) -> Iterator[dict[str, Any]]:
        """What each step made of one input: rows "input", then "begin" and its end each."""
        shutil.rmtree(self._scratch, ignore_errors=True)
        for name in ("tmp", "in"):
            (self._scratch / name).mkdir(parents=True)
        folder = self._scratch / "in"
        _copy(self._whole, folder)
        told = change(folder)
        yield {"what": "input", "change": told}
        before = _listing(self._scratch)
        for name, step in target.steps.items():
            about = {"step": name, "change": told}
            yield {"what": "begin", **about}
            self._watched.clear()
            out = self._scratch / "out" / name
            out.mkdir(parents=True)
            at_first = _reset_peak()
            row = _judged(step, folder, out)
            memory = _status("VmHWM") - at_first
            yield {**row, **about, "memory": memory}
            if memory > MEMORY:
                yield {"what": "x", **about, "rule": "memory", "told": f"{memory >> 20} MiB"}
            left = [] if row["what"] == "returned" else sorted(map(str, out.rglob("*")))
            if left:
                yield {"what": "x", **about, "rule": "leftover", "told": ", ".join(left[:3])}
            wrote = list(self._watched)
            shutil.rmtree(self._scratch / "out", ignore_errors=True)
            after = _listing(self._scratch)
            wrote += [path for path, _ in {*after} ^ {*before}]
            if wrote:
                yield {"what": "x", **about, "rule": "outside", "told": ", ".join(wrote[:3])}
                before = after

    def leftovers(self) -> list[str]:
        """What of the scratch folder is not the input."""
        return [str(path) for path in (self._scratch / "tmp").rglob("*")]

    def _audit(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            path, _, flags = arguments
            if not isinstance(path, str | bytes) or not flags & (os.O_WRONLY | os.O_RDWR):
                return
            self._note(event, path)
        elif event in ("os.mkdir", "os.remove", "os.rmdir", "shutil.rmtree", "os.truncate"):
            if arguments[-1] in (-1, None) or not isinstance(arguments[-1], int):  # else in a tree
                self._note(event, arguments[0])
        elif event in ("os.rename", "os.link", "os.symlink"):
            self._note(event, arguments[1])
        elif event in ("os.system", "subprocess.Popen", "os.exec", "socket.connect"):
            self._watched.append(f"{event} {arguments!r:.80}")

    def _note(self, event: str, path: Any) -> None:
        if not isinstance(path, str | bytes | os.PathLike):
            return
        full = os.path.normpath(Path.cwd() / os.fsdecode(path))
        allowed = (str(self._scratch), str(self._cache), "/dev/null", "/proc/self/", "/dev/shm/")
        if not full.startswith(allowed):
            self._watched.append(f"{event} {full}")


def _judged(step: Step, folder: Path, out: Path) -> dict[str, Any]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            step(folder, out)
    except VidsegError as error:
        sentence = printable(error)  # as the terminal shows it
        wrong = wrong_sentence(sentence)
        if wrong:
            return {"what": "refused", "rule": "sentence", "told": f"{wrong}: {sentence!r:.300}"}
        return {"what": "refused", "sentence": sentence}
    except MemoryError as error:
        return {"what": "raised", "rule": "memory", "told": _place(error)}
    except BaseException as error:
        return {"what": "raised", "rule": "foreign exception", "told": _place(error)}
    return {"what": "returned"}


def wrong_sentence(text: str) -> str | None:
    """What is wrong with the text of an error; None where it is one printable sentence."""
    if any(unicodedata.category(letter) in ("Cc", "Cs", "Zl", "Zp") for letter in text):
        return "control character"
    if not text.rstrip().endswith((".", "?", "!")):
        return "no full stop"
    return "too long" if len(text) > LONGEST else None


def _place(error: BaseException) -> str:
    """Exception with the last place in the package, then the last place of all."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [f for f in frames if "/vidseg/" in f.filename and "/tests/" not in f.filename]
    shown = [f"{f.filename.rpartition('/vidseg/')[2]}:{f.lineno} {f.name}" for f in ours[-1:]]
    return f"{type(error).__name__} at {' '.join(shown) or frames[-1]}: {str(error)!r:.160}"


def _damaged(random: Random, folder: Path) -> str:
    """One to three changes of the files in a folder; what was changed, in words."""
    told = []
    for _ in range(random.choice((1, 1, 1, 2, 3))):
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        if not files:
            break
        suffix = random.choice(sorted({path.suffix for path in files}))
        path = random.choice([path for path in files if path.suffix == suffix])
        name = path.relative_to(folder).as_posix()
        if random.random() < 0.06:
            told.append(f"{name}: {_misplace(path, random)}")
            continue
        content, done = mutate(path.name, path.read_bytes(), random)
        path.unlink()
        path.write_bytes(content)
        told.append(f"{name}: {done}")
    return "; ".join(told)


def _misplace(path: Path, random: Random) -> str:
    """Something other than the file in its place, or something beside it."""
    kind = random.choice(("gone", "empty", "folder", "link", "dangling", "beside", "other"))
    if kind == "beside":
        names = (
            "._" + path.name,
            path.name + "~",
            "é\n" + path.name,
            "Thumbs.db",
            path.name + ".x",
        )
        beside = path.with_name(random.choice(names))
        with suppress(FileExistsError):
            beside.symlink_to(path)
        return f"{beside.name!r} beside it"
    other = random.choice(sorted(each for each in path.parent.iterdir() if each.is_file()))
    content = other.read_bytes()
    path.unlink()
    if kind == "empty":
        path.touch()
    elif kind == "folder":
        path.mkdir()
    elif kind in ("link", "dangling"):
        path.symlink_to(path if kind == "link" else path.with_name("nowhere"))
    elif kind == "other":
        path.write_bytes(content)
    return kind


def _copy(whole: Path, folder: Path) -> None:
    for path in sorted(whole.rglob("*")):
        there = folder / path.relative_to(whole)
        if path.is_dir():
            there.mkdir()
        else:
            there.hardlink_to(path)


def _listing(folder: Path) -> set[tuple[str, int]]:
    """Every file with its time, which a change of it moves."""
    found = set()
    for root, folders, files in os.walk(folder):
        for name in (*folders, *files):
            path = Path(root, name)
            stat = path.lstat()
            found.add((str(path), 0 if path.is_dir() else stat.st_mtime_ns))
    return found


def _status(key: str) -> int:
    """A number of /proc/self/status in bytes."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(key + ":"):
            return int(line.split()[1]) * 1024
    raise LookupError(key)


def _reset_peak() -> int:
    """Forgets the peak of memory so far; what is held now, in bytes."""
    with Path("/proc/self/clear_refs").open("w") as file:
        file.write("5")
    return _status("VmRSS")


def summary(outcomes: Sequence[tuple[str, Outcome]]) -> str:
    """A table: target, inputs, steps that returned and refused, failures, memory."""
    lines = [f"{'target':44} inputs returned refused failures  MiB"]
    lines += [
        f"{name:44} {o.inputs:6} {o.accepted:8} {o.refused:7} {len(o.failures):8} "
        f"{o.memory >> 20:4}"
        for name, o in outcomes
    ]
    return "\n".join(lines)


SEED_SECONDS = 120
"""The same for the whole file, read in all ways, on a machine that is busy."""
