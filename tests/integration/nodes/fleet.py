"""The agents of the chaos test."""

import asyncio
from typing import Any, cast

from cybernetic import Agent, CallError, Down, Ref, Supervisor, child
from cybernetic.core import Chance

AGENTS = 300


class Echo(Agent):
    """Answers, and notes the numbers that each client casts."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.heard: dict[str, list[int]] = {}

    def echo(self, value: int) -> tuple[int, int]:
        return self.number, value

    def note(self, client: str, value: int) -> None:
        self.heard.setdefault(client, []).append(value)

    def noted(self, client: str) -> list[int]:
        return self.heard.get(client, [])


class Fleet(Supervisor):
    """Three hundred agents wherever there is work to be done."""

    max_restarts = 200
    max_seconds = 5.0

    def __init__(self, agents: int = AGENTS) -> None:
        self.agents = agents

    def children(self) -> Any:
        return [
            child(Echo, n, id=n, name=f"echo-{n}", requires=["work"], start_timeout=60.0)
            for n in range(self.agents)
        ]


class Client(Agent):
    """Calls and casts at random, and keeps account of what became of it."""

    def __init__(self, name: str, agents: int = AGENTS) -> None:
        self.me, self.agents = name, agents
        self.answered = 0
        self.failed: dict[str, int] = {}
        self.wrong: list[str] = []
        self.sent: dict[Ref[Any], int] = {}
        self.ended: dict[Ref[Any], Any] = {}
        self.running = True

    def setup(self) -> None:
        self.task(self.run())

    def receive(self, message: Any) -> None:
        if isinstance(message, Down):
            self.ended[cast("Ref[Any]", message.ref)] = message.reason

    def halt(self) -> None:
        self.running = False

    async def run(self) -> None:
        chance, turn = Chance(7).stream(self.me), 0
        while self.running:
            turn += 1
            name = f"echo-{chance.randrange(self.agents)}"
            ref = self.system.whereis(name, Echo)
            if ref is not None:
                if ref not in self.sent:
                    self.sent[ref] = 0
                    self.monitor(ref)
                for _ in range(3):
                    ref.cast(Echo.note, self.me, self.sent[ref])
                    self.sent[ref] += 1
            try:
                number, value = await self.system.named(name, Echo).call(Echo.echo, turn)
                if (f"echo-{number}", value) != (name, turn):
                    self.wrong.append(f"{name} answered {number}, {value} to {turn}")
                self.answered += 1
            except CallError as error:
                kind = f"{type(error).__name__} {type(getattr(error, 'reason', None)).__name__}"
                self.failed[kind] = self.failed.get(kind, 0) + 1
                await asyncio.sleep(0.01)

    async def settle(self) -> list[str]:
        """What is wrong with the casts: those to the living all arrived, in order; the others' end was told."""
        wrong = list(self.wrong)
        for ref, count in self.sent.items():
            if ref in self.ended:
                continue
            heard = await ref.call(Echo.noted, self.me)
            if heard != list(range(count)):
                wrong.append(f"{ref}: {count} casts, heard {len(heard)}: {heard[:5]}..{heard[-5:]}")
        return wrong

    def account(self) -> tuple[int, dict[str, int], int]:
        return self.answered, self.failed, len(self.ended)
