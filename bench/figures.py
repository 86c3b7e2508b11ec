"""What a measurement gives, and the table that they are printed in."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """One measured number. `aim` is what was hoped for, as text; empty where nothing was."""

    what: str
    value: float
    unit: str
    aim: str = ""


def percentile(values: list[float], share: float) -> float:
    """Return the value below which `share` (0 … 1) of `values` lie."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def as_table(figures: list[Figure]) -> str:
    """Return the figures as a Markdown table."""
    rows = [f"| {one.what} | {_shown(one.value)} {one.unit} | {one.aim} |" for one in figures]
    return "\n".join(["| what | measured | aim |", "| --- | --- | --- |", *rows])


def _shown(value: float) -> str:
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"
