"""The simulator itself: it repeats, it finds planted mistakes, and the real thing passes it."""

import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.simulation.faults import ON_THE_WAY, Fault
from tests.simulation.many import run
from tests.simulation.planted import PLANTS

ROOT = Path(__file__).parents[2]
SEEDS = 200
_PART = 25
_ENOUGH = 25  # seeds in which each planted mistake must have shown itself


@pytest.mark.timeout(600)
@pytest.mark.parametrize("first", range(1, SEEDS + 1, _PART))
def test_nothing_is_lost_and_nothing_is_doubled(first: int) -> None:
    results = [run(seed) for seed in range(first, first + _PART)]
    bad = {f"--seed {one.seed} --trace": list(one.found.lines()) for one in results if one.found}
    assert bad == {}
    assert sum(one.changes for one in results) > 2 * _PART
    faults: Counter[Fault] = Counter()
    for one in results:
        faults.update(one.faults)
    assert len(faults.keys() & ON_THE_WAY.keys()) > len(ON_THE_WAY) / 2


@pytest.mark.parametrize("mistake", PLANTS)
def test_a_planted_mistake_is_found(mistake: str) -> None:
    found = (run(seed, PLANTS[mistake]).found for seed in range(1, _ENOUGH + 1))
    assert any(found)


def _replay(hash_seed: str) -> str:
    """Return what one seed prints in a process of its own."""
    command = [sys.executable, "-m", "tests.simulation", "--seed", "7", "--trace"]
    done = subprocess.run(
        command,
        cwd=ROOT,
        env={"PYTHONHASHSEED": hash_seed, "PATH": ""},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def test_the_same_seed_gives_the_same_trace() -> None:
    first = _replay("1")
    assert first == _replay("2")
    assert "trace " in first
    assert run(7).trace in first
    assert run(8).trace not in first


def test_the_command_ends_with_its_figures() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.simulation", "--seeds", "4", "--processes", "2"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    last = done.stdout.splitlines()[-1]
    assert last.startswith("seeds 4, faults ")
    assert last.endswith(", lost 0, doubled 0")
