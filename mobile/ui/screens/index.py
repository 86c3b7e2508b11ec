"""All pages by name; the only place that knows them all."""

from mobile.ui.pages import Page
from mobile.ui.screens.case import CasePage
from mobile.ui.screens.category import CategoryPage
from mobile.ui.screens.check import CheckPage
from mobile.ui.screens.duty import DutyPage
from mobile.ui.screens.handle import HandlePage
from mobile.ui.screens.me import MePage
from mobile.ui.screens.password import PasswordPage
from mobile.ui.screens.record import RecordPage
from mobile.ui.screens.records import RecordsPage
from mobile.ui.screens.report import ReportPage
from mobile.ui.screens.sign_in import SignInPage
from mobile.ui.screens.sync import SyncPage
from mobile.ui.screens.today import TodayPage
from mobile.ui.screens.verify import VerifyPage

PAGES: dict[str, type[Page]] = {
    "sign_in": SignInPage,
    "today": TodayPage,
    "records": RecordsPage,
    "sync": SyncPage,
    "me": MePage,
    "report": ReportPage,
    "category": CategoryPage,
    "verify": VerifyPage,
    "check": CheckPage,
    "handle": HandlePage,
    "case": CasePage,
    "record": RecordPage,
    "duty": DutyPage,
    "password": PasswordPage,
}
