"""What tests of gateways are given."""

import sqlite3

import pytest

from tests.gateways.agents.disk import Faulty


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> type[Faulty]:
    Faulty.heal()
    connect = sqlite3.connect
    monkeypatch.setattr(
        sqlite3, "connect", lambda *args, **more: connect(*args, **more | {"factory": Faulty})
    )
    return Faulty
