"""The broker that the tests of this folder share. Its start begins when they are collected, for it takes a while."""

from collections.abc import Iterator

import pytest

from tests.integration.gateways.rabbit import MISSING, RabbitMQ, installed

_begun: list[RabbitMQ] = []


def pytest_collection_finish(session: pytest.Session) -> None:
    """Begin to start it, if any test asks for it."""
    wanted = any("rabbit" in getattr(item, "fixturenames", ()) for item in session.items)
    if wanted and installed() and not session.config.option.collectonly:
        _begun.append(RabbitMQ())
        _begun[-1].launch()


def pytest_sessionfinish() -> None:
    """End it also where no test came to ask for it."""
    while _begun:
        _begun.pop().close()


@pytest.fixture(scope="session")
def rabbit() -> Iterator[RabbitMQ]:
    """A running broker, shared. A test that stops it starts it again, and deletes what it declared."""
    if not installed():
        pytest.fail(MISSING, pytrace=False)
    broker = _begun[-1]
    broker.start()
    yield broker
    broker.close()
