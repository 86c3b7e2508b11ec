"""Rebuild the app's fonts and icon table from their npm packages (needed only when they change).

    npm pack @expo-google-fonts/noto-sans-sc @mdi/font
    python scripts/fonts.py noto.tgz mdi.tgz

Writes into `mobile/ui/fonts`: text in GBK (personal names reach outside GB2312), headings in
GB2312, both with signs that the trade uses; icons cut to the names in `ICONS`.
"""

import json
import re
import sys
import tarfile
import tempfile
from pathlib import Path

from fontTools import subset  # type: ignore[import-untyped]

FONTS = Path(__file__).resolve().parent.parent / "mobile" / "ui" / "fonts"
WEIGHTS = {
    "text.ttf": ("400Regular/NotoSansSC_400Regular.ttf", "gbk"),
    "medium.ttf": ("500Medium/NotoSansSC_500Medium.ttf", "gb2312"),
    "bold.ttf": ("700Bold/NotoSansSC_700Bold.ttf", "gb2312"),
}
SIGNS = (
    (0x20, 0x17F), (0x2000, 0x206F), (0x20A0, 0x20C0), (0x2100, 0x214F), (0x2190, 0x21FF),
    (0x2200, 0x22FF), (0x2460, 0x24FF), (0x3000, 0x303F), (0x3380, 0x33DF), (0xFF00, 0xFFEF),
)  # fmt: skip
ICONS = """
    account-clock-outline account-group-outline account-outline alert-circle alert-circle-outline
    alert-outline arrow-left arrow-u-left-top backup-restore bell-outline broom calendar-clock
    camera camera-flip-outline camera-outline camera-plus-outline cellphone chart-bar check
    check-all check-bold check-circle check-circle-outline chevron-down chevron-right
    clipboard-check-outline clipboard-list clipboard-list-outline clipboard-search-outline
    clipboard-text-clock-outline clock-alert-outline clock-check-outline clock-outline close
    close-circle close-circle-outline cloud-alert-outline cloud-check-outline cloud-clock-outline
    cloud-off-outline cloud-upload-outline compare content-save-outline counter crosshairs-gps
    database-outline delete-outline domain dots-horizontal draw-pen eye eye-off-outline
    eye-outline file-document-edit-outline flash flash-outline format-size hammer-wrench history
    image-broken-variant image-multiple-outline image-outline image-plus inbox-outline
    information-outline key-outline layers-outline lock-outline login logout magnify map-marker
    map-marker-outline message-text-outline minus note-text-outline notebook-outline
    pause-circle-outline pencil-outline phone-outline plus progress-clock redo-variant refresh
    send-outline shape-outline shield-account-outline shield-check-outline sign-direction
    star-outline store-alert-outline store-clock-outline swap-horizontal sync sync-alert
    text-box-outline theme-light-dark timer-sand translate undo-variant upload-outline walk
    weather-night white-balance-sunny wifi wifi-off
""".split()  # noqa: SIM905


def characters(codec: str) -> set[int]:
    """Return every code point that a two-byte Chinese codec can say, with the signs added."""
    found = {code for first, last in SIGNS for code in range(first, last + 1)}
    for lead in range(0x81, 0xFF):
        for trail in range(0x40, 0xFF):
            try:
                found.update(map(ord, bytes([lead, trail]).decode(codec)))
            except UnicodeDecodeError:
                continue
    return found


def cut(source: Path, target: Path, wanted: set[int]) -> None:
    options = subset.Options()
    options.hinting = False
    options.layout_features = ["kern"]
    options.name_IDs = ["*"]
    options.notdef_outline = True
    font = subset.load_font(str(source), options)
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=wanted)
    cutter.subset(font)
    subset.save_font(font, str(target), options)


def unpack(archive: str, folder: Path) -> Path:
    with tarfile.open(archive) as tar:
        tar.extractall(folder, filter="data")
    return folder / "package"


def icon_codes(package: Path) -> dict[str, int]:
    css = (package / "css" / "materialdesignicons.css").read_text()
    known = dict(re.findall(r'\.mdi-([\w-]+)::before \{\s*content: "\\(\w+)"', css))
    return {name: int(known[name], 16) for name in sorted(set(ICONS))}


def main(text_archive: str, icon_archive: str) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        noto = unpack(text_archive, Path(scratch) / "noto")
        for name, (source, codec) in WEIGHTS.items():
            cut(noto / source, FONTS / name, characters(codec))
        (FONTS / "OFL.txt").write_text((noto / "LICENSE_FONT").read_text())
        mdi = unpack(icon_archive, Path(scratch) / "mdi")
        codes = icon_codes(mdi)
        cut(mdi / "fonts/materialdesignicons-webfont.ttf", FONTS / "icons.ttf", set(codes.values()))
        (FONTS / "icons-license.txt").write_text((mdi / "LICENSE").read_text())
        (FONTS / "icons.json").write_text(json.dumps(codes, indent=1) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
