"""The battery, read from Android's sticky broadcast."""

from jnius import autoclass

from mobile.device.power import Battery

_Activity = autoclass("org.kivy.android.PythonActivity")
_BatteryManager = autoclass("android.os.BatteryManager")
_Context = autoclass("android.content.Context")


class PhoneBattery:
    def battery(self) -> Battery:
        manager = _Activity.mActivity.getSystemService(_Context.BATTERY_SERVICE)
        percent = manager.getIntProperty(_BatteryManager.BATTERY_PROPERTY_CAPACITY)
        return Battery(int(percent), bool(manager.isCharging()))
