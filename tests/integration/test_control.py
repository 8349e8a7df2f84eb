"""The control socket with real connections: good ones, and such that mean harm."""

import asyncio
import contextlib
import json
import select
import socket
import stat
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from cybernetic import Agent, OptionError, System
from cybernetic.apps.control import server
from cybernetic.apps.control.client import Client, ControlError, find
from cybernetic.apps.control.lines import ASK, REQUEST_BYTES
from cybernetic.apps.control.server import CONNECTIONS, ControlServer
from cybernetic.nodes import make_run
from tests.integration.terminal import PATIENCE


class Echo(Agent):
    def say(self, value: Any) -> Any:
        return value

    def much(self, size: int) -> str:
        return "x" * size


@contextlib.asynccontextmanager
async def running(base: Path, name: str = "shop") -> AsyncIterator[tuple[Path, asyncio.Event]]:
    run = make_run(name, base)
    stop = asyncio.Event()
    try:
        async with System() as system:
            system.spawn(Echo, name="echo")
            async with ControlServer(system, run.path / ASK, name=run.name, stop=stop.set):
                yield run.path / ASK, stop
    finally:
        run.release()
        run.remove()


@pytest.fixture
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("r")
    found.chmod(0o700)
    return found


def asked(path: Path, do: str, **request: Any) -> Any:
    with Client(path) as client:
        return client.ask(do, **request)


async def said(path: Path, text: bytes) -> Any:
    """What the server answers to raw bytes before it closes: one line."""
    (answer,) = (await asyncio.to_thread(_heard, path, text)).splitlines()
    return json.loads(answer)


def _heard(path: Path, text: bytes) -> bytes:
    with socket.socket(socket.AF_UNIX) as caller:
        caller.settimeout(PATIENCE)
        caller.connect(str(path))
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # who has heard enough may hang up
            caller.sendall(text)
            caller.shutdown(socket.SHUT_WR)
        return _all_of(caller)


async def test_a_system_is_found_and_answers(base: Path) -> None:
    async with running(base) as (path, stop):
        found = await asyncio.to_thread(find, None, base)
        assert (found.name, found.path) == ("shop", path)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert (await asyncio.to_thread(asked, path, "describe"))["name"] == "shop"
        tree = await asyncio.to_thread(asked, path, "tree")
        assert [one["name"] for one in tree["trees"]] == ["echo"]
        rows = await asyncio.to_thread(asked, path, "top", by="reductions")
        assert (rows["agents"][0]["name"], rows["statistics"]["agents"]) == ("echo", 1)
        assert await asyncio.to_thread(asked, path, "call", name="echo", method="say", args=[[1, "a"]]) == [
            1,
            "a",
        ]
        big = await asyncio.to_thread(asked, path, "call", name="echo", method="much", args=[3_000_000])
        assert len(big) == 3_000_000
        with pytest.raises(ControlError, match="it has much, say"):
            await asyncio.to_thread(asked, path, "call", name="echo", method="sing")
        await asyncio.to_thread(asked, path, "stop")
        await stop.wait()
    assert not path.exists()
    with pytest.raises(ControlError, match="no system is running"):
        find(None, base)


async def test_several_systems_are_listed(base: Path) -> None:
    async with running(base, "one") as (first, _), running(base, "two"):
        with pytest.raises(ControlError, match=r"(?s)--system NAME.*one, pid \d+, since .*two, pid"):
            await asyncio.to_thread(find, None, base)
        assert find("one", base).path == first
        with pytest.raises(ControlError, match="did you mean two"):
            find("tow", base)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (b"hello\n", "expected a line of JSON"),
        (b"[]\n", "expected a JSON object"),
        (b'{"do": "describe"}', "expected a line with its end"),
        (b"\xff\xfe\n", "expected a line of JSON"),
        (b"x" * (REQUEST_BYTES + 1000), "bytes a line, got: more"),
        (b'{"do": "tre"}\n', "did you mean tree"),
        (b'{"do": ["tree"]}\n', "expected one of describe"),
        (b'{"do": "top", "n": -1}\n', "expected an integer >= 1"),
    ],
    ids=["text", "list", "broken off", "bytes", "long", "near", "odd", "number"],
)
async def test_nonsense_is_answered_and_harms_nobody(base: Path, text: bytes, says: str) -> None:
    async with running(base) as (path, _):
        assert says in (await said(path, text))["error"]
        assert (await asyncio.to_thread(asked, path, "describe"))["name"] == "shop"


async def test_one_connection_too_many_is_turned_away(base: Path) -> None:
    async with running(base) as (path, _):
        open_ones = [await asyncio.open_unix_connection(path) for _ in range(CONNECTIONS)]
        with pytest.raises(ControlError, match="at most 32 connections"):
            await asyncio.to_thread(asked, path, "describe")
        for _, writer in open_ones:
            writer.close()
        async with asyncio.timeout(PATIENCE):
            while True:  # until it has heard that they have gone
                with contextlib.suppress(ControlError):
                    assert (await asyncio.to_thread(asked, path, "describe"))["name"] == "shop"
                    return


async def test_who_says_nothing_is_cut_off(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "IDLE_SECONDS", 0.1)
    async with running(base) as (path, _):
        reader, writer = await asyncio.open_unix_connection(path)
        assert await asyncio.wait_for(reader.read(), PATIENCE) == b""
        writer.close()


async def test_who_does_not_read_is_cut_off(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "WRITE_SECONDS", 0.1)
    async with running(base) as (path, _):
        with socket.socket(socket.AF_UNIX) as slow:
            slow.connect(str(path))
            request = {"do": "call", "name": "echo", "method": "much", "args": [3_000_000]}
            slow.sendall(json.dumps(request).encode() + b"\n")
            assert await asyncio.to_thread(_hung_up, slow)
            assert len(await asyncio.to_thread(_all_of, slow)) < 3_000_000


def _hung_up(connection: socket.socket) -> bool:
    """Wait until the other end has hung up, without reading what it has said before."""
    poll = select.poll()
    poll.register(connection, 0)
    return bool(poll.poll(PATIENCE * 1000))


def _all_of(connection: socket.socket) -> bytes:
    taken = bytearray()
    with contextlib.suppress(ConnectionResetError):
        while part := connection.recv(1 << 16):
            taken += part
    return bytes(taken)


async def test_another_user_is_refused(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "peer_user", lambda writer: -5)
    async with running(base) as (path, _):
        assert "another" in (await said(path, b'{"do": "describe"}\n'))["error"]


async def test_a_directory_open_to_others_is_refused(base: Path) -> None:
    base.chmod(0o755)
    async with System() as system:
        with pytest.raises(OptionError, match="mode 0700"):
            await ControlServer(system, base / ASK, name="x", stop=print).__aenter__()
