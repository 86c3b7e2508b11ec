"""A desk has no battery that could go flat."""

from mobile.device.power import Battery


class MainsPower:
    def battery(self) -> Battery:
        return Battery(percent=100, charging=True)
