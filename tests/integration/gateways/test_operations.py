"""What operators do: stop a program, change its password, look at what is parked; with a foreign client beside it."""

import asyncio
import signal
import sqlite3
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

import pika
import pytest

from cybernetic.apps import main
from cybernetic.gateways import (
    AmqpBroker,
    Connection,
    Consumer,
    Gateway,
    Message,
    NotDeclared,
    Publisher,
    Queue,
    Retries,
    Topology,
    consume,
)
from cybernetic.runtime import LocalSystem
from tests.integration.gateways.accounts import ready, until
from tests.integration.gateways.foreign import deleted, numbered, publish
from tests.integration.gateways.rabbit import RabbitMQ

NONE = Retries(0)


class Refuse(Consumer):
    """Nothing can be done with any message."""

    def handle(self, delivery: Any, tx: Any) -> None:  # type: ignore[override]
        raise ValueError(f"no order {delivery.body.decode()}")


def by_pika(rabbit: RabbitMQ, queue: str, *bodies: bytes) -> None:
    """A foreign client publishes."""
    connection = pika.BlockingConnection(
        pika.URLParameters(rabbit.at().replace(f"{rabbit.port}", f"{rabbit.port}/%2F"))
    )
    channel = connection.channel()
    channel.confirm_delivery()
    for body in bodies:
        properties = pika.BasicProperties(message_id=body.decode(), delivery_mode=2)
        channel.basic_publish("", queue, body, properties, mandatory=True)
    connection.close()


