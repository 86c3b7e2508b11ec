"""Devices of demo people, talking to the app in this process."""

import pytest
from flask import Flask

from tests.casework import Bureau
from tests.server.device import Device, signed_in


@pytest.fixture
def bureau(in_demo_app: Flask) -> Bureau:  # noqa: ARG001  its context is needed
    """The demo bureau at work on a Friday morning."""
    return Bureau()


@pytest.fixture
def officer(any_demo_app: Flask) -> Device:
    """`officer1` on a device of their own, once on SQLite and once on PostgreSQL."""
    return signed_in(any_demo_app.test_client(), "officer1")


@pytest.fixture
def demo_officer(demo_app: Flask) -> Device:
    """The same on SQLite alone, for what does not depend on the database."""
    return signed_in(demo_app.test_client(), "officer1")
