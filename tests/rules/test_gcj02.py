"""GCJ-02: the shift that was measured, and the way back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.areas.gcj02 import in_china, to_gcj02, to_wgs84
from server.areas.locating import distance_m

HUAIBEI = (33.955, 116.798)
latitudes = st.floats(min_value=18.5, max_value=53.0)
longitudes = st.floats(min_value=74.0, max_value=134.0)


def test_the_shift_at_huaibei_is_523_metres():
    """Source: standards §10, measured there with three libraries."""
    assert distance_m(*HUAIBEI, *to_gcj02(*HUAIBEI)) == pytest.approx(523, abs=1)


def test_a_known_point_is_shifted_north_west_or_east_as_published():
    """Source: the example of the eviltransform library (WGS-84 31.1774276, 121.5272106)."""
    assert to_gcj02(31.1774276, 121.5272106) == pytest.approx(
        (31.17530398364597, 121.531541859215), abs=1e-6
    )


@given(latitudes, longitudes)
def test_there_and_back_is_the_same_point_to_a_millimetre(lat, lon):
    assert distance_m(lat, lon, *to_wgs84(*to_gcj02(lat, lon))) < 0.001


@given(latitudes, longitudes)
def test_the_shift_is_some_hundred_metres(lat, lon):
    assert 1 < distance_m(lat, lon, *to_gcj02(lat, lon)) < 1200


@pytest.mark.parametrize("point", [(48.8584, 2.2945), (-33.86, 151.2), (0.0, 0.0)])
def test_outside_china_nothing_is_shifted(point):
    assert not in_china(*point)
    assert to_gcj02(*point) == point
    assert to_wgs84(*point) == point
