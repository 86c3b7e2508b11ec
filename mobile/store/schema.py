"""The tables on the phone. A released migration is never edited; a change appends one.

Times are RFC 3339 text in UTC with microseconds, so that they sort as text; sizes are bytes.
"""

from mobile.store.database import Migration

DEVICE: tuple[Migration, ...] = (
    (
        "CREATE TABLE setting (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
        """CREATE TABLE person (
            id TEXT PRIMARY KEY, username TEXT NOT NULL UNIQUE, content TEXT NOT NULL,
            salt BLOB NOT NULL, password_hash BLOB NOT NULL, pin_salt BLOB, pin_hash BLOB,
            failures INTEGER NOT NULL DEFAULT 0, locked_until TEXT, seen_at TEXT NOT NULL)""",
    ),
    (
        """CREATE TABLE person_key (
            person_id TEXT NOT NULL, way TEXT NOT NULL, salt BLOB NOT NULL, wrapped BLOB NOT NULL,
            PRIMARY KEY (person_id, way)) WITHOUT ROWID""",
    ),
)

_ROWS = """(
    scope TEXT NOT NULL, entity TEXT NOT NULL, id TEXT NOT NULL, seq INTEGER NOT NULL,
    version INTEGER NOT NULL, data TEXT NOT NULL,
    state TEXT, due_at TEXT, actionable INTEGER NOT NULL DEFAULT 0,
    min_lat REAL, min_lon REAL, max_lat REAL, max_lon REAL,
    PRIMARY KEY (scope, entity, id)) WITHOUT ROWID"""

PERSON: tuple[Migration, ...] = (
    (
        "CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
        """CREATE TABLE draft (
            id TEXT PRIMARY KEY, kind TEXT NOT NULL, record_id TEXT NOT NULL,
            content TEXT NOT NULL, created_at TEXT NOT NULL, saved_at TEXT NOT NULL)""",
        """CREATE TABLE change (
            id TEXT PRIMARY KEY, n INTEGER NOT NULL UNIQUE, kind TEXT NOT NULL,
            record_id TEXT NOT NULL, previous TEXT, replaces TEXT, content TEXT NOT NULL,
            created_at TEXT NOT NULL, state TEXT NOT NULL, outcome TEXT, version INTEGER,
            error TEXT, acknowledged_at TEXT, reflected INTEGER NOT NULL DEFAULT 0)""",
        "CREATE INDEX change_by_state ON change (state, n)",
        "CREATE INDEX change_by_record ON change (record_id, n)",
        "CREATE INDEX change_by_age ON change (created_at)",
        """CREATE TABLE photo (
            sha256 TEXT PRIMARY KEY, path TEXT NOT NULL, thumb TEXT NOT NULL,
            screen TEXT, marked TEXT, caption TEXT, bytes INTEGER NOT NULL, type TEXT NOT NULL,
            state TEXT NOT NULL, stand_in INTEGER NOT NULL DEFAULT 0, created_at TEXT NOT NULL,
            upload_url TEXT, upload_offset INTEGER NOT NULL DEFAULT 0,
            restarts INTEGER NOT NULL DEFAULT 0, error TEXT, verified_at TEXT, removed_at TEXT)""",
        "CREATE INDEX photo_by_state ON photo (state, created_at)",
        """CREATE TABLE photo_use (
            change_id TEXT NOT NULL REFERENCES change (id) ON DELETE CASCADE,
            sha256 TEXT NOT NULL REFERENCES photo (sha256), record_id TEXT NOT NULL,
            role TEXT NOT NULL, position INTEGER NOT NULL,
            PRIMARY KEY (change_id, position)) WITHOUT ROWID""",
        "CREATE INDEX photo_use_by_photo ON photo_use (sha256)",
        "CREATE INDEX photo_use_by_record ON photo_use (record_id)",
        f"CREATE TABLE replica {_ROWS}",
        "CREATE INDEX replica_by_entity ON replica (entity, id)",
        "CREATE INDEX replica_to_do ON replica (due_at) WHERE actionable = 1",
        "CREATE INDEX replica_box ON replica (entity, min_lat, max_lat) WHERE min_lat IS NOT NULL",
        f"CREATE TABLE staging {_ROWS}",
    ),
    (
        # Changes that another device numbered, taken in from a rescue package. In `change` they
        # have negative places, so that this device's own numbers stay without gaps.
        """CREATE TABLE rescued (
            change_id TEXT PRIMARY KEY REFERENCES change (id) ON DELETE CASCADE,
            device_id TEXT NOT NULL, n INTEGER NOT NULL) WITHOUT ROWID""",
        "CREATE INDEX rescued_by_device ON rescued (device_id, n)",
    ),
)
