"""Connecting to a real RabbitMQ: what is refused is named, over TLS too, and no password is ever shown."""

import asyncio
import logging
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from cybernetic.gateways import BrokerError, LoginRefused, Message, NoVhost, Unreachable
from cybernetic.gateways.broker.amqp.address import Tls
from cybernetic.gateways.broker.amqp.broker import AmqpBroker
from tests.integration.gateways.certificates import Authority
from tests.integration.gateways.rabbit import RabbitMQ

SECRET = "s3cret/of:all@times?#%"
QUOTED = "s3cret%2Fof%3Aall%40times%3F%23%25"


async def fails(broker: AmqpBroker, expected: type[BrokerError], *, late: bool = False) -> str:
    """What connecting is refused with: by itself, and (unless `late`) not because the time was over."""
    with pytest.raises(expected) as caught:
        await broker.connect()
    assert ("no answer within" in str(caught.value)) == late
    assert caught.value.__cause__ is None
    assert broker.url.rpartition("@")[2] in str(caught.value)
    return str(caught.value)


async def works(broker: AmqpBroker) -> None:
    session = await broker.connect("a name")
    assert session.blocked is None
    await session.ready()
    await session.close()
    assert session.ended.result() is None


async def test_a_wrong_password_is_a_refused_login(rabbit: RabbitMQ) -> None:
    assert "ACCESS_REFUSED" in await fails(AmqpBroker(rabbit.at("guest", "wrong")), LoginRefused)
    assert "ACCESS_REFUSED" in await fails(AmqpBroker(rabbit.at("nobody", "guest")), LoginRefused)


async def test_a_virtual_host_that_is_not_there_is_named(rabbit: RabbitMQ) -> None:
    assert "vhost nowhere" in await fails(AmqpBroker(rabbit.at(vhost="nowhere")), NoVhost)


async def test_a_virtual_host_that_is_not_for_this_user_is_refused(rabbit: RabbitMQ) -> None:
    rabbit.close_vhost("sealed/off")
    assert "refused for user" in await fails(AmqpBroker(rabbit.at(vhost="sealed%2Foff")), NoVhost)
    rabbit.allow("guest", "sealed/off")
    await works(AmqpBroker(rabbit.at(vhost="sealed%2Foff")))


