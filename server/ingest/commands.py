"""Commands about what devices could not send by themselves."""

from pathlib import Path

import click
from flask import current_app
from flask.cli import with_appcontext

from server import clock
from server.config import Settings
from server.ingest.rescue import Report, import_package
from server.photos.store import photo_store
from server.photos.uploads import Place
from sync.messages import Receipt
from sync.rescue import Package


@click.command("import-rescue")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@with_appcontext
def import_rescue(file: Path) -> None:
    """Take in a rescue package: the unsent records and photos of a device, in one FILE.

    What is damaged is refused alone. The same file again does no harm. Ends with status 1 when
    anything was refused.
    """
    settings: Settings = current_app.extensions["xuncheng_settings"]
    place = Place(settings.home / "uploads", photo_store())
    with Package(file) as package:
        manifest = package.manifest
        click.echo(f"Made at {manifest.made_at} on device {manifest.device_id}.")
        report = import_package(package, place, clock.now())
    _print(report)


def _print(report: Report) -> None:
    for person, receipt in report.receipts:
        click.echo(f"{person.username}  {receipt.change_id}  {_answer(receipt)}")
    for path, code in report.refused.items():
        click.echo(f"refused  {path}  {code}")
    click.echo(
        f"records {len(report.receipts)}, photos {report.photos_taken} new and "
        f"{report.photos_known} held before, entries refused {len(report.refused)}"
    )
    if report.drafts:
        click.echo(f"drafts {report.drafts}: unfinished; a phone can go on with them")
    if report.refused:
        raise SystemExit(1)


def _answer(receipt: Receipt) -> str:
    first = receipt.first or {}
    error = receipt.error or first.get("error") or {}
    words = [str(receipt.outcome), str(first.get("outcome", "")), str(error.get("code", ""))]
    return " ".join(word for word in words if word)


commands: list[click.Command] = [import_rescue]
