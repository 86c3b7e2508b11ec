"""A phone without its screens: home, devices, one person's store, and rounds on demand."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from mobile.capture.drafts import Draft, new_draft
from mobile.capture.evidence import take_in
from mobile.capture.finalise import finalise
from mobile.device.desktop.connectivity import SwitchedConnectivity
from mobile.device.devices import Devices, desktop_devices
from mobile.store.home import DeviceHome, KnownPerson
from mobile.store.person_store import PersonStore
from mobile.transfer.sign_in import remote_of, sign_in
from sync.bodies import Kind
from sync.messages import Change, Location, PhotoRole
from sync.round import Conditions, RoundReport, run_round

PASSWORD = "xuncheng-demo"
HERE = Location(27.1138, 114.9864, accuracy_m=8.0, provider="gps")
REPORT = {"category": "E09006", "description": "门前垃圾", "location": HERE.as_json()}


@dataclass
class Engine:
    home: DeviceHome
    devices: Devices
    person: KnownPerson
    store: PersonStore
    piece_bytes: int = 64 * 1024

    @property
    def network(self) -> SwitchedConnectivity:
        assert isinstance(self.devices.connectivity, SwitchedConnectivity)
        return self.devices.connectivity

    def now(self) -> datetime:
        return self.devices.clock.read().now

    def sync(self) -> RoundReport:
        """Run one round. Raises what the round raises."""
        remote = remote_of(self.home, self.devices, self.person.id)
        conditions = Conditions(
            app_version="1.0.0",
            photos_allowed=True,
            piece_bytes=self.piece_bytes,
            interrupted=lambda: False,
            watch=lambda _: None,
        )
        try:
            return run_round(self.store, remote, conditions)
        finally:
            remote.close()
            self.store.outbox.recover()

    def draft(self, kind: Kind, record_id: str | None, body: dict[str, Any]) -> Draft:
        return new_draft(self.store, kind, self.now(), record_id=record_id, body=body)

    def photograph(self, draft: Draft, picture: Path, role: PhotoRole) -> Draft:
        return draft.with_photo(take_in(self.store, picture, role, self.now(), HERE))

    def record(
        self,
        kind: Kind,
        body: dict[str, Any],
        *photos: tuple[Path, PhotoRole],
        case_id: str | None = None,
    ) -> Change:
        """Fill in a form, photograph, and save it."""
        draft = self.draft(kind, case_id, body)
        for picture, role in photos:
            draft = self.photograph(draft, picture, role)
        return finalise(self.store, draft, self.devices.clock.read())

    def report(self, *pictures: Path) -> Change:
        taken = [(picture, PhotoRole.BEFORE) for picture in pictures]
        return self.record(Kind.CASE_REPORT, REPORT, *taken)

    def report_without_check(self, picture: Path) -> Change:
        """Report before the catalogue has come: put into the outbox past the form's checks."""
        draft = self.photograph(
            self.draft(Kind.CASE_REPORT, None, REPORT), picture, PhotoRole.BEFORE
        )
        photos = tuple(photo.ref for photo in draft.photos)
        change = Change(
            draft.id, 0, draft.kind, draft.record_id, self.now().isoformat(), REPORT, photos=photos
        )
        return self.store.outbox.append(change, self.now())

    def close(self) -> None:
        self.store.close()
        self.home.close()


def signed_in(folder: Path, server: str, username: str, pictures: Path) -> Engine:
    """Return a new phone on which `username` has just signed in."""
    home = DeviceHome(folder)
    home.set_setting("server", server)
    devices = desktop_devices(home, pictures)
    person = sign_in(home, devices, username, PASSWORD).person
    return Engine(home, devices, person, home.open_person(person.id))


def reopened(engine: Engine) -> Engine:
    """Return the phone after its app was killed and started again."""
    home = DeviceHome(engine.home.folder)
    devices = desktop_devices(home, engine.home.folder)
    return Engine(home, devices, engine.person, home.open_person(engine.person.id))
