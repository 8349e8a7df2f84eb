"""Who is not of the run changes nothing: at Thespian's ports, at the control socket, as another run or version."""

import asyncio
import os
import pickle
import secrets
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from thespian.actors import ActorAddress, ActorExitRequest
from thespian.system.messages.admin import SystemShutdown
from thespian.system.transport.IPBase import TCPv4ActorAddress

from cybernetic.core import Chance
from cybernetic.nodes.errors import HostFailed
from cybernetic.nodes.host.control import SOCKET, Kind, Talk
from cybernetic.nodes.host.driver_actors import Begin
from cybernetic.nodes.host.driver_fence import Signed, arm
from cybernetic.nodes.host.port import HostEnded, NodeOrder, NodeUp
from cybernetic.nodes.host.process import ProcessHost
from tests.integration.nodes.watch import PATIENCE, WAITS, Watch, alive, gone, held_by, listening, port

KEY = bytes(range(32))


class Plain:
    """Signs nothing."""

    def dumps(self, value: Any) -> bytes:
        return pickle.dumps(value)


def _address(at: int) -> ActorAddress:
    """The address of an actor, or what claims to be one, at a port of loopback."""
    return ActorAddress(TCPv4ActorAddress("127.0.0.1", at))


def _frame(sender: int, message: Any, signer: Any) -> bytes:
    """A message as Thespian puts it on the wire."""
    data: bytes = signer.dumps((_address(sender), message))
    return b"%d>" % len(data) + data


def _send(to: int, frame: bytes, seconds: float = 0.3) -> bytes:
    """Send a frame to a port; what came back within so many seconds."""
    with socket.create_connection(("127.0.0.1", to), timeout=PATIENCE) as caller:
        caller.sendall(frame)
        caller.settimeout(seconds)
        try:
            return caller.recv(4096)
        except (TimeoutError, ConnectionResetError):
            return b""


def _ports(pids: list[int]) -> list[int]:
    return [port(address) for address in listening(pids).values()]


def _know_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    real = secrets.token_bytes
    monkeypatch.setattr(secrets, "token_bytes", lambda size: KEY if size == len(KEY) else real(size))


async def test_a_shutdown_and_a_sender_that_are_forged_are_ignored() -> None:
    async with Watch() as watch:
        up = await watch.node("one")
        before = watch.processes()
        (admin,) = (each for each in _ports([watch.admin]) if each not in _ports([up.pid]))
        with socket.create_server(("127.0.0.1", 0)) as attacker:
            attacker.settimeout(0.3)
            mine = attacker.getsockname()[1]
            (of_node,) = _ports([up.pid])
            for to in _ports(before):
                for sender in (mine, admin, of_node):
                    for message in (SystemShutdown(), ActorExitRequest()):
                        for signer in (Plain(), Signed(bytes(32))):
                            await asyncio.to_thread(_send, to, _frame(sender, message, signer))
            await watch.node("two")
            watch.host.end("one", 1)
            assert await watch.ended() == "its program ended"
            with pytest.raises(TimeoutError):
                attacker.accept()
        assert not watch.of(HostEnded)
        assert set(before) - set(alive(before)) == {up.pid}


async def test_the_same_shutdown_signed_with_the_key_of_the_run_ends_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _know_the_key(monkeypatch)
    async with Watch() as watch:
        await watch.node("one")
        (admin,) = _ports([watch.admin])
        await asyncio.to_thread(_send, admin, _frame(admin, SystemShutdown(), Signed(KEY)))
        await watch.until(lambda: watch.of(HostEnded))


async def test_a_beginning_sent_again_begins_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    _know_the_key(monkeypatch)
    async with Watch() as watch:
        up = await watch.node("one")
        (at,) = _ports([up.pid])
        again = Begin(NodeOrder("one", 1, WAITS), str(watch.host.directory), sys.path, os.getcwd())
        assert await asyncio.to_thread(_send, at, _frame(at, again, Signed(KEY)), PATIENCE)
        await asyncio.sleep(0.2)
        assert [type(each) for each in watch.news] == [NodeUp]
        assert len(list(Path(f"/proc/{up.pid}/task").iterdir())) == 2


