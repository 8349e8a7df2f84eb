"""`cybernetic parked outbox`: what a gateway could not publish, with a real gateway and no socket in between."""

import asyncio
import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from cybernetic import System
from cybernetic.apps import main
from cybernetic.apps.commands import aside as command
from cybernetic.gateways import Gateway, MemoryBroker, Message, NoRoute, Publisher, Queue, Session, Topology
from cybernetic.testing import VirtualTimeLoop
from tests.apps.test_graph import Line


class Site:
    """What a test holds of a system with a gateway."""

    def __init__(self, runner: asyncio.Runner, session: Session) -> None:
        self.runner, self.session = runner, session

    def wait(self, seconds: float) -> None:
        self.runner.run(asyncio.sleep(seconds))

    def ready(self, queue: str) -> int:
        return self.runner.run(self.session.state(queue)).messages


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """A system whose gateway has set two messages aside: no queue takes them."""
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        system, broker = System(), MemoryBroker()
        runner.run(system.__aenter__())
        session = runner.run(broker.connect())

        async def start() -> None:
            await system.start(partial(Gateway, broker, tmp_path / "store.sqlite"))
            publisher = system.named("amqp.publisher", Publisher)
            for id in ("a", "\x1b[31mb"):
                with pytest.raises(NoRoute):
                    await publisher.call(Publisher.publish, Message(b"hello", routing_key="later", id=id))

        runner.run(start())
        for name, value in (("runner", runner), ("system", system)):
            monkeypatch.setattr(Line, name, value, raising=False)
        monkeypatch.setattr(command, "Client", Quick)
        monkeypatch.setattr(command, "find", lambda name: Line(name))
        yield Site(runner, session)
        runner.run(system.__aexit__(None, None, None))


class Quick(Line):
    """Asks without a limit of its own."""

    def ask(self, do: str, timeout: float = 5.0, **request: Any) -> Any:
        return super().ask(do, timeout, **request)


def test_what_was_set_aside_is_listed(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["parked", "outbox"]) == 0
    out = capsys.readouterr().out
    assert "no queue takes" in out.replace("\n", " ")
    assert "\x1b" not in out
    assert main(["parked", "outbox", "--json"]) == 0
    records = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(one["number"], one["body"], one["routing_key"]) for one in records] == [
        (1, "hello", "later"),
        (2, "hello", "later"),
    ]


def test_it_is_sent_after_all_or_dropped(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    site.runner.run(site.session.declare(Topology(queues=(Queue("later"),))))
    assert main(["parked", "outbox", "--restore", "1"]) == 0
    site.wait(1.0)
    assert site.ready("later") == 1
    assert main(["parked", "outbox", "--discard", "2", "7"]) == 1
    said = capsys.readouterr()
    assert said.out == "1 sent after all\n1 dropped\n"
    assert "not among what the outbox has set aside: 7" in said.err
    assert main(["parked", "outbox"]) == 0
    assert capsys.readouterr().out == "nothing was set aside\n"


def test_a_gateway_of_another_name_is_asked_for(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["parked", "outbox", "--gateway", "other"]) == 1
    assert "other.publisher" in capsys.readouterr().err
