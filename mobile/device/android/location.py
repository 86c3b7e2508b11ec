"""Positions from Android's LocationManager: satellites, and the network until they are found."""

import threading

from android.permissions import Permission, check_permission, request_permissions
from jnius import PythonJavaClass, autoclass, java_method

from sync.messages import Location

_Activity = autoclass("org.kivy.android.PythonActivity")
_Context = autoclass("android.content.Context")
_Looper = autoclass("android.os.Looper")
_EVERY_MS, _EVERY_M = 2000, 1.0
_PROVIDERS = ("gps", "network")
_OLD_MS = 120_000


class _Listener(PythonJavaClass):
    """Android calls this on its main thread."""

    __javainterfaces__ = ["android/location/LocationListener"]  # noqa: RUF012
    __javacontext__ = "app"

    def __init__(self, locator: "SatelliteLocator") -> None:
        super().__init__()
        self._locator = locator

    @java_method("(Landroid/location/Location;)V")
    def onLocationChanged(self, location):  # type: ignore[no-untyped-def]  # noqa: N802
        self._locator.take(location)

    @java_method("(Ljava/lang/String;)V")
    def onProviderEnabled(self, provider):  # type: ignore[no-untyped-def]  # noqa: N802
        """Nothing to do: its positions will come."""

    @java_method("(Ljava/lang/String;)V")
    def onProviderDisabled(self, provider):  # type: ignore[no-untyped-def]  # noqa: N802
        """Nothing to do: the last position grows old by itself."""

    @java_method("(Ljava/lang/String;ILandroid/os/Bundle;)V")
    def onStatusChanged(self, provider, status, extras):  # type: ignore[no-untyped-def]  # noqa: N802
        """Called by old versions of Android only."""


class SatelliteLocator:
    """Listens while somebody wants positions. Android tells whether an app feeds false ones."""

    name = "卫星定位"

    def __init__(self) -> None:
        self._manager = _Activity.mActivity.getSystemService(_Context.LOCATION_SERVICE)
        self._listener: _Listener | None = None
        self._wanted = 0
        self._lock = threading.Lock()
        self._last: Location | None = None
        self._last_ms = 0
        self._last_provider = ""

    def last(self) -> Location | None:
        return self._last

    def start(self) -> None:
        with self._lock:
            self._wanted += 1
            if self._listener is not None:
                return
            if not check_permission(Permission.ACCESS_FINE_LOCATION):
                request_permissions([Permission.ACCESS_FINE_LOCATION], self._answered)
                return
            self._listen()

    def stop(self) -> None:
        with self._lock:
            self._wanted = max(0, self._wanted - 1)
            if self._wanted == 0 and self._listener is not None:
                self._manager.removeUpdates(self._listener)
                self._listener = None

    def take(self, location) -> None:  # type: ignore[no-untyped-def]
        """Keep a position, unless a satellite gave a better one a moment ago."""
        provider, moment_ms = str(location.getProvider()), int(location.getTime())
        fresh = moment_ms - self._last_ms < _OLD_MS
        if provider != "gps" and self._last_provider == "gps" and fresh:
            return
        self._last = Location(
            lat=float(location.getLatitude()),
            lon=float(location.getLongitude()),
            accuracy_m=float(location.getAccuracy()) if location.hasAccuracy() else None,
            provider=provider,
            mock=bool(location.isFromMockProvider()),
        )
        self._last_ms, self._last_provider = moment_ms, provider

    def _answered(self, _permissions: list[str], granted: list[bool]) -> None:
        with self._lock:
            if all(granted) and self._wanted and self._listener is None:
                self._listen()

    def _listen(self) -> None:
        self._listener = _Listener(self)
        for provider in _PROVIDERS:
            if self._manager.isProviderEnabled(provider):
                self._manager.requestLocationUpdates(
                    provider, _EVERY_MS, _EVERY_M, self._listener, _Looper.getMainLooper()
                )