async def test_two_systems_live_side_by_side_and_one_outlives_the_kill_of_the_other() -> None:
    async with Watch("same") as one, Watch("same") as two:
        ups = [await one.node("node"), await two.node("node")]
        assert one.host.directory != two.host.directory
        ports = [set(_ports(each.processes())) for each in (one, two)]
        assert not ports[0] & ports[1]
        os.kill(one.warden, signal.SIGKILL)
        await one.until(lambda: one.of(HostEnded))
        await one.host.close()
        await gone(lambda: alive([ups[0].pid]))
        assert alive([ups[1].pid])
        await two.node("more")
        assert [type(each) for each in two.news] == [NodeUp, NodeUp]


async def test_after_a_crash_of_a_whole_run_the_next_has_an_admin_of_its_own() -> None:
    async with Watch() as watch:
        await watch.node("one")
        first, directory = watch.processes(), watch.host.directory
        for pid in first:
            os.kill(pid, signal.SIGKILL)
        await watch.until(lambda: watch.of(HostEnded))
        watch.news.clear()
        async with Watch() as again:
            assert (await again.node("one")).pid not in first
            assert not set(first) & set(again.processes())
            assert again.host.directory != directory
        assert not watch.news


async def test_another_version_of_thespian_is_refused_by_both_numbers() -> None:
    host = ProcessHost("test", driver="tests.integration.nodes.strange")
    with pytest.raises(HostFailed, match=r"expected Thespian 4\.0\.1.* got: 4\.0\.2"):
        await host.open(lambda news: None)
    with pytest.raises(HostFailed, match="one that is not"):
        _ = host.directory


def test_a_short_key_is_refused_before_anything_is_changed(tmp_path: Path) -> None:
    with pytest.raises(Exception, match="expected a key of at least 32 bytes, got: 5"):
        arm(b"short", tmp_path / "log")


def _news(name: str) -> bytes:
    return Talk().pack(Kind.ENDED, {"name": name, "incarnation": 1, "how": "forged"})


STRANGE = {
    "a hello": Talk().pack(Kind.HELLO, {"pid": os.getpid()}),
    "news": Talk().pack(Kind.HELLO, {}) + _news("one"),
    "no body": Talk().pack(Kind.HELLO, [1]),  # type: ignore[arg-type]
    "random bytes": Chance(7).stream("strange").randbytes(5000),
    "an endless frame": Talk().pack(Kind.HELLO, {})[:-5] + b"\xff" * 4 + b"x" * 10_000,
    "silence": b"",
}


async def test_who_calls_at_the_control_socket_is_hung_up_on_whatever_it_says_or_not() -> None:
    async with Watch() as watch:
        await watch.node("one")
        for what, said in STRANGE.items():
            assert await _hung_up_on(watch.host.directory / SOCKET, said), what
        await watch.node("two")
        assert [type(each) for each in watch.news] == [NodeUp, NodeUp]


async def _hung_up_on(path: Path, said: bytes) -> bool:
    """Call and say something; whether the other end hangs up, and says nothing."""
    reader, writer = await asyncio.open_unix_connection(path)
    try:
        writer.write(said)
        return await asyncio.wait_for(reader.read(), PATIENCE) == b""
    except (ConnectionResetError, BrokenPipeError):
        return True
    except TimeoutError:
        return False
    finally:
        writer.close()


async def test_who_is_there_before_the_supervisor_does_not_become_it(monkeypatch: pytest.MonkeyPatch) -> None:
    callers: list[Any] = []
    start = subprocess.Popen

    def first_call(words: list[str], **options: Any) -> Any:
        caller = socket.socket(socket.AF_UNIX)
        caller.connect(options["env"]["_CYBERNETIC_RUN"] + f"/{SOCKET}")
        caller.sendall(STRANGE["a hello"])
        callers.append(caller)
        return start(words, **options)

    monkeypatch.setattr(subprocess, "Popen", first_call)
    async with Watch() as watch:
        await watch.node("one")
        (caller,) = callers
        with caller:
            caller.settimeout(PATIENCE)
            try:
                assert caller.recv(1) == b""
            except ConnectionResetError:
                pass
    assert not watch.of(HostEnded)


async def test_a_node_is_no_supervisor_and_no_key_is_in_sight() -> None:
    async with Watch() as watch:
        up = await watch.node("caller", "tests.integration.nodes.strange:calls_the_control_socket")
        assert up.address == "hung up"
        assert not [what for what in held_by(up.pid) if what.endswith(f"/{SOCKET}")]
