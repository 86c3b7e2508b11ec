"""Fetching pictures of cases on Today's list, so that a check can show them without a network."""

from collections.abc import Callable

from mobile.store.person_store import PersonStore
from mobile.store.photo_cache import cached_path, wanted_photos
from mobile.store.sealing import seal_file
from mobile.transfer.remote import HttpRemote
from sync.remote import ServerSaidNo


def fetch_wanted(store: PersonStore, remote: HttpRemote, interrupted: Callable[[], bool]) -> int:
    """Fetch what is missing until something more urgent comes; return how many pictures came.

    A picture that the server does not give (refused, still being opened) is passed over.
    """
    fetched = 0
    for sha256 in wanted_photos(store):
        if interrupted():
            break
        try:
            target = cached_path(store, sha256)
            fetched_file = target.with_suffix(".fetched")
            remote.fetch_photo(sha256, "screen", fetched_file)
            seal_file(fetched_file, target, store.seal)
        except ServerSaidNo as no:
            if no.status in (401, 429) or no.status >= 500:
                raise
        else:
            fetched += 1
    return fetched
