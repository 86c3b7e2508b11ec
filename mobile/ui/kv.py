"""Load the .kv file that lies beside a module, once, with the names that all of them use."""

from pathlib import Path

from kivy.lang import Builder, global_idmap

from mobile.ui.fonts import heading_face, icon
from mobile.ui.theme import theme
from mobile.ui.words import tr

global_idmap.update(theme=theme, tr=tr, icon=icon, heading_face=heading_face)
_loaded: set[str] = set()


def load_beside(module_file: str) -> None:
    """Load `name.kv` for `name.py`; a second call does nothing."""
    path = str(Path(module_file).with_suffix(".kv"))
    if path not in _loaded:
        _loaded.add(path)
        Builder.load_file(path, encoding="utf-8")
