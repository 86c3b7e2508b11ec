"""Many phones edit one shop front at the same moment, against the real server on both databases."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.server.device import iso, new_id
from tests.server.test_premises import SHOP
from tests.server.test_together import Caller, server  # noqa: F401  a fixture
from tests.server_process import ServerProcess

PHONES = 8


def change(n: int, kind: str, body: dict[str, Any], **more: Any) -> dict[str, Any]:
    shape = {"id": new_id(), "n": n, "kind": kind, "record_id": new_id(), "observed_at": iso()}
    return shape | {"body": body} | more


@pytest.fixture
def phones(server: ServerProcess) -> list[Caller]:  # noqa: F811
    return [Caller(server.url, "officer1") for _ in range(PHONES)]


def at_once(phones: list[Caller], shop: str, fields: list[dict[str, str]]) -> list[dict[str, Any]]:
    def edit(number: int) -> dict[str, Any]:
        body = {"set": fields[number]}
        one = change(9, "premises.update", body, record_id=shop, base_version=1)
        return phones[number].push([one])[0]

    with ThreadPoolExecutor(PHONES) as pool:
        return list(pool.map(edit, range(PHONES)))


def row_of(phone: Caller, shop: str) -> dict[str, Any]:
    cursor, found = None, {}
    while True:
        page = phone.pull(cursor, 2000)
        found = next((row for row in page["rows"] if row["id"] == shop), found)
        cursor = page["cursor"]
        if not page["more"]:
            return found


def registered(phone: Caller) -> str:
    new = change(1, "premises.register", SHOP)
    assert phone.push([new])[0]["outcome"] == "applied"
    return str(new["record_id"])


def test_of_eight_values_of_one_field_one_holds_and_seven_are_kept(phones: list[Caller]) -> None:
    shop = registered(phones[0])
    receipts = at_once(phones, shop, [{"name": f"名{number}"} for number in range(PHONES)])
    assert Counter(one["outcome"] for one in receipts) == {"applied": 1, "conflict": PHONES - 1}
    winner = next(place for place, one in enumerate(receipts) if one["outcome"] == "applied")
    row = row_of(phones[0], shop)
    assert (row["data"]["name"], row["version"]) == (f"名{winner}", 2)


def test_different_fields_set_at_once_all_hold(phones: list[Caller]) -> None:
    shop = registered(phones[0])
    names = ("name", "address", "trade", "operator_name", "operator_phone", "licence_no")
    fields = [{name: f"新{name}"} for name in names] + [{"status": "changed"}]
    fields.append({"name": "新name"})  # the same value twice is no conflict
    receipts = at_once(phones, shop, fields)
    assert "conflict" not in {one["outcome"] for one in receipts}
    data = row_of(phones[0], shop)["data"]
    assert {name: data[name] for name in names} == {name: f"新{name}" for name in names}
    assert data["status"] == "changed"
