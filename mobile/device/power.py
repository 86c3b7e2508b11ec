"""The battery port: the courier sends photos less eagerly when the battery is nearly flat."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Battery:
    percent: int
    charging: bool


class Power(Protocol):
    def battery(self) -> Battery: ...
