"""Photos on screen: always small upright copies, decoded off the UI thread."""

from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from kivy.clock import mainthread
from kivy.graphics.texture import Texture
from kivy.metrics import dp
from kivy.properties import (
    BooleanProperty,
    ListProperty,
    NumericProperty,
    ObjectProperty,
    StringProperty,
)
from kivy.uix.behaviors import ButtonBehavior
from kivy.uix.boxlayout import BoxLayout
from kivy.uix.floatlayout import FloatLayout
from PIL import Image, ImageOps, UnidentifiedImageError

from mobile.store.sealing import SealBroken, open_file
from mobile.ui.kv import load_beside
from mobile.ui.widgets import buttons as _buttons  # noqa: F401

_decoder = ThreadPoolExecutor(2, thread_name_prefix="pictures")
_CACHE_SIZE = 120
GAP = dp(8)
_textures: "OrderedDict[tuple[str, int], Texture]" = OrderedDict()


def _decode(path: str, edge: int) -> tuple[tuple[int, int], bytes] | None:
    try:
        with open_file(Path(path)) as file, Image.open(file) as picture:
            picture.draft("RGB", (edge, edge))
            upright = ImageOps.exif_transpose(picture).convert("RGB")
    except (OSError, SealBroken, UnidentifiedImageError):
        return None
    upright.thumbnail((edge, edge))
    return upright.size, upright.tobytes()


def _texture(size: tuple[int, int], pixels: bytes) -> Texture:
    texture = Texture.create(size=size, colorfmt="rgb")
    texture.blit_buffer(pixels, colorfmt="rgb", bufferfmt="ubyte")
    texture.flip_vertical()
    return texture


class Photo(FloatLayout):
    """A picture file, cut to fill its frame (or fitted into it with `whole`).

    `role_text` and `state_icon` lie on its corner; without a file a quiet picture sign is shown.
    """

    source = StringProperty("")
    edge = NumericProperty(320)
    whole = BooleanProperty(False)
    texture = ObjectProperty(None, allownone=True)
    cut = ObjectProperty(None, allownone=True)
    role_text = StringProperty("")
    missing_icon = StringProperty("image-outline")
    corner = NumericProperty(10)
    picture_opacity = NumericProperty(1)
    frame = ListProperty([0, 0, 100, 100])

    def on_source(self, *_: object) -> None:
        key = (self.source, int(self.edge))
        if key in _textures:
            _textures.move_to_end(key)
            self.texture = _textures[key]
            return
        self.texture = None
        if self.source and Path(self.source).exists():
            _decoder.submit(lambda: self._decoded(key, _decode(*key)))

    @mainthread
    def _decoded(self, key: tuple[str, int], decoded: tuple[tuple[int, int], bytes] | None) -> None:
        if decoded is None:
            self.missing_icon = "image-broken-variant"
            return
        texture = _textures[key] = _texture(*decoded)
        while len(_textures) > _CACHE_SIZE:
            _textures.popitem(last=False)
        if (self.source, int(self.edge)) == key:
            self.texture = texture

    def on_texture(self, *_: object) -> None:
        self.arrange()

    def on_size(self, *_: object) -> None:
        self.arrange()

    def on_pos(self, *_: object) -> None:
        self.arrange()

    def arrange(self) -> None:
        """Work out which part of the picture shows, and where."""
        texture, (width, height) = self.texture, self.size
        if texture is None or width < 1 or height < 1:
            self.cut = None
            self.frame = [*self.pos, width, height]
            return
        ratio = width / height
        if self.whole:
            scale = min(width / texture.width, height / texture.height)
            shown = texture.width * scale, texture.height * scale
            self.cut = texture
            self.frame = [self.center_x - shown[0] / 2, self.center_y - shown[1] / 2, *shown]
            return
        wide = min(texture.width, texture.height * ratio)
        high = min(texture.height, texture.width / ratio)
        left, low = (texture.width - wide) / 2, (texture.height - high) / 2
        self.cut = texture.get_region(left, low, wide, high)
        self.frame = [*self.pos, width, height]


class PhotoTile(ButtonBehavior, Photo):
    """A photo that opens when touched."""

    sha256 = StringProperty("")


class AddTile(ButtonBehavior, BoxLayout):
    """The empty place in a strip that opens the camera."""

    text = StringProperty("")


class PhotoStrip(BoxLayout):
    """Photos with a tile to take another. Set `photos` to `(sha256, path)` pairs."""

    photos = ListProperty([])
    columns = NumericProperty(4)
    can_add = BooleanProperty(True)
    add_text = StringProperty("")
    role_text = StringProperty("")
    __events__ = ("on_add", "on_photo")

    def on_add(self) -> None:
        """The person wants to take a photo."""

    def on_photo(self, sha256: str) -> None:
        """A photo was touched."""

    def on_kv_post(self, *_: object) -> None:
        for name in ("photos", "can_add", "add_text", "role_text"):
            self.fbind(name, lambda *_: self.fill())
        self.bind(width=lambda *_: self._measure())
        self.fill()

    def _measure(self) -> None:
        gaps = (self.columns - 1) * GAP
        edge = (self.width - gaps) / self.columns
        for tile in self.ids.grid.children:
            tile.size = (edge, edge)

    def fill(self) -> None:
        grid = self.ids.grid
        grid.clear_widgets()
        for sha256, path in self.photos:
            tile = PhotoTile(sha256=sha256, source=path or "", role_text=self.role_text)
            tile.bind(on_release=lambda tile: self.dispatch("on_photo", tile.sha256))
            grid.add_widget(tile)
        if self.can_add:
            add = AddTile(text=self.add_text)
            add.bind(on_release=lambda *_: self.dispatch("on_add"))
            grid.add_widget(add)
        self._measure()


load_beside(__file__)
