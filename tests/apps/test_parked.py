"""`cybernetic parked`: what it tells of parked messages, whatever strangers wrote on them, and what it puts back."""

import argparse
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from cybernetic.apps.commands import parked as command
from cybernetic.core import wall
from cybernetic.gateways import Author, Key, MemoryBroker, Message, Queue, Session, Topology, parking_queue
from cybernetic.gateways.consumer.ticket import TICKET, Ticket, ticketed
from cybernetic.gateways.envelope import pack

RED = "\x1b[31mred[bold]x[/]"
KEY = Key("november", "n" * 32, ["shop"])
KEYS = """
[keys.desk]
secret = "dddddddddddddddddddddddddddddddd"
paths = ["shop", "operator"]
purpose = "operator"
"""
WORK = {
    "list": command._list,
    "show": command._show,
    "requeue": command._requeue,
    "discard": command._discard,
}


@asynccontextmanager
async def broker() -> AsyncIterator[Session]:
    """A session with a broker that has a work queue and its parking queue."""
    there = await MemoryBroker().connect()
    await there.declare(Topology(queues=(Queue("work"), Queue(parking_queue("work")))))
    yield there
    await there.close()


async def park(session: Session, message: Message, reason: str = "failed", why: str = "no") -> None:
    ticket = Ticket("work", message.exchange, "work", wall()).noted(wall(), "parked", why, parked=reason)
    await publish(session, ticketed(message, ticket, None, "", "work.parked"))


async def publish(session: Session, message: Message) -> None:
    outlet = await session.outlet(lambda numbers, outcome: None)
    outlet.publish(message)
    await outlet.close()


async def run(session: Session, *words: str) -> int:
    """What the command does, without the connecting; its exit status."""
    parser = argparse.ArgumentParser()
    command.add(parser.add_subparsers())
    options = parser.parse_args(["parked", *words])
    return await WORK[words[0]](session, options)


async def ready(session: Session, queue: str) -> int:
    return (await session.state(queue)).messages


async def test_what_strangers_wrote_moves_no_cursor(capsys: pytest.CaptureFixture[str]) -> None:
    async with broker() as session:
        headers: dict[str, Any] = {"h\x1b": RED}
        await park(
            session, Message(f"{RED}\r\n\x07".encode(), headers=headers, id=RED), why=f"{RED}\nsecond line"
        )
        assert await run(session, "list", "work") == 0
        assert await run(session, "show", "work", RED) == 0
        assert await run(session, "show", "work", f"{RED}2") == 1
        said = capsys.readouterr()
        for text in (said.out, said.err):
            assert r"\x1b[31mred[bold]x[/]" in text.replace("\n", "").replace(" ", "")
            assert all(letter.isprintable() or letter == "\n" for letter in text)
        assert r"\nsecond line" in said.out


@pytest.mark.parametrize("time", ["1e20", "NaN", "Infinity", "-1e20", "253402300799", "9" * 400])
async def test_no_time_on_a_ticket_breaks_the_command(capsys: pytest.CaptureFixture[str], time: str) -> None:
    async with broker() as session:
        text = f'["work","","work",{time},0,"failed",0,[[{time},"parked","why"]]]'
        await publish(session, Message(b"x", "", "work.parked", {TICKET: text}, id="odd"))
        assert await run(session, "list", "work") == 0
        assert await run(session, "show", "work", "odd") == 0
        assert "odd" in capsys.readouterr().out


async def test_how_a_body_is_encoded_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    async with broker() as session:
        await park(session, Message(b"\x1f\x8b", id="z", content_encoding="gzip"))
        await run(session, "show", "work", "z")
        assert "encoding:    gzip" in capsys.readouterr().out


async def test_what_nobody_has_verified_says_so_and_is_put_back_only_by_its_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    async with broker() as session:
        keys = tmp_path / "keys.toml"
        keys.touch(0o600)
        keys.write_text(KEYS)
        good, bad = (pack(Author("n").write("pay", "shop", body), "", "work", KEY) for body in (b"a", b"b"))
        await park(session, good)
        await park(session, bad, "tampered")
        await run(session, "list", "work")
        lines = capsys.readouterr().out.splitlines()
        assert ["not verified" in line for line in lines[1:]] == [False, True]
        await run(session, "show", "work", bad.id)
        assert "doubt:       not verified: its signature was refused" in capsys.readouterr().out
        await run(session, "list", "work", "--json")
        records = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        assert [bool(record["doubt"]) for record in records] == [False, True]

        assert await run(session, "requeue", "work", "--all", "--keys", str(keys)) == 1
        said = capsys.readouterr()
        assert said.out == "1 put back into work\n"
        assert f"1 not put back, for nobody has verified who sent it: {bad.id}; --forged ID" in said.err
        assert await run(session, "requeue", "work", bad.id, "--keys", str(keys)) == 1
        assert await ready(session, "work") == 1
        assert await run(session, "requeue", "work", "--forged", bad.id, "--keys", str(keys)) == 0
        assert (await ready(session, "work"), await ready(session, "work.parked")) == (2, 0)
        assert await run(session, "requeue", "work", "--forged", "nobody", "--keys", str(keys)) == 1
        assert "nobody" in capsys.readouterr().err


async def test_all_are_put_back_or_dropped(capsys: pytest.CaptureFixture[str]) -> None:
    async with broker() as session:
        for id in ("a", "b"):
            await park(session, Message(b"x", id=id))
        assert await run(session, "requeue", "work", "a") == 0
        assert await run(session, "discard", "work", "--all") == 0
        assert capsys.readouterr().out == "1 put back into work\n1 discarded\n"
        assert (await ready(session, "work"), await ready(session, "work.parked")) == (1, 0)
        with pytest.raises(SystemExit):
            await run(session, "requeue", "work")
