"""What runs on two hosts for the bodies of tests/nodes: `... -m tests.integration.nodes.stages runs` and `offers`."""

import asyncio
import contextlib
import json
import os
import sys
import traceback
from collections.abc import Iterator
from typing import TextIO

from cybernetic import System
from tests.integration.nodes.bodies import FIRST, FURTHER, every
from tests.nodes.stage import FAR, HOSTS, MEETING, OTHER, Reaper
from tests.support import run_real


def runs() -> None:
    """The first host: of each line of input a body runs there; its id and what was wrong are a line of output."""
    with _output() as answers:
        bodies = {body.id: body for body in every((*FIRST, *FURTHER))}
        print(json.dumps(["", "ready"]), file=answers, flush=True)
        for line in sys.stdin:
            body, wrong = bodies[line.strip()], ""
            try:
                run_real(body.test(where=HOSTS, **body.given))
            except BaseException:
                wrong = traceback.format_exc()
            print(json.dumps([body.id, wrong]), file=answers, flush=True)


def offers() -> None:
    """The second host: it offers nodes to whoever runs on the first, until its input ends."""
    asyncio.run(_offer())


async def _offer() -> None:
    async with System(
        nodes=[FAR, OTHER],
        node="second",
        host="second",
        only_door=True,
        capabilities={"work": True},
        join=["tcp:{}:{}".format(*MEETING)],
    ) as system:
        system.spawn(Reaper, name="reaper")
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


@contextlib.contextmanager
def _output() -> Iterator[TextIO]:
    """The output as it was; whatever else is printed goes where errors go."""
    with os.fdopen(os.dup(1), "w") as answers:
        os.dup2(2, 1)
        yield answers


if __name__ == "__main__":
    {"runs": runs, "offers": offers}[sys.argv[1]]()
