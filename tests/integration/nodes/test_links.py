"""Links over real sockets: Unix, TCP on loopback, TLS; and peers that are not what they should be."""

import asyncio
import socket
import stat
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from cybernetic.core import Chance
from cybernetic.nodes.errors import LinkRefused
from cybernetic.nodes.link import Link, LinkSettings, Listener, Secret, Tls, connect, parse_address
from cybernetic.nodes.link.handshake import MAGIC

SECRET = Secret.of("a secret of tests only")
KINDS = ["unix", "tcp", "tls"]


class Host:
    """A listener at a free address, and what it was told."""

    def __init__(self, kind: str, folder: Path, settings: LinkSettings | None = None) -> None:
        self.kind, self.folder, self.settings = kind, folder, settings or LinkSettings()
        self.links: asyncio.Queue[Link] = asyncio.Queue()
        self.refused: asyncio.Queue[str] = asyncio.Queue()

    async def __aenter__(self) -> "Host":
        tls = Tls.ephemeral(self.folder) if self.kind == "tls" else None
        where = f"unix:{self.folder}/socket" if self.kind == "unix" else "tcp:127.0.0.1:0"
        self.listener = await Listener.open(
            where,
            lambda: b"host",
            SECRET,
            lambda hello: None,
            self.links.put_nowait,
            self.settings,
            tls,
            refused=self.refused.put_nowait,
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        self.listener.close()
        await asyncio.sleep(0.05)

    async def call(self, secret: Secret = SECRET) -> Link:
        tls = Tls() if self.kind == "tls" else None
        return await connect(self.listener.address, b"caller", secret, settings=self.settings, tls=tls)

    async def raw(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        address = self.listener.address
        if self.kind == "unix":
            return await asyncio.open_unix_connection(str(address).removeprefix("unix:"))
        return await asyncio.open_connection("127.0.0.1", int(str(address).rpartition(":")[2]))


async def until(true: Callable[[], object]) -> None:
    while not true():
        await asyncio.sleep(0.005)


@pytest.mark.parametrize("kind", KINDS)
async def test_messages_small_and_large_arrive_in_order_and_the_end_is_told(
    kind: str, tmp_path: Path
) -> None:
    async with Host(kind, tmp_path) as host:
        here = await host.call()
        there = await host.links.get()
        got: list[bytes] = []
        ends: list[str] = []
        there.start(got.extend, ends.append)
        here.start(got.extend, ends.append)
        sent = [b"%d" % number for number in range(5000)] + [bytes(3_000_000), b"last"]
        for message in sent:
            here.send(message)
        here.close("enough")
        await until(lambda: len(ends) == 2)
        assert got == sent
        assert sorted(ends) == ["enough", "the peer closed the link: enough"]


@pytest.mark.parametrize("kind", KINDS)
async def test_a_wrong_secret_is_a_sentence_at_both_ends(kind: str, tmp_path: Path) -> None:
    async with Host(kind, tmp_path) as host:
        with pytest.raises(LinkRefused, match="secret"):
            await host.call(Secret.fresh())
        assert "secret" in await host.refused.get()
        link = await host.call()
        (await host.links.get()).abort("done")
        link.abort("done")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("said", [b"", MAGIC, MAGIC + b"\x01" + bytes(20)])
async def test_a_silent_or_truncated_peer_is_let_go_in_time(kind: str, said: bytes, tmp_path: Path) -> None:
    async with Host(kind, tmp_path, LinkSettings(handshake=0.3)) as host:
        reader, writer = await host.raw()
        writer.write(said)
        began = asyncio.get_running_loop().time()
        assert await host.refused.get()
        assert asyncio.get_running_loop().time() - began < 4  # usually 0.3; by default it takes 5
        try:
            await reader.read()
        except ConnectionError:
            pass
        writer.close()


@pytest.mark.parametrize("kind", KINDS)
async def test_another_version_and_random_bytes_are_refused_at_once(kind: str, tmp_path: Path) -> None:
    noise = Chance(7).stream("noise").randbytes(5000)
    async with Host(kind, tmp_path, LinkSettings(handshake=60.0)) as host:
        for said in (MAGIC + b"\x63" + bytes(32), noise, b"GET / HTTP/1.1\r\n\r\n"):
            _, writer = await host.raw()
            writer.write(said)
            why = await asyncio.wait_for(host.refused.get(), 30)
            if kind != "tls" and said.startswith(MAGIC):
                assert "version 1" in why
                assert "version 99" in why
            writer.close()
        link = await host.call()
        (await host.links.get()).abort("done")
        link.abort("done")


async def test_what_is_in_use_is_said_and_what_a_dead_process_left_is_taken(tmp_path: Path) -> None:
    async with Host("tcp", tmp_path) as host, Host("unix", tmp_path) as other:
        for taken in (host, other):
            with pytest.raises(LinkRefused, match="in use"):
                await Listener.open(taken.listener.address, lambda: b"", SECRET, lambda hello: None, print)
        path = tmp_path / "socket"
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert not path.exists()
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(path))
    async with Host("unix", tmp_path) as again:
        (await again.call()).abort("done")
        (await again.links.get()).abort("done")
    with pytest.raises(LinkRefused, match="No such file"):
        await connect(f"unix:{path}", b"", SECRET)


async def test_one_who_stands_between_with_a_certificate_of_its_own_proves_nothing(tmp_path: Path) -> None:
    (tmp_path / "host").mkdir()
    (tmp_path / "between").mkdir()
    async with Host("tls", tmp_path / "host") as host:
        port = int(str(host.listener.address).rpartition(":")[2])
        seen = bytearray()

        async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                while data := await reader.read(65536):
                    seen.extend(data)
                    writer.write(data)
            except OSError:
                pass
            writer.close()

        async def between(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            inside = await asyncio.open_connection("127.0.0.1", port, ssl=Tls().calling())
            await asyncio.gather(pump(reader, inside[1]), pump(inside[0], writer))

        context, _ = Tls.ephemeral(tmp_path / "between").listening()
        relay = await asyncio.start_server(between, "127.0.0.1", 0, ssl=context)
        relayed = relay.sockets[0].getsockname()[1]
        with pytest.raises(LinkRefused, match="channel was tampered with"):
            await connect(f"tcp:127.0.0.1:{relayed}", b"caller", SECRET, tls=Tls())
        assert "another channel" in await host.refused.get()
        assert MAGIC in seen
        assert b"caller" not in seen
        relay.close()
        await asyncio.sleep(0.1)


async def test_what_had_arrived_from_a_process_that_was_killed_comes_before_its_loss(tmp_path: Path) -> None:
    program = (
        "import asyncio, os, sys\n"
        "from cybernetic.nodes.link import connect, Secret\n"
        "async def main():\n"
        "    link = await connect(sys.argv[1], b'', Secret.of('a secret of tests only'))\n"
        "    for number in range(3000): link.send(b'%d' % number)\n"
        "    await asyncio.sleep(0.3)\n"
        "    os.kill(os.getpid(), 9)\n"
        "asyncio.run(main())\n"
    )
    async with Host("unix", tmp_path) as host:
        with subprocess.Popen([sys.executable, "-c", program, str(host.listener.address)]) as child:
            there = await host.links.get()
            child.wait()
            told: list[object] = []
            for _ in range(100):
                there.send(bytes(1000))  # to one who has gone: the error must not hide what came
            there.start(told.extend, told.append)
            await until(lambda: isinstance(told[-1:] and told[-1], str))
        assert told[:-1] == [b"%d" % number for number in range(3000)]
        assert "the peer has gone" in str(told[-1])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("turns", range(6))
async def test_who_is_about_to_be_let_in_when_a_listener_is_closed_is_sent_away_at_once(
    kind: str, turns: int, tmp_path: Path
) -> None:
    async with Host(kind, tmp_path) as host:
        _, _, port = str(host.listener.address).removeprefix("unix:").rpartition(":")
        with socket.socket(socket.AF_UNIX if kind == "unix" else socket.AF_INET) as caller:
            caller.setblocking(False)
            loop = asyncio.get_running_loop()
            await loop.sock_connect(caller, port if kind == "unix" else ("127.0.0.1", int(port)))
            for _ in range(turns):
                await asyncio.sleep(0)
            host.listener.close()
            with suppress(ConnectionResetError):
                async with asyncio.timeout(1):
                    while await loop.sock_recv(caller, 1000):
                        pass


def test_the_address_of_a_listener_can_be_parsed_again(tmp_path: Path) -> None:
    assert str(parse_address(f"unix:{tmp_path}/socket")) == f"unix:{tmp_path}/socket"
