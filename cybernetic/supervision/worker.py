"""The agents that run tasks: one function, and they end (statements TK-1, TK-5 to TK-8)."""

from collections.abc import Callable
from inspect import isawaitable
from typing import Any

from cybernetic.core import Down, Ignore, Refusal, Refused, Shutdown, Stop, Token
from cybernetic.runtime import Agent, Ref
from cybernetic.supervision.outcome import Done, Failed


class TaskAgent(Agent):
    """Runs `function(*arguments)` once, and ends; what it raises is its crash.

    For fire and forget, under any supervisor: `child(TaskAgent, send_mail, "a@b.c", restart="temporary")`.
    A plain function runs on the event loop, so it must be quick; an async one may take its time.
    """

    def __init__(self, function: Callable[..., Any], *arguments: Any) -> None:
        self.function, self.arguments = function, arguments

    def setup(self) -> None:
        """Run the function right after the start."""
        self.continue_with(_run)


class OwnedTask(TaskAgent):
    """A task whose starter wants its result. It begins when the owner, having taken note of it, says so (TK-8)."""

    def __init__(
        self, starter: Ref[Any] | None, linked: bool, function: Callable[..., Any], *arguments: Any
    ) -> None:
        super().__init__(function, *arguments)
        self.starter = starter
        self._linked = linked
        self._watch: Token | None = None

    def setup(self) -> None:
        """Watch the owner, and link to it if that is wanted; without an owner there is nothing to do."""
        if self.starter is None:
            return
        if not self.system.alive(self.starter):
            raise Ignore
        self._watch = self.monitor(self.starter)
        if self._linked:
            self.link(self.starter)

    def receive(self, message: Any) -> None:
        """The owner has ended before it could say so."""
        if isinstance(message, Down):
            raise Stop(Shutdown())


async def _run(agent: TaskAgent) -> Any:
    """Run in a `TaskAgent`: the function."""
    value = agent.function(*agent.arguments)
    if isawaitable(value):
        value = await value
    agent.stop()
    return value


async def work(agent: OwnedTask) -> Done[Any] | Failed:
    """Run in an `OwnedTask`, for its owner: the function. A `Refusal` is an answer, not a crash."""
    if agent._watch is not None:
        agent.demonitor(agent._watch, flush=True)
    try:
        outcome: Done[Any] | Failed = Done(await _run(agent))
    except Refusal as error:
        error.__traceback__ = None
        outcome = Failed(Refused(error))
        agent.stop()
    if agent.starter is not None:
        agent.unlink(agent.starter)  # so that an owner that traps exits gets no message of a good end
    return outcome