def test_what_a_foreign_client_sent_in_vain_is_listed_shown_put_back_and_discarded(
    rabbit: RabbitMQ, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    queue = Queue("operated")

    async def consumed(*bodies: bytes) -> None:
        """Have a consumer refuse what there is, and what a foreign client sends."""
        async with LocalSystem() as system:
            work = [consume(Refuse, queue=queue, retries=NONE)]
            await system.start(partial(Gateway, AmqpBroker(rabbit.url), tmp_path / "in.sqlite", None, work))
            session = await AmqpBroker(rabbit.url).connect()
            await session.declare(Topology(queues=(queue,)))
            if bodies:
                await asyncio.to_thread(by_pika, rabbit, queue.name, *bodies)

            async def both_rest() -> bool:
                return await ready(session, "operated.parked") == 2

            await until(both_rest)
            await session.close()

    def parked(*arguments: str) -> tuple[int, str]:
        status = main(["parked", *arguments, "--amqp", f"amqp://guest@127.0.0.1:{rabbit.port}"])
        out = capsys.readouterr()
        return status, out.out + out.err

    monkeypatch.setenv("CYBERNETIC_AMQP_PASSWORD", "guest")
    monkeypatch.setenv("COLUMNS", "200")
    asyncio.run(consumed(b"17", b"18"))
    status, said = parked("list", queue.name)
    assert status == 0
    assert "17" in said
    assert "ValueError: no order 18" in said
    status, said = parked("show", queue.name, "17")
    assert status == 0
    assert "retries:     0" in said
    assert parked("requeue", queue.name, "17") == (0, "1 put back into operated\n")
    asyncio.run(consumed())  # and refused again
    status, said = parked("show", queue.name, "17")
    assert said.count("ValueError: no order 17") == 2
    assert "requeued" in said
    assert parked("discard", queue.name, "17")[0] == 0
    status, said = parked("discard", queue.name, "17", "18")
    assert status == 1
    assert "1 discarded" in said
    assert "not among the first 1000 that rest for operated: 17" in said
    assert parked("list", queue.name) == (0, "nothing rests for operated\n")
    status, said = parked("list", "nowhere")
    assert status == 1
    assert "nowhere.parked" in said


PROGRAM = """
import asyncio, sys
from functools import partial
from pathlib import Path
from cybernetic import Supervisor, child
from cybernetic.gateways import AmqpBroker, Consumer, Gateway, Queue, consume

TABLE = "CREATE TABLE IF NOT EXISTS effects (number INTEGER)"

class Slow(Consumer):
    async def handle(self, delivery, tx):
        print("begun", flush=True)
        while not Path({go!r}).exists():
            await asyncio.sleep(0.05)
        tx.execute("INSERT INTO effects VALUES (?)", (int(delivery.body),))

class App(Supervisor):
    def children(self):
        work = [consume(Slow, queue=Queue("drained", kind="classic"), prefetch=2)]
        return [child(partial(Gateway, AmqpBroker({url!r}), Path({file!r}), None, work, schema=[TABLE]), id="amqp")]
"""


def test_a_program_that_is_told_to_stop_finishes_what_it_began_and_gives_back_the_rest(
    rabbit: RabbitMQ, tmp_path: Path
) -> None:
    file, go = tmp_path / "store.sqlite", tmp_path / "go"
    (tmp_path / "program.py").write_text(PROGRAM.format(url=rabbit.url, file=str(file), go=str(go)))
    command = [str(Path(sys.executable).with_name("cybernetic")), "run", "program:App"]

    async def test(program: "subprocess.Popen[str]") -> None:
        session = await AmqpBroker(rabbit.url).connect()

        async def consumers(count: int) -> bool:
            try:
                return (await session.state("drained")).consumers == count
            except NotDeclared:
                return False

        assert program.stdout is not None
        await until(partial(consumers, 1))
        await asyncio.to_thread(by_pika, rabbit, "drained", b"1", b"2", b"3")
        assert [await asyncio.to_thread(program.stdout.readline) for _ in range(2)] == ["begun\n"] * 2
        program.send_signal(signal.SIGTERM)
        await until(partial(consumers, 0))  # it takes no more
        go.touch()
        assert await asyncio.to_thread(program.wait, 60) == 0

        async def given_back() -> bool:
            return await ready(session, "drained") == 1

        await until(given_back)
        await session.close()

    with subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as program:
        try:
            asyncio.run(test(program))
        finally:
            program.kill()
    with sqlite3.connect(file) as connection:
        effects = sorted(number for (number,) in connection.execute("SELECT number FROM effects"))
    assert effects == [1, 2]


def test_a_password_is_changed_while_messages_are_on_their_way(rabbit: RabbitMQ, tmp_path: Path) -> None:
    async def test() -> None:
        secret = tmp_path / "password"
        secret.touch(0o600)
        secret.write_text("first password")
        await asyncio.to_thread(rabbit.add_user, "rotator", "first password")
        broker = AmqpBroker(f"amqp://rotator@127.0.0.1:{rabbit.port}", password_file=secret)
        queue = Queue("rotated")
        async with LocalSystem() as system:
            await system.start(partial(Gateway, broker, tmp_path / "out.sqlite", Topology(queues=(queue,))))
            publisher = system.named("amqp.publisher", Publisher).within(60.0)
            sending = [
                publisher.request(Publisher.publish, Message(b"%d" % n, "", "rotated")) for n in range(500)
            ]
            await sending[0]  # there is a connection, by the first password
            await asyncio.to_thread(rabbit.set_password, "rotator", "second password")
            secret.write_text("second password\n")
            await system.named("amqp.out", Connection).within(60.0).call(Connection.renew)
            sending += [
                publisher.request(Publisher.publish, Message(b"%d" % n, "", "rotated")) for n in range(500)
            ]
            receipts = await asyncio.gather(*sending)
            assert all(receipt.confirmed for receipt in receipts)
            session = await AmqpBroker(rabbit.url).connect()
            assert (await session.state("rotated")).messages == 1000
            await session.close()

    asyncio.run(test())


class Slowly(Consumer):
    """Is done with its messages when it is told so."""

    def __init__(self, seen: list[int], go: asyncio.Event) -> None:
        self.seen, self.go = seen, go

    async def handle(self, delivery: Any, tx: Any) -> None:
        self.seen.append(int(delivery.body))
        await self.go.wait()


def test_what_is_being_handled_while_a_connection_is_renewed_is_not_delivered_again(
    rabbit: RabbitMQ, tmp_path: Path
) -> None:
    queue, seen = Queue("renewed"), list[int]()

    def connections() -> int:
        shown = rabbit.eval(
            'lists:flatten(io_lib:format("~p", [rabbit_networking:connection_info_all([client_properties])]))'
        )
        return shown.count('<<"amqp in">>') + shown.count('<<"amqp out">>')

    async def test() -> None:
        go = asyncio.Event()
        async with LocalSystem() as system:
            work = [consume(Slowly, seen, go, queue=queue, prefetch=10)]
            await system.start(partial(Gateway, AmqpBroker(rabbit.url), tmp_path / "in.sqlite", None, work))
            session = await AmqpBroker(rabbit.url).connect()
            await session.declare(Topology(queues=(queue,)))
            bare = numbered(range(20), prefix=None)  # without ids: nothing could tell them from others
            await asyncio.to_thread(publish, rabbit, queue.name, bare)
            await until(lambda: len(seen) >= 10)
            await until(lambda: connections() == 2)
            for way in ("in", "out"):
                await system.named(f"amqp.{way}", Connection).within(60.0).call(Connection.renew)
            await asyncio.sleep(0.3)
            assert connections() >= 3  # that through which they came is there until they are done
            go.set()
            await until(lambda: len(seen) >= 20)
            await until(lambda: connections() == 2)
            await asyncio.sleep(0.5)  # what the connection of before gave back would come by now
            assert sorted(seen) == list(range(20))
            assert (await session.state(queue.name)).messages == 0
            await session.close()

    asyncio.run(test())
    deleted(rabbit, queue.name)
