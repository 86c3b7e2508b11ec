"""The background thread that carries records, photos and pages between phone and server."""

import json
import logging
import sqlite3
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from random import Random

from mobile.device.connectivity import Network
from mobile.device.devices import Devices
from mobile.store.home import DeviceHome
from mobile.store.person_store import PersonStore
from mobile.store.summary import LAST_SYNC, NEXT_TRY
from mobile.store.times import as_text, from_text
from mobile.transfer.prefetch import fetch_wanted
from mobile.transfer.remote import HttpRemote
from mobile.transfer.rescued import push_rescued
from mobile.transfer.sign_in import known_person, remote_of
from mobile.version import APP_VERSION
from sync.errors import Refused
from sync.remote import LinkDown, ServerSaidNo, SignInNeeded
from sync.retry import FRESH, Patience, after_failure
from sync.round import Conditions, RoundReport, Step, run_round

MOBILE_PIECE = 256 * 1024
WIFI_PIECE = 4 * 1024 * 1024
EVERY = timedelta(minutes=5)
_TIDY_EVERY = timedelta(hours=6)
_LOW_BATTERY = 10
_PATIENCE = "patience"
_URGENT = frozenset({"asked", "connectivity", "resume", "start"})

_log = logging.getLogger(__name__)


class Phase(StrEnum):
    IDLE = "idle"  # all sent, or waiting for the next occasion
    OFFLINE = "offline"
    SENDING = "sending"  # records
    PHOTOS = "photos"
    RECEIVING = "receiving"
    WAITING = "waiting"  # a try failed; the next one is at `next_try_at`
    SIGN_IN_NEEDED = "sign_in_needed"
    REVOKED = "revoked"
    UPDATE_NEEDED = "update_needed"


@dataclass(frozen=True)
class CourierStatus:
    """`error` is a code of `sync.errors.CATALOGUE` (`no_connection` included), or None."""

    phase: Phase
    last_sync_at: datetime | None = None
    next_try_at: datetime | None = None
    error: str | None = None
    photo_bytes_left: int = 0


