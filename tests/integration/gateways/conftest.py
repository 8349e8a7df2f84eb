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
def begun() -> Iterator[RabbitMQ]:
    """The broker, on its way."""
    if not installed():
        pytest.fail(MISSING, pytrace=False)
    yield _begun[-1]
    _begun[-1].close()


@pytest.fixture
def rabbit(begun: RabbitMQ) -> Iterator[RabbitMQ]:
    """A running broker, shared: no test finds what another has left."""
    begun.start()
    yield begun
    begun.reset()
