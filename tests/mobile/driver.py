"""One phone in a test: its folder, stand-ins for camera and network, and the app in a window."""

from datetime import UTC, datetime
from pathlib import Path

from mobile.device.connectivity import Network
from mobile.device.desktop.connectivity import SwitchedConnectivity
from mobile.device.devices import desktop_devices
from mobile.store.home import DeviceHome
from mobile.store.person_store import PersonStore
from mobile.ui.app import OfficerApp
from mobile.ui.hand import Hand
from mobile.ui.theme import theme
from mobile.ui.words import use_language
from tests.mobile.phone import PASSWORD, CaseOnPhone, put_rows


class Phone:
    """Start it, sign in, and drive it with `hand`. It has no network unless a test switches it."""

    def __init__(self, home: DeviceHome, camera: Path) -> None:
        self.home = home
        self.camera = camera
        self.devices = desktop_devices(home, camera)
        self.hand = Hand()
        self.app: OfficerApp | None = None
        self.switch(Network.NONE)

    def switch(self, network: Network) -> None:
        connectivity = self.devices.connectivity
        assert isinstance(connectivity, SwitchedConnectivity)
        connectivity.switch(network)

    # --- what the phone holds
    def store(self) -> PersonStore:
        """Open the person's store beside the app, as another process would."""
        return self.home.open_person(self.home.people()[0].id)

    def hold(self, *cases: CaseOnPhone) -> None:
        """Put cases on the phone, as a pull would."""
        store = self.store()
        put_rows(store, [case.row(datetime.now(UTC)) for case in cases])
        store.close()

    # --- the app
    def start(self) -> Hand:
        self.app = OfficerApp(self.home, self.devices)
        self.hand.start(self.app)
        self.app.pages.animated = False
        return self.hand

    def sign_in(self, password: str = PASSWORD) -> Hand:
        """Start the app and sign in as the person who used this phone last."""
        hand = self.start()
        hand.write(self.password_field(), password)
        hand.tap(lambda widget: getattr(widget, "icon_name", "") == "login")
        hand.wait(lambda: self.app and self.app.pages.current != "sign_in", what="to be let in")
        return hand

    def password_field(self):  # type: ignore[no-untyped-def]
        assert self.app is not None
        return self.app.pages.get_screen("sign_in").ids.password

    @property
    def page(self):  # type: ignore[no-untyped-def]
        assert self.app is not None
        return self.app.pages.current_screen

    def settle(self) -> None:
        """Wait until nothing is being read or saved."""
        desk = self.app.desk if self.app else None
        if desk is not None:
            self.hand.wait(
                lambda: not (desk.reading.pending or desk.writing.pending or desk.photos_coming),
                what="reading and saving to end",
            )
        self.hand.frames(4)

    def close(self) -> None:
        if self.app is not None:
            self.hand.close()
            self.app = None
        theme.dark, theme.scale = False, 1.0
        use_language("zh")