class Courier:
    """Single flight: one round at a time, another one after it when nudged meanwhile."""

    def __init__(
        self,
        home: DeviceHome,
        store: PersonStore,
        person_id: str,
        devices: Devices,
        random: Random | None = None,
        *,
        errands: Callable[[Callable[[], bool]], object] | None = None,
        yields_to: Callable[[], bool] = lambda: False,
    ) -> None:
        """`random` spreads the waits of many phones; a test passes a seeded one.

        `errands` is run after each round of the thread and is given what tells it to stop;
        `yields_to` is what tells this courier to stop sending photos, when it is itself an errand.
        """
        self._home, self._store, self._person_id = home, store, person_id
        self._devices = devices
        self._random = random or Random()
        self._errands, self._yields_to = errands, yields_to
        self._wake = threading.Condition()
        self._reasons: set[str] = set()
        self._stopping = False
        self._thread: threading.Thread | None = None
        self._unwritten: Patience | None = None
        self._listeners: list[Callable[[CourierStatus], None]] = []
        self._status = CourierStatus(Phase.IDLE, last_sync_at=from_text(store.note(LAST_SYNC)))

    @property
    def status(self) -> CourierStatus:
        return self._status

    def start(self) -> None:
        """Begin; the first round follows at once."""
        self._devices.connectivity.on_change(self._network_changed)
        self._thread = threading.Thread(target=self._work, name="courier", daemon=True)
        self.nudge("start")
        self._thread.start()

    def stop(self, timeout_s: float = 5.0) -> None:
        """End after the piece that is under way. What was not sent stays and goes next time."""
        with self._wake:
            self._stopping = True
            self._wake.notify_all()
        if self._thread is not None:
            self._thread.join(timeout_s)

    def nudge(self, reason: str) -> None:
        """Ask for a round soon (`start`, `resume`, `connectivity`, `new_record`, `asked`, `timer`).

        The person, a new network, and coming back to the app override the wait after a failed
        try; nothing overrides a wait that the server asked for.
        """
        with self._wake:
            self._reasons.add(reason)
            self._wake.notify_all()

    def on_status(self, listener: Callable[[CourierStatus], None]) -> None:
        """Call `listener` on the courier's thread at each change of status."""
        self._listeners.append(listener)

    def _network_changed(self, network: Network) -> None:
        if network is Network.NONE:
            self._show(Phase.OFFLINE)
        else:
            self.nudge("connectivity")

    def _work(self) -> None:
        while True:
            reasons = self._next_occasion()
            if self._stopping:
                return
            try:
                self.carry(reasons)
                if self._errands is not None:
                    self._errands(lambda: self._stopping or bool(self._reasons))
            except Exception:
                # The phone must go on syncing after whatever this was.
                _log.exception("a sync round ended in an error of our own")
                self._failed("server_error", None)

    def _next_occasion(self) -> frozenset[str]:
        """Wait for a nudge, the end of a wait, or the timer."""
        with self._wake:
            if not self._reasons and not self._stopping:
                self._wake.wait(self._seconds_to_wait())
            reasons = frozenset(self._reasons) or frozenset({"timer"})
            self._reasons.clear()
            return reasons

    def _seconds_to_wait(self) -> float:
        not_before = self._patience().not_before
        wait = EVERY if not_before is None else min(EVERY, not_before - self._now())
        return max(0.05, wait.total_seconds())

    def carry(self, reasons: frozenset[str]) -> None:
        """Do one round on the caller's thread, if the network and the last failure allow it."""
        if self._devices.connectivity.network() is Network.NONE:
            self._show(Phase.OFFLINE)
            return
        if not self._patience().allows(self._now(), asked=bool(reasons & _URGENT)):
            return
        remote = remote_of(self._home, self._devices, self._person_id)
        try:
            push_rescued(self._store, remote)
            report = run_round(self._store, remote, self._conditions())
            self._after_round(remote, report)
        except LinkDown as down:
            _log.info("no connection: %s", down)
            self._failed("no_connection", None)
        except ServerSaidNo as no:
            self._refused(no)
        except SignInNeeded:
            self._show(Phase.SIGN_IN_NEEDED, error="token_expired")
        except Refused as refused:
            self._show(Phase.UPDATE_NEEDED, error=refused.code)
        finally:
            remote.close()
            self._store.outbox.recover()

    def _after_round(self, remote: HttpRemote, report: RoundReport) -> None:
        self._renew_person()
        now = self._now()
        self._store.set_note(LAST_SYNC, as_text(now))
        self._status = replace(self._status, last_sync_at=now)
        if report.failure is not None:
            self._failed(report.failure.code, report.failure.retry_after)
            return
        self._keep_patience(FRESH)
        if report.unfinished:
            self.nudge("new_record")
        elif self._photos_allowed():
            fetch_wanted(self._store, remote, self._interrupted)
        if report.server_time is not None:
            self._tidy(report.server_time)
        self._show(Phase.IDLE)

    def _conditions(self) -> Conditions:
        on_wifi = self._devices.connectivity.network() is Network.WIFI
        return Conditions(
            app_version=APP_VERSION,
            photos_allowed=self._photos_allowed(),
            piece_bytes=WIFI_PIECE if on_wifi else MOBILE_PIECE,
            interrupted=self._interrupted,
            watch=lambda step: self._show(_PHASE_OF_STEP[step]),
        )

    def _photos_allowed(self) -> bool:
        network = self._devices.connectivity.network()
        if network is Network.MOBILE and self._home.setting("photos_on_wifi_only") == "yes":
            return False
        battery = self._devices.power.battery()
        return battery.charging or battery.percent >= _LOW_BATTERY

    def _interrupted(self) -> bool:
        """Say whether photos should pause: the app ends, the network went, a record was saved."""
        gone = self._devices.connectivity.network() is Network.NONE
        if self._stopping or gone or self._yields_to():
            return True
        self._show(Phase.PHOTOS)
        return "new_record" in self._reasons

    def _refused(self, no: ServerSaidNo) -> None:
        if no.code == "device_revoked":
            self._show(Phase.REVOKED, error=no.code)
        elif no.code == "unsupported_protocol":
            self._show(Phase.UPDATE_NEEDED, error=no.code)
        else:
            self._failed(no.code, no.retry_after)

    def _failed(self, code: str, retry_after: int | None) -> None:
        patience = after_failure(self._patience(), self._now(), self._random, retry_after)
        self._keep_patience(patience)
        self._show(Phase.WAITING, error=code)

    def _patience(self) -> Patience:
        if self._unwritten is not None:
            return self._unwritten
        text = self._store.note(_PATIENCE)
        if not text:
            return FRESH
        kept = json.loads(text)
        return Patience(kept["failures"], from_text(kept["not_before"]), kept["ordered"])

    def _keep_patience(self, patience: Patience) -> None:
        """Write down when to come back: a restart must not forget what the server asked for."""
        if patience == self._patience():
            return
        until = as_text(patience.not_before) if patience.not_before else None
        kept = {"failures": patience.failures, "not_before": until, "ordered": patience.ordered}
        try:
            with self._store.writing():
                self._store.set_note(_PATIENCE, json.dumps(kept))
                self._store.set_note(NEXT_TRY, until or "")
        except sqlite3.Error:
            # A full disk must not end the courier: it remembers by itself until there is room.
            _log.exception("the wait could not be written down")
            self._unwritten = patience
        else:
            self._unwritten = None

    def _renew_person(self) -> None:
        """Take over a change of name, roles or areas that the feed has brought."""
        row = self._store.replica.one("person", self._person_id)
        known = {person.id: person for person in self._home.people()}.get(self._person_id)
        if row is None or known is None:
            return
        renewed = known_person({"id": self._person_id, **row}, known.username)
        if renewed != known:
            self._home.renew_person(renewed)

    def _tidy(self, now: datetime) -> None:
        """Let go of what is old by the server's clock; the phone's may be years ahead."""
        last = from_text(self._store.note("tidied_at"))
        if last is None or abs(now - last) > _TIDY_EVERY:
            self._store.tidy(now)
            self._store.set_note("tidied_at", as_text(now))

    def _now(self) -> datetime:
        """The time set right by the server: what is kept for days outlives a wrong clock."""
        return self._devices.clock.read().now

    def _show(self, phase: Phase, error: str | None = None) -> None:
        status = CourierStatus(
            phase=phase,
            last_sync_at=self._status.last_sync_at,
            next_try_at=self._patience().not_before if phase is Phase.WAITING else None,
            error=error,
            photo_bytes_left=self._store.outbox.unsent_status().unsent_photo_bytes,
        )
        if status == self._status:
            return
        self._status = status
        for listener in list(self._listeners):
            listener(status)


_PHASE_OF_STEP = {
    Step.SENDING: Phase.SENDING,
    Step.RECEIVING: Phase.RECEIVING,
    Step.PHOTOS: Phase.PHOTOS,
}
