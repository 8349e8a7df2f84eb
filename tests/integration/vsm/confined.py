"""A level whose units have processes of their own, which may use so much only."""

import os
import time
from mmap import mmap
from pathlib import Path
from typing import Any, ClassVar

from cybernetic.supervision import Limits
from cybernetic.vsm import Operation, Outcome, Port, Quota, Task, ViableSystem, unit

MIB = 2**20
PAGE = 4096


async def outside(what: Any) -> Any:
    """Something to do."""
    return what


class Glutton(Operation):
    """Takes what the task says: so many bytes that it does not write to, or that it does; or a processor, once."""

    async def handle(self, task: Task) -> Outcome:
        """What came of it, and in which process."""
        said, wanted = "had it", task.body.get("bytes", 0)
        try:
            if wanted:  # not as a bytearray: that is written to, which would hold up its process for seconds
                with mmap(-1, wanted) as taken:
                    for at in range(0, wanted if task.body.get("write") else 0, PAGE):
                        taken[at] = 1
        except OSError:
            said = "no memory"
        once = task.body.get("burn")
        if once is not None and not Path(once).exists():
            Path(once).touch()
            while True:
                time.process_time()
        used = await self.use("outside", outside, task.id)
        return Outcome((os.getpid(), said), evidence=[used.receipt])


class Confined(ViableSystem):
    """Two units: one that may map a gibibyte and a half, one that may use three seconds of one."""

    ports: ClassVar[Any] = {"outside": Port()}
    human = ()

    def units(self) -> list[Any]:
        """Two, and one without limits."""
        return [
            unit(Glutton, id="small", isolate=Limits(address_space=1536 * MIB)),
            unit(Glutton, id="short", isolate=Limits(cpu_seconds=3)),
            unit(Glutton, id="free"),
        ]


class Caged(ViableSystem):
    """A unit with a quota of memory and processors."""

    ports: ClassVar[Any] = {"outside": Port()}
    human = ()

    def units(self) -> list[Any]:
        """One."""
        return [unit(Glutton, id="caged", isolate=True, quota=Quota(memory=256 * MIB, cpus=0.5))]
