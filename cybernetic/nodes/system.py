"""`System`, as programs use it."""

from typing import Literal

from cybernetic.core import flag
from cybernetic.nodes.transfer import Transfer
from cybernetic.runtime import LocalSystem


class System(LocalSystem):
    """Runs agents on the running event loop, from `async with System() as system:` to the end of the block.

    At the end everything is stopped: trees in reverse order of their start, then what else still runs.

    Args:
        check_transfer: encode and decode every message, also between agents of one process, so that a program that
            works is ready for many: values arrive as copies, and one that could not travel raises `CannotTravel` at
            the line that sends it. It costs time; meant for tests. Default False.
        watchdog: seconds a handler may hold the event loop before a warning names it; None: no watchdog. Left
            out: 0.1 on a loop with real time, none on one with virtual time.
        seed: where the chance of this run begins (back-off jitter); None: the loop's `seed`, if it is a virtual-time
            loop, else one from the operating system. Readable afterwards as `system.chance.seed`.
        tune_gc: let the garbage collector run less often while the system runs: programs with very many agents
            are faster, and their garbage is collected later. Default False.
        inline: take the first step of async handlers without a task of their own, where this Python allows it.
            Default True; False is slower and uses no private names of asyncio.

    Raises:
        SystemStopped: from the block, when a permanent tree has ended by itself; it carries the tree's reason.
    """

    def __init__(
        self,
        *,
        check_transfer: bool = False,
        watchdog: float | Literal["auto"] | None = "auto",
        seed: int | None = None,
        tune_gc: bool = False,
        inline: bool = True,
    ) -> None:
        transfer = Transfer().copy if flag("check_transfer", check_transfer) else None
        super().__init__(transfer=transfer, watchdog=watchdog, seed=seed, tune_gc=tune_gc, inline=inline)
