"""`python -m tests.simulation`: run seeds and say what they met; replay one with its trace."""

import sys
import time
from collections import Counter

import click

from tests.simulation.many import run, run_in_parallel
from tests.simulation.world import print_line

REPLAY = "python -m tests.simulation --seed {seed} --trace"


def summary(seeds: int, faults: int, lost: int, doubled: int) -> str:
    return f"seeds {seeds}, faults {faults}, lost {lost}, doubled {doubled}"


def _run_many(first: int, seeds: int, processes: int) -> bool:
    faults: Counter[str] = Counter()
    changes = lost = doubled = 0
    good = True
    began = time.monotonic()
    for result in run_in_parallel(range(first, first + seeds), processes):
        faults.update({str(kind): number for kind, number in result.faults.items()})
        changes += result.changes
        lost += len(result.found.lost)
        doubled += len(result.found.doubled)
        if result.found:
            good = False
            print_line(f"seed {result.seed} failed; again: {REPLAY.format(seed=result.seed)}")
            for line in result.found.lines():
                print_line(f"  {line}")
    for kind, number in sorted(faults.items()):
        print_line(f"{kind:<32}{number:>9}")
    print_line(f"{changes} changes in {time.monotonic() - began:.0f} s")
    print_line(summary(seeds, sum(faults.values()), lost, doubled))
    return good


def _run_one(seed: int, *, trace: bool) -> bool:
    result = run(seed, say=print_line if trace else lambda _: None)
    for line in result.found.lines():
        print_line(line)
    print_line(f"trace {result.trace}")
    found = result.found
    print_line(summary(1, sum(result.faults.values()), len(found.lost), len(found.doubled)))
    return not found


@click.command()
@click.option("--seeds", default=200, help="how many seeds to run")
@click.option("--first", default=1, help="the first of them")
@click.option("--seed", default=None, type=int, help="run just this one")
@click.option("--trace", is_flag=True, help="print everything that happens in it")
@click.option("--processes", default=2, help="how many seeds run side by side")
def main(seeds: int, first: int, seed: int | None, trace: bool, processes: int) -> None:
    """Run the whole system in virtual time, with faults, and look for what was lost."""
    good = _run_many(first, seeds, processes) if seed is None else _run_one(seed, trace=trace)
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