@contextmanager
def deaf() -> Iterator[int]:
    """A port that nobody listens on, and nobody else can."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


async def test_where_nobody_listens_nothing_is_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    with deaf() as port:
        assert "Connect call failed" in await fails(AmqpBroker(f"amqp://127.0.0.1:{port}"), Unreachable)

    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)  # a real answer takes as long as the network likes
    said = await fails(AmqpBroker("amqp://host.invalid"), Unreachable)
    assert "no broker at amqp://host.invalid" in said
    assert "not known" in said


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "does not speak AMQP"),
        (b"AMQP\x00\x01\x00\x00", "does not speak AMQP"),
        (b"\x01\x00\x00\xff\xff\xff\xff" + bytes(64), "does not speak AMQP"),
        (b"", "unexpectedly closed"),
    ],
    ids=("http", "another version", "a frame too large", "nothing"),
)
async def test_what_does_not_speak_amqp_is_found_out(answer: bytes, said: str) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(8)  # what is not read would reset the connection
        writer.write(answer)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        assert said in await fails(AmqpBroker(f"amqp://127.0.0.1:{port}"), Unreachable)


async def test_who_never_answers_is_given_up() -> None:
    met, left = asyncio.Semaphore(0), asyncio.Semaphore(0)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        met.release()
        await reader.read()
        writer.close()
        left.release()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        broker = AmqpBroker(f"amqp://127.0.0.1:{port}", connect_timeout=0.2)
        assert "no answer within 0.2 s" in await fails(broker, Unreachable, late=True)
        await met.acquire()
        await left.acquire()
        patient = AmqpBroker(f"amqp://127.0.0.1:{port}", connect_timeout=60)
        connecting = asyncio.ensure_future(patient.connect())
        await met.acquire()
        connecting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await connecting
        await left.acquire()


async def test_the_password_is_read_anew_at_each_connect(
    rabbit: RabbitMQ, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rabbit.add_user("rotating", "first")
    url = f"amqp://rotating@127.0.0.1:{rabbit.port}"
    file = tmp_path / "password"
    by_file = AmqpBroker(url, password_file=file)
    assert f"expected a readable file, got: {file}: No such file" in await fails(by_file, LoginRefused)
    by_variable = AmqpBroker(url, password_env="BROKER_PASSWORD")
    assert "BROKER_PASSWORD" in await fails(by_variable, LoginRefused)
    file.write_text("first\n")
    file.chmod(0o644)
    assert f"chmod 600 {file}" in await fails(by_file, LoginRefused)
    file.chmod(0o600)
    monkeypatch.setenv("BROKER_PASSWORD", "first")
    await works(by_file)
    await works(by_variable)
    rabbit.set_password("rotating", "second")
    await fails(by_file, LoginRefused)
    file.write_text("second\n")
    await works(by_file)


async def test_no_password_is_ever_logged_or_shown(
    rabbit: RabbitMQ, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    rabbit.add_user("secretive", SECRET)
    broker = AmqpBroker(rabbit.at("secretive", QUOTED))
    session = await broker.connect()
    outlet = await session.outlet(lambda numbers, outcome: None)
    outlet.publish(Message(b"x", routing_key="nowhere"))
    await outlet.close()
    shown = [repr(broker), broker.url, repr(session), str(vars(broker))]
    await session.close()
    for wrong in (rabbit.at("secretive", QUOTED + "x"), rabbit.at("secretive", QUOTED, vhost="nowhere")):
        with pytest.raises(BrokerError) as caught:
            await AmqpBroker(wrong).connect()
        shown += [str(caught.value), repr(caught.value)]
    with deaf() as port, pytest.raises(Unreachable) as unreachable:
        await AmqpBroker(rabbit.at("secretive", QUOTED, port=port)).connect()
    shown += [str(unreachable.value), *(record.getMessage() + str(record.args) for record in caplog.records)]
    assert len(caplog.records) > 15
    assert any(record.name.startswith("aiormq") for record in caplog.records)
    assert not [text for text in shown if "s3cret" in text]


async def test_tls_with_certificates_on_both_sides_that_are_rotated(rabbit: RabbitMQ, tmp_path: Path) -> None:
    url = f"amqps://localhost:{rabbit.tls_port}"
    certificate, key = rabbit.authority.certify("client")
    mine, my_key = tmp_path / "mine.pem", tmp_path / "mine.key"
    broker = AmqpBroker(url, tls=Tls(rabbit.authority.ca, mine, my_key))
    assert "cannot be read" in await fails(broker, Unreachable)
    stranger, stranger_key = Authority(tmp_path / "stranger").certify("client")
    for rotated, rotated_key, fine in ((certificate, key, True), (stranger, stranger_key, False)):
        mine.write_bytes(rotated.read_bytes())
        my_key.write_bytes(rotated_key.read_bytes())
        if fine:
            await works(broker)
        else:
            await fails(broker, Unreachable)


async def test_a_broker_whose_certificate_is_not_the_expected_one_is_not_told_the_password(
    rabbit: RabbitMQ, tmp_path: Path
) -> None:
    certificate, key = rabbit.authority.certify("client2")
    url = f"amqps://localhost:{rabbit.tls_port}"
    other = Authority(tmp_path).ca
    said = await fails(AmqpBroker(url, tls=Tls(other, certificate, key)), Unreachable)
    assert "certificate verify failed" in said
    named = Tls(rabbit.authority.ca, certificate, key, server_name="another.example")
    assert "another.example" in await fails(AmqpBroker(url, tls=named), Unreachable)
    await fails(AmqpBroker(f"amqps://127.0.0.1:{rabbit.port}", tls=Tls(rabbit.authority.ca)), Unreachable)
