"""The gapless counter of a (device, person): which numbers are missing (pure)."""

from collections.abc import Iterable

Hole = list[int]  # [first, last], both missing
MOST_HOLES = 200  # a device that jumps about is broken; its row must not grow for ever


def note_counters(
    last_n: int, holes: Iterable[Hole], seen: Iterable[int]
) -> tuple[int, list[Hole]]:
    """Return the new highest number and the holes below it after `seen` have arrived.

    >>> note_counters(3, [], [4, 7])
    (7, [[5, 6]])
    """
    left = [list(hole) for hole in holes]
    for n in sorted(set(seen)):
        if n > last_n:
            if n > last_n + 1:
                left.append([last_n + 1, n - 1])
            last_n = n
        else:
            left = [part for hole in left for part in _without(hole, n)]
    return last_n, left[-MOST_HOLES:]


def _without(hole: Hole, n: int) -> list[Hole]:
    first, last = hole
    if not first <= n <= last:
        return [hole]
    return [part for part in ([first, n - 1], [n + 1, last]) if part[0] <= part[1]]
