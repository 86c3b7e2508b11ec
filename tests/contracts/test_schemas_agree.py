"""The fast decoder accepts and refuses exactly what the contract does, with equal results."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from server.ingest.decoding import decode_body, decode_change, decoder_of
from sync.errors import Malformed
from sync.schemas import BODY_SCHEMAS, ChangeSchema, StrictSchema, load

UUID = "01920000-0000-7000-8000-000000000001"
INSTANT = "2026-11-20T09:14:03+08:00"
EXAMPLES: dict[type[StrictSchema], dict[str, Any]] = {
    ChangeSchema: {
        "id": UUID,
        "n": 1041,
        "kind": "case.report",
        "record_id": UUID,
        "previous": None,
        "replaces": UUID,
        "base_version": 3,
        "schema": 1,
        "observed_at": INSTANT,
        "clock": {"offset_ms": -1830, "uptime_ms": 8412345, "synced_at": INSTANT},
        "body": {"anything": [1, {}]},
        "photos": [
            {
                "sha256": "a" * 64,
                "bytes": 1482213,
                "type": "image/jpeg",
                "role": "before",
                "finding": None,
                "taken_at": INSTANT,
                "lat": 27.1138,
                "lon": 114.9864,
                "accuracy_m": 8.0,
            }
        ],
    }
}
PLACE = {"lat": 27, "lon": 114.9, "accuracy_m": 8, "crs": "WGS84", "provider": "gps", "mock": False}
BODIES: dict[str, dict[str, Any]] = {
    "case.report": {
        "category": "E09006",
        "condition": "1",
        "description": "占道经营",
        "location": PLACE,
        "address": "井冈山大道",
        "quantity": "2.5",
        "unit_of_measure": "处",
        "area_m2": 3,
        "premises_id": UUID,
        "campaign_id": None,
        "handled_on_spot": True,
        "second_officer_id": UUID,
    },
    "case.verify": {"exists": True, "note": "", "location": PLACE},
    "case.check": {"result": "pass", "note": "好", "location": None},
    "case.handle": {"step": "done", "reason": "", "quantity": 2.5, "until": INSTANT, "note": ""},
    "patrol.record": {
        "started_at": INSTANT,
        "ended_at": INSTANT,
        "shift": "早班",
        "beat": UUID,
        "track": [[1, 27.1, 114.9, 8], [2.5, 27, 114, 0]],
        "log": [{}, {"at": INSTANT}],
    },
    "position.report": {"location": PLACE},
    "work.record": {
        "work_type": "posters",
        "object": "墙",
        "quantity": 12,
        "unit_of_measure": "张",
        "campaign_id": UUID,
        "note": "",
        "location": PLACE,
    },
    "premises.register": {
        "name": "老李面馆",
        "address": "井冈山大道 12 号",
        "trade": "餐饮",
        "location": PLACE,
        "operator_name": "李某",
        "operator_phone": "13000000001",
        "licence_no": "92360802MA00000001",
    },
    "premises.update": {
        "set": {
            "name": "老李面馆",
            "address": "",
            "trade": "餐饮",
            "location": PLACE,
            "operator_name": "王某",
            "operator_phone": "13000000002",
            "licence_no": "",
            "status": "closed",
        }
    },
    "change.withdraw": {"change_id": UUID, "reason": "误报"},
}
EXAMPLES |= {BODY_SCHEMAS[kind]: BODIES[str(kind)] for kind in BODY_SCHEMAS}

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**64 - 1),
    st.floats(allow_nan=True, allow_infinity=True),
    st.text(max_size=40),
    st.sampled_from(
        [
            0, 1, -1, 1.0, 90, 90.0, 90.0000001, -180, 180.5, 2**53, 2**63 - 1, 2**63, 1e300, 1e9,
            "", "0", "1.5", "-1", "1e5", "١", " 1", "\x00", "NaN", UUID, UUID.upper(), UUID[:-1],
            INSTANT, "2026-02-30T00:00:00Z", "2026-11-20T09:14:03", "2026-11-20 09:14:03Z",
            "2026-11-20T09:14:03.123456789Z", "0001-01-01T00:00:00+08:00", "A" * 64, "f" * 64,
            "before", "BEFORE", "pass", "done", "WGS84", "wgs84", "x" * 5000, [], {}, [1], [{}],
            [[1, 2, 3, 4]], [[1, 2, 3]], {"lat": 1, "lon": 2}, {"lat": "1", "lon": 2},
        ]
    ),
)  # fmt: skip
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=6,
)


def paths_of(example: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path] if path else []
    if isinstance(example, dict):
        return found + [p for key in example for p in paths_of(example[key], (*path, key))]
    if isinstance(example, list):
        return found + [p for at, one in enumerate(example) for p in paths_of(one, (*path, at))]
    return found


def changed(example: Any, path: tuple[Any, ...], value: Any, drop: bool) -> Any:
    copy = dict(example) if isinstance(example, dict) else list(example)
    if len(path) == 1:
        if drop:
            del copy[path[0]]
        else:
            copy[path[0]] = value
    else:
        copy[path[0]] = changed(copy[path[0]], path[1:], value, drop)
    return copy


def outcome(decode: Callable[[Any], Any], raw: Any) -> Any:
    try:
        return decode(raw)
    except (msgspec.ValidationError, Malformed):
        return None


@pytest.mark.parametrize("schema", EXAMPLES, ids=lambda schema: schema.__name__)
def test_the_example_is_accepted_and_decoded_alike(schema: type[StrictSchema]) -> None:
    fast = decoder_of(schema)(EXAMPLES[schema])
    assert fast == load(schema(), EXAMPLES[schema])


@pytest.mark.parametrize("schema", EXAMPLES, ids=lambda schema: schema.__name__)
def test_both_accept_and_refuse_alike(schema: type[StrictSchema]) -> None:
    example, decode, contract = EXAMPLES[schema], decoder_of(schema), schema()

    @settings(max_examples=250, deadline=None, suppress_health_check=list(HealthCheck))
    @given(data=st.data())
    def agree(data: st.DataObject) -> None:
        raw = example
        for _ in range(data.draw(st.integers(1, 2))):
            path = data.draw(st.sampled_from(paths_of(raw)))
            raw = changed(raw, path, data.draw(VALUES), data.draw(st.integers(0, 4)) == 0)
            if not paths_of(raw):
                break
        assert repr(outcome(decode, raw)) == repr(outcome(lambda it: load(contract, it), raw))

    agree()


@pytest.mark.parametrize("raw", [None, 5, "text", [], [{}], True])
def test_what_is_no_object_is_refused_by_both(raw: Any) -> None:
    for schema in EXAMPLES:
        assert outcome(decoder_of(schema), raw) is None
        assert outcome(lambda it, schema=schema: load(schema(), it), raw) is None


def test_every_kind_has_an_example() -> None:
    assert set(BODIES) == {str(kind) for kind in BODY_SCHEMAS}


def test_what_the_fast_decoder_refuses_is_refused_in_words() -> None:
    with pytest.raises(Malformed) as envelope:
        decode_change({"id": 5})
    assert envelope.value.fields["id"] == ["应为文本"]
    with pytest.raises(Malformed) as body:
        decode_body("case.report", {"category": "E09006", "location": {"lat": 91, "lon": 0}})
    assert body.value.code == "out_of_range"
    assert list(body.value.fields) == ["location.lat"]
