"""Runs of several processes: the numbers of one, and one message when a process is lost."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest
import torch
from torch._C._distributed_c10d import TCPStore

from vidseg.errors import TrainingError
from vidseg.models.files.pretrained import load_pretrained
from vidseg.training.parallel.processes import EXIT_AFTER_ANOTHER, Team, mean_over_ranks, team
from vidseg.training.parallel.seeds import seed_all
from vidseg.training.parallel.sharding import Replica
from vidseg.training.run.checkpointing import checkpoints
from vidseg.training.run.logs import LOG_FILE, read_log

from .. import stand_in_run
from ..stand_in_run import Settings, tiny_model

ENOUGH = 100  # seconds, for a busy machine; a hang would last half an hour


def together(out: Path, settings: Settings, world: int = 2) -> tuple[list[int | None], list[str]]:
    """Runs processes as torchrun does, and gives their exit statuses and error messages.

    As with torchrun, the store through which they meet outlives them all.
    """
    store = TCPStore("127.0.0.1", 0, is_master=True, wait_for_workers=False)
    shared = {
        "WORLD_SIZE": str(world),
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(store.port),
        "TORCHELASTIC_USE_AGENT_STORE": "True",
    }
    processes = [
        stand_in_run.start(out, settings, {**shared, "RANK": str(r), "LOCAL_RANK": str(r)})
        for r in range(world)
    ]
    for process in processes:
        process.join(ENOUGH)
    for process in processes:
        process.kill()
    file = out.with_suffix(".errors")
    errors = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    return [process.exitcode for process in processes], errors


def losses(out: Path) -> list[float]:
    return [line["loss/total"] for line in read_log(out / LOG_FILE)]


def test_two_processes_replicated_or_sharded_are_like_one(tmp_path: Path) -> None:
    """The loss divides by the number of regions, which differs between the processes."""
    settings = {"steps": 12, "engine": {"save_every": 6}}
    sharded = {"steps": 12, "engine": {"save_every": 6, "sharding": "fsdp"}}
    assert together(tmp_path / "one", settings, 1) == ([0], [])
    assert together(tmp_path / "two", settings) == ([0, 0], [])
    assert together(tmp_path / "shards", sharded) == ([0, 0], [])
    one = losses(tmp_path / "one")
    assert len(one) == 12
    assert losses(tmp_path / "two") == pytest.approx(one, abs=1e-5)
    assert losses(tmp_path / "shards") == pytest.approx(one, abs=1e-5)
    for name in ("model", "checkpoints/step-00000012"):
        first = load_pretrained(tmp_path / "one" / name)[1].state
        for other in ("two", "shards"):
            second = load_pretrained(tmp_path / other / name)[1].state
            for key, value in first.items():
                torch.testing.assert_close(second[key], value, atol=1e-5, rtol=1e-4)
    _go_on_in_shards(tmp_path / "one", tmp_path / "other", sharded)


def _go_on_in_shards(one: Path, other: Path, settings: Settings) -> None:
    """The second half of a run of one process again, in two processes with shards."""
    middle = one / "checkpoints" / "step-00000006"
    (other / "checkpoints").mkdir(parents=True)
    middle.rename(other / "checkpoints" / middle.name)
    assert together(other, {**settings, "resume": True}) == ([0, 0], [])
    assert losses(other) == pytest.approx(losses(one)[6:], abs=1e-5)


def test_parts_without_a_gradient_stay_as_they_are(tmp_path: Path) -> None:
    """Nothing prompts the model here; decay must not wear the prompt encoder down."""
    heavy = {"steps": 3, "decay": None, "weight_decay": 0.5}
    for world, sharding in ((1, "none"), (2, "none"), (2, "fsdp")):
        out = tmp_path / f"{sharding}{world}"
        together(out, {**heavy, "engine": {"sharding": sharding}}, world)
        torch.manual_seed(0)
        seed_all(0)
        before, after = tiny_model().state_dict(), load_pretrained(out / "model")[1].state
        same = {name for name in before if torch.equal(before[name], after[name])}
        prompts = {name for name in before if name.startswith("prompt_encoder.")}
        assert prompts <= same, f"{world} processes, sharding {sharding}"
        assert "mask_decoder.layers.0.feed_forward.expand.weight" not in same


def test_a_killed_process_ends_the_run_with_one_message(tmp_path: Path) -> None:
    settings = {"steps": 10_000, "dies": [1, 5], "engine": {"save_every": 2}}
    statuses, errors = together(tmp_path, settings)
    assert statuses == [2, -signal.SIGKILL]
    assert errors == [
        "Another of the 2 processes of this run died or cannot be reached; look at its "
        "machine, then go on with --resume."
    ]
    assert checkpoints(tmp_path)[-1][0] == 4


@pytest.mark.parametrize("rank", [0, 1])
def test_a_process_that_fails_says_why_and_the_other_nothing(rank: int, tmp_path: Path) -> None:
    statuses, errors = together(tmp_path, {"steps": 10_000, "fails": [rank, 3]})
    assert errors == ["The disk of this rank is gone."]
    assert statuses[rank] == 2 and statuses[1 - rank] == EXIT_AFTER_ANOTHER


def test_a_bad_loss_of_one_process_is_told_once_with_its_own_batch(tmp_path: Path) -> None:
    statuses, errors = together(tmp_path, {"steps": 10_000, "nan_video": "s3n2"})
    assert sorted(status or 0 for status in statuses) == [2, EXIT_AFTER_ANOTHER]
    (error,) = errors
    assert "The loss is nan in step 4, on drawn (videos s3n2, s3n3); no checkpoint" in error


def test_alone_counts_and_values_stay_as_they_are() -> None:
    counts = torch.tensor([3.0, 4.0])
    assert mean_over_ranks(counts) is counts
    crew = Team(0, 1, torch.device("cpu"))
    assert crew.leads and crew.sum([1.0]) == [1.0] and crew.gather("a") == ["a"]
    crew.meet()


def test_a_process_without_a_launcher_is_its_own_team(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("RANK", "WORLD_SIZE", "LOCAL_RANK"):
        monkeypatch.delenv(name, raising=False)
    with team("cpu") as crew:
        assert crew == Team(0, 1, torch.device("cpu"))


def test_one_process_has_nothing_to_shard() -> None:
    module = torch.nn.Linear(1, 1)
    replica = Replica(module, Team(0, 1, torch.device("cpu")), "fsdp")
    assert replica.forward is module and not replica.sharded


def test_a_single_number_cannot_be_sharded() -> None:
    module = torch.nn.Linear(1, 1)
    module.growth = torch.nn.Parameter(torch.zeros(()))
    with pytest.raises(TrainingError, match=r"growth is a single number.*engine\.sharding=none"):
        Replica(module, Team(0, 2, torch.device("cpu")), "fsdp")


def test_variables_that_are_no_numbers_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "two")
    with (
        pytest.raises(TrainingError, match=r"WORLD_SIZE is 'two', not a number; .*torchrun"),
        team(),
    ):
        pass


def test_a_missing_device_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("RANK", "WORLD_SIZE", "LOCAL_RANK"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    with pytest.raises(TrainingError, match=r"finds 0 GPUs; .*engine\.device=cpu"), team("cuda"):
        pass
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    with pytest.raises(TrainingError, match="no MPS device"), team("mps"):
        pass


def test_processes_that_cannot_meet_are_told_how(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setenv("RANK", "0")
    monkeypatch.delenv("MASTER_ADDR", raising=False)
    with (
        pytest.raises(TrainingError, match=r"2 processes of this run cannot meet .*torchrun"),
        team(),
    ):
        pass
