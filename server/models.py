"""Every table, imported once so that migrations and `create_all` see them all."""

from server.accounts import models as accounts
from server.areas import models as areas
from server.cases import models as cases
from server.catalog import models as catalog
from server.deadlines import models as deadlines
from server.feed import models as feed
from server.ingest import models as ingest
from server.photos import models as photos
from server.places import models as places
from server.worktime import models as worktime

__all__ = [
    "accounts",
    "areas",
    "cases",
    "catalog",
    "deadlines",
    "feed",
    "ingest",
    "photos",
    "places",
    "worktime",
]
