"""The endless stream of training batches, the same for any number of processes.

Sample i of global batch k depends on (seed, k, i) alone, the dataset of the batch on (seed, k). So
the number of loading processes changes nothing, N training processes see what one would, and a run
resumes at any step without drawing what came before. Only the padding of batches whose pictures
differ in size (``short_side``) depends on which clips a process has.
"""

from __future__ import annotations

import gc
import logging
import multiprocessing
import signal
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import count
from types import FrameType

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset, Sampler

from ...datasets.batches.collate import ClipBatch
from ...datasets.batches.drawing import ClipSource, draw_clip
from ...datasets.batches.packing import DrawnClip, PackedClips, pack, unpack
from ...errors import DataError
from ..recipe.data import DataConfig
from .sources import open_sources

_ATTEMPTS = 40
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Fault:
    """A sample that could not be read.

    Attributes:
        dataset, video: which.
        message: what is wrong, with the file.
    """

    dataset: str
    video: str
    message: str


@dataclass(frozen=True, eq=False)
class _Parcel:
    """What a loading process sends: a batch, or why there is none, and what could not be read."""

    source: int
    faults: tuple[_Fault, ...]
    clips: PackedClips | None = None
    failure: str = ""


class ClipParcels(Dataset[_Parcel]):
    """The batches of one training process, by step.

    Args:
        sources: the mixture.
        config: gives the shape of batches.
        seed: of the stream.
        rank, world: which of how many training processes this one is.

    Raises DataError where the processes cannot share a batch evenly.
    """

    def __init__(
        self, sources: tuple[ClipSource, ...], config: DataConfig, seed: int, rank: int, world: int
    ) -> None:
        if config.clips % world:
            raise DataError(
                f"data.clips is {config.clips}, which {world} processes cannot share evenly; "
                f"choose a multiple of {world}."
            )
        self._sources = sources
        self._config = config
        self._seed = seed
        self._rank = rank
        self._world = world
        weights = np.array([source.weight for source in sources])
        self._shares = weights / weights.sum()

    def __getitem__(self, step: int) -> _Parcel:
        """This process's part of global batch ``step``."""
        total, frames = batch_shape(self._config, step)
        number = int(self._rng(step).choice(len(self._sources), p=self._shares))
        part = total // self._world
        clips: list[DrawnClip] = []
        faults: list[_Fault] = []
        for i in range(self._rank * part, (self._rank + 1) * part):
            clip = self._draw(self._sources[number], step, i, frames, faults)
            if clip is None:
                name = self._sources[number].name
                why = f"No labelled region was found in {_ATTEMPTS} clips of {name}"
                last = f"; the last one: {faults[-1].message}" if faults else "."
                return _Parcel(number, tuple(faults), failure=why + last)
            clips.append(clip)
        return _Parcel(number, tuple(faults), pack(clips))

    def _draw(
        self, source: ClipSource, step: int, i: int, frames: int, faults: list[_Fault]
    ) -> DrawnClip | None:
        """Sample i; what cannot be read or shows nothing is replaced, always by the same."""
        for attempt in range(_ATTEMPTS):
            rng = self._rng(step, i, attempt)
            video = source.draw_video(rng)
            try:
                clip = draw_clip(source, video, frames, rng)
            except (DataError, OSError) as error:
                faults.append(_Fault(source.name, source.reader.video_name(video), str(error)))
                continue
            if clip is not None:
                return clip
        return None

    def _rng(self, *place: int) -> np.random.Generator:
        return np.random.default_rng(np.random.SeedSequence(self._seed, spawn_key=place))


class _FaultLog:
    """Counts the videos and stills that could not be read.

    Args:
        limit: number of unreadable videos and stills that is tolerated.
        report: receives one line about each, once.
    """

    def __init__(self, limit: int, report: Callable[[str], None]) -> None:
        self._limit = limit
        self._report = report
        self._seen: set[tuple[str, str]] = set()

    def add(self, faults: Iterable[_Fault]) -> None:
        """Records faults. Raises DataError where there are more than the limit."""
        for fault in faults:
            key = fault.dataset, fault.video
            if key in self._seen:
                continue
            self._seen.add(key)
            if len(self._seen) > self._limit:
                raise DataError(
                    f"{len(self._seen)} samples cannot be read, and data.corrupt_limit is "
                    f"{self._limit}; the last one, of {fault.dataset}: {fault.message}"
                )
            self._report(f"{fault.dataset}: another sample is taken instead: {fault.message}")


