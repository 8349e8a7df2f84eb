"""The agent that tells when what nodes said to each other has arrived; by itself, for each process loads this file."""

from contextlib import suppress

from cybernetic import Agent, CallFailed, Ref


class Probe(Agent):
    """Asks another of its kind: the answer comes behind all that was said before on the way there and back."""

    def hello(self) -> None:
        """Nothing but an answer."""

    async def ask(self, other: Ref["Probe"]) -> None:
        with suppress(CallFailed):  # of a node that has gone
            await other.within(None).call(Probe.hello)
