"""`cybernetic demo --nodes N` and `--amqp URL`: the company in real time; `k` kills one of its processes."""

import asyncio
import logging
import os
import sys
import tempfile
from collections import Counter, deque
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.text import Text

from cybernetic.apps.demo.frames import clock
from cybernetic.apps.demo.real.company import DATA, NAME, Acme, Merchants
from cybernetic.apps.demo.real.homes import Homes, OnNodes, OverBroker, kill
from cybernetic.apps.demo.real.office import Office
from cybernetic.apps.screen import Terminal, opened, shows, signs
from cybernetic.core import CallError, CyberneticError, Refusal
from cybernetic.gateways import BrokerError, Unreachable
from cybernetic.nodes import System
from cybernetic.observe import Look, Panorama, Recollection, draw, panorama
from cybernetic.vsm import ViableSystem, now

BEAT = 0.1  # seconds between two pictures
LOOK = 1.0  # seconds between two looks at the company
TAKES = "that takes some five seconds, on a busy machine up to a minute"
LAST = 20.0  # seconds for the ledger at the end
QUIT = ("q", "Q", "\x03", "\x04", "")


@dataclass(frozen=True, slots=True)
class Real:
    """How it is played.

    Attributes:
        nodes: how many, at least 1.
        amqp: a broker's address: divisions are programs of their own. Default None: they are on nodes.
        seconds: how long, where there is no terminal; a process is killed at a third and at two thirds of it.
        plain: lines of text also on a terminal.
    """

    nodes: int = 2
    amqp: str | None = None
    seconds: float = 15.0
    plain: bool = False


def play(options: Real, console: Console) -> int:
    """Play it; the exit status: 0 if every job was done and no ledger was overdrawn."""
    logging.root.addHandler(logging.NullHandler())
    logging.root.setLevel(logging.CRITICAL)  # also of the processes it makes: the picture shows what happens
    live = shows(console) and not options.plain
    with tempfile.TemporaryDirectory(prefix="cybernetic-demo-") as folder:
        os.environ[DATA] = folder
        Acme.data = Merchants.data = folder
        homes: Homes = OnNodes(options.nodes) if options.amqp is None else OverBroker(options.amqp, folder)
        try:
            if live:
                with opened(console) as terminal:
                    stage = Stage(homes, signs(console), terminal)
                    ended = asyncio.run(stage.play(options, terminal))
            else:
                stage = Stage(homes, signs(console), None)
                ended = asyncio.run(stage.play(options, None))
        except Unreachable as error:
            print(f"cybernetic: {error}: start one, or leave --amqp out", file=sys.stderr)
            return 1
        except (BrokerError, CyberneticError) as error:
            print(f"cybernetic: {error}", file=sys.stderr)
            return 1
        except KeyboardInterrupt:
            print("stopped", file=sys.stderr)
            return 130
    for line in ended.lines:
        console.print(line, highlight=False, soft_wrap=True)
    return 0 if ended.whole else 1


@dataclass(frozen=True, slots=True)
class Ended:
    """How it ended: lines to be told, and whether all was as it should be."""

    lines: list[str]
    whole: bool


