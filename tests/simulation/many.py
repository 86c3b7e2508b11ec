"""Seeds in numbers: each process has its own ground, and what goes wrong in a seed stays there."""

import atexit
import os
import shutil
import tempfile
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from multiprocessing import get_context
from pathlib import Path

from tests.simulation.checks import Findings
from tests.simulation.deeds import everyday
from tests.simulation.world import REAL, Ground, Plant, Result, World, run_seed

_AT_ONCE = 20


def scratch() -> Path:
    """Return a folder for worlds, in memory where the machine has one there; gone at the end."""
    memory = Path("/dev/shm")
    base = memory if memory.is_dir() and os.access(memory, os.W_OK) else None
    folder = Path(tempfile.mkdtemp(prefix="xuncheng-simulation-", dir=base))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


@cache
def ground_of(plant: Plant = REAL) -> Ground:
    """Return this process's ground for worlds made of `plant`."""
    return Ground(scratch() / "ground", plant)


def run(
    seed: int,
    plant: Plant = REAL,
    act: Callable[[World], None] = everyday,
    say: Callable[[str], None] = lambda _: None,
) -> Result:
    """Run one seed; an error of any kind is a finding."""
    try:
        return run_seed(ground_of(plant), seed, act, say)
    except Exception:
        found = Findings(other=[traceback.format_exc(limit=-3)])
        return Result(seed, "", Counter(), 0, found)


def run_seeds(seeds: list[int]) -> list[Result]:
    return [run(seed) for seed in seeds]


def run_in_parallel(seeds: range, processes: int) -> Iterator[Result]:
    """Yield what came of the seeds, in their order."""
    parts = [list(seeds[at : at + _AT_ONCE]) for at in range(0, len(seeds), _AT_ONCE)]
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        for results in pool.map(run_seeds, parts):
            yield from results