class _Steps(Sampler[int]):
    def __init__(self, first: int) -> None:
        self._first = first

    def __iter__(self) -> Iterator[int]:
        return count(self._first)


def batch_shape(config: DataConfig, step: int) -> tuple[int, int]:
    """(clips, frames) of global batch ``step``; single frames come at even distances."""
    share = config.single_frames
    if int((step + 1) * share) > int(step * share):
        return config.clips * config.frames, 1
    return config.clips, config.frames


def open_stream(
    config: DataConfig,
    *,
    seed: int,
    rank: int = 0,
    world: int = 1,
    start_step: int = 0,
    report: Callable[[str], None] | None = None,
) -> Iterator[ClipBatch]:
    """Endless batches of one training process; all clips of a batch are of one dataset.

    Datasets are opened at once, in this process; loading processes share their label files.

    Args:
        config: the mixture and what clips are like.
        seed: of the stream.
        rank, world: which of how many training processes this one is; it gets the clips from
            ``rank * clips / world`` on.
        start_step: global batch to begin with.
        report: is given a line about each sample that cannot be read; the log by default.

    Yields:
        Batches of ``batch_shape`` divided by ``world``, heights and widths multiples of 32.

    Raises:
        DataError: what :func:`~vidseg.training.data.sources.open_sources` raises; while it runs,
            more unreadable samples than ``corrupt_limit``, a dataset without labelled regions, or
            the end of a loading process.
        VocabularyError: a class list that does not match a dataset.
    """
    sources = open_sources(config)
    parcels = ClipParcels(sources, config, seed, rank, world)
    log = _FaultLog(config.corrupt_limit, report or _LOG.warning)
    return _batches(sources, _start(_loader(parcels, config.workers, start_step)), log)


def _batches(
    sources: tuple[ClipSource, ...], parcels: Iterator[_Parcel], log: _FaultLog
) -> Iterator[ClipBatch]:
    for parcel in _received(parcels):
        log.add(parcel.faults)
        if parcel.clips is None:
            raise DataError(parcel.failure)
        source = sources[parcel.source]
        yield unpack(parcel.clips, source.reader.vocabulary, source.name)


def _loader(parcels: ClipParcels, workers: int, start: int) -> DataLoader[_Parcel]:
    # Forked processes read the label files of this one; others would each get a copy.
    forks = workers > 0 and "fork" in multiprocessing.get_all_start_methods()
    return DataLoader(
        parcels,
        batch_size=None,
        sampler=_Steps(start),
        num_workers=workers,
        prefetch_factor=2 if workers else None,
        multiprocessing_context="fork" if forks else None,
        worker_init_fn=_begin_worker if workers else None,
        generator=torch.Generator(),  # else it would draw from the generator of the run
    )


def _begin_worker(worker: int) -> None:
    # Who stops a run signals to all its processes, but the training process ends its loaders itself
    # when it has saved the step at hand.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _outlast_once)
    torch.set_num_threads(1)


def _outlast_once(number: int, frame: FrameType | None) -> None:
    signal.signal(number, signal.SIG_DFL)


def _start(loader: DataLoader[_Parcel]) -> Iterator[_Parcel]:
    """Starts the loading processes."""
    gc.collect()
    gc.freeze()  # a collection in a forked process would write to all objects and so copy them
    try:
        return iter(loader)
    finally:
        gc.unfreeze()


def _received(parcels: Iterator[_Parcel]) -> Iterator[_Parcel]:
    """What the loading processes send. Raises DataError where one of them has ended."""
    while True:
        try:
            parcel = next(parcels)
        except RuntimeError as error:
            ended = ended_loader(error)
            if ended is None:
                raise
            raise ended from error
        except (ConnectionError, FileNotFoundError, EOFError) as error:
            raise _ended(error) from error  # while taking over pixels of a process that ended
        yield parcel


def ended_loader(error: RuntimeError) -> DataError | None:
    """The DataError for an error of torch that a loading process has ended; None for other errors.

    Torch raises such errors from a signal, whatever the training process is doing at the time.
    """
    return _ended(error) if "DataLoader worker (pid" in str(error) else None


def _ended(error: Exception) -> DataError:
    first, _, _ = str(error).partition("\n")
    return DataError(
        "A loading process ended by itself, perhaps for want of memory; set data.workers lower or "
        f"give /dev/shm more room. ({first})"
    )