class Stage:
    """The company on the stage: what is seen of it, and what is done to it."""

    def __init__(self, homes: Homes, look: Look, terminal: Terminal | None) -> None:
        self._homes, self._look, self._terminal = homes, look, terminal
        self._said: deque[str] = deque(maxlen=3)
        self._memory, self._seen = Recollection(), Panorama(0.0)
        self._turn, self._began = 0, 0.0
        self._told: Counter[str] = Counter()

    async def play(self, options: Real, terminal: Terminal | None) -> Ended:
        """From its first job to its last."""
        nodes = options.nodes if options.amqp is None else 0
        await self._homes.check()
        self._start(terminal)
        async with System(nodes=nodes) as system:
            self._began = now()
            office = Office(await self._homes.begin(system))
            self._say(f"three divisions live in {self._homes.where}")
            work = asyncio.create_task(office.work())
            watching = asyncio.create_task(self._watch(system, office))
            try:
                if terminal is None:
                    await self._by_script(system, office, options.seconds)
                else:
                    await self._by_keys(system, office, terminal)
            finally:
                office.close()
                watching.cancel()
            await work
            self._news(office)
            return await self._end(office)

    def _start(self, terminal: Terminal | None) -> None:
        """Say how long it will take."""
        said = f"starting {self._homes.where}"
        if terminal is None:
            print(f"{said}: {TAKES}", file=sys.stderr, flush=True)
        else:
            terminal.show(Text(f"\n  {said}:\n  {TAKES}\n\n  Ctrl-C ends it"))

    async def _by_script(self, system: System, office: Office, seconds: float) -> None:
        """A process is killed at a third, and at two thirds of the time."""
        for _ in range(2):
            await asyncio.sleep(seconds / 3.0)
            self._tell(office)
            self._strike(system, office)
        await asyncio.sleep(seconds / 3.0)
        self._tell(office)

    async def _by_keys(self, system: System, office: Office, terminal: Terminal) -> None:
        """Until somebody ends it."""
        while True:
            terminal.show(self._picture(office, terminal))
            await asyncio.sleep(BEAT)
            keys, _ = terminal.wait(0.0)
            if any(key in QUIT for key in keys):
                return
            for key in keys:
                if key in ("k", "K"):
                    self._strike(system, office)

    async def _watch(self, system: System, office: Office) -> None:
        """Look at the company, and say who is back."""
        while True:
            self._news(office)
            if self._terminal is not None and office.everywhere:
                try:
                    self._seen = self._memory.after(await panorama(system, NAME))
                except CallError:
                    pass  # the picture of before stays for a moment
            await asyncio.sleep(LOOK)

    def _news(self, office: Office) -> None:
        """Say who is back that was not when it was said last."""
        for id, tally in office.tallies.items():
            for away in tally.away[self._told[id] :]:
                self._say(f"{id} answers again after {away:.1f} s, in process {tally.pid}")
            self._told[id] = len(tally.away)

    def _strike(self, system: System, office: Office) -> None:
        """Kill the process of the next division."""
        processes = self._homes.processes(system)
        if not processes:
            self._say("there is no process to kill just now")
            return
        division, (home, pid) = sorted(processes.items())[self._turn % len(processes)]
        self._turn += 1
        if not kill(pid):
            return
        struck = [id for id, (_, other) in processes.items() if other == pid]
        for id in struck:
            office.struck(id)
        self._say(f"kill -9 {pid}: {home}, where {' and '.join(struck)} lived" if home else division)

    def _say(self, text: str) -> None:
        self._said.append(text)
        if self._terminal is None:
            print(text, flush=True)

    def _tell(self, office: Office) -> None:
        for line in _counts(office):
            print(line, flush=True)

    def _picture(self, office: Office, terminal: Terminal) -> Text:
        width, height = terminal.size
        head = [f"acme, in real time: {self._homes.where}   [k] kill a process  [q] quit"]
        lines = [*head, *_counts(office), *(list(self._said) + [""] * 3)[:3]]
        text = Text("\n".join(line[:width] for line in lines) + "\n", no_wrap=True)
        text.stylize("bold", 0, min(width, len(head[0])))
        left = height - len(lines)
        if not office.everywhere:
            text.append(f"\nstarting, for {now() - self._began:.0f} s so far: {TAKES}"[:width])
        elif width >= 80 and left >= 12:
            text.append_text(self._room(width, left))
        return text

    def _room(self, width: int, height: int) -> Text:
        """The operations room, with times since the company began."""
        memory, began = self._memory, self._began
        return draw(
            self._seen,
            width,
            height,
            look=self._look,
            trends=memory.trends,
            clock=lambda moment: clock(max(0.0, moment - began)),
        )

    async def _end(self, office: Office) -> Ended:
        """What came of it, and whether the ledger is right."""
        offered = sum(tally.offered for tally in office.tallies.values())
        done = sum(tally.done for tally in office.tallies.values())
        absences = [away for tally in office.tallies.values() for away in tally.away]
        ledgers = await _ledgers(office.company)
        right = all(one.committed <= one.grant for one in ledgers)
        lines = [f"{offered} jobs offered, {done} done, {offered - done} not done"]
        if absences:
            lines.append(f"killed and back {len(absences)} times, after {max(absences):.1f} s at most")
        lines.append(
            "spent, set aside and lent stay within what was granted" if right else "a ledger is overdrawn"
        )
        return Ended([*lines, *office.why[:5]], right and done == offered)


async def _ledgers(company: Any) -> list[Any]:
    """Those of system 3, which may have to come back first."""
    async with asyncio.timeout(LAST):
        while True:
            try:
                found = await company.call(ViableSystem.ledger)
            except (CallError, Refusal):
                await asyncio.sleep(BEAT)
            else:
                return list(found.purse.ledgers.values())


def _counts(office: Office) -> list[str]:
    return [
        f"  {id:<10} {tally.done:>5} of {tally.offered:>5} jobs done, {tally.failed} failed   "
        + (f"in process {tally.pid}" if tally.lost is None else "its process was killed")
        for id, tally in office.tallies.items()
    ]
