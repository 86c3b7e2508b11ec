"""`python -m bench [NAME …]`: measure what is named, or everything, and print a table."""

import os
import platform
import sys
from collections.abc import Callable

import click

from bench.app_start import measure_app_start
from bench.capture import measure_capture
from bench.crowds import measure_crowds
from bench.figures import Figure, as_table
from bench.photos import measure_photos
from bench.pushing import measure_pull, measure_push
from bench.slow_phones import measure_slow_phones
from bench.sweeping import measure_sweep
from bench.syncing import measure_bootstrap, measure_cuts, measure_delta, measure_wire

MEASUREMENTS: dict[str, Callable[[], list[Figure]]] = {
    "push": measure_push,
    "pull": measure_pull,
    "photos": measure_photos,
    "capture": measure_capture,
    "app-start": measure_app_start,
    "sweep": measure_sweep,
    "slow-phones": measure_slow_phones,
    "wire": measure_wire,
    "bootstrap": measure_bootstrap,
    "delta": measure_delta,
    "crowds": measure_crowds,
    "cuts": measure_cuts,
}


@click.command()
@click.argument("names", nargs=-1, type=click.Choice(list(MEASUREMENTS)))
def main(names: tuple[str, ...]) -> None:
    """Measure NAMES (default: everything) against the real parts and print a table."""
    figures: list[Figure] = []
    for name in names or MEASUREMENTS:
        click.echo(f"… {name}", err=True)
        figures += MEASUREMENTS[name]()
    version = platform.python_version()
    click.echo(f"Python {version}, {os.cpu_count()} cores, {platform.system()}\n")
    click.echo(as_table(figures))


if __name__ == "__main__":
    sys.exit(main(prog_name="python -m bench"))
