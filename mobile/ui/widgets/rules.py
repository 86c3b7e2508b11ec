"""Importing this makes every widget known to kv, whatever a page uses."""

from mobile.ui.widgets import (  # noqa: F401
    bars,
    buttons,
    facts,
    fields,
    photos,
    rows,
    sheets,
    surfaces,
    text,
    viewer,
)
