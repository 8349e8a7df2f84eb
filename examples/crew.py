"""Workers in processes of their own: one process is killed outright, and its workers come back elsewhere."""

import asyncio
import logging
import os
import signal

from cybernetic import Agent, Supervisor, System, child


class Worker(Agent):
    def __init__(self, number: int) -> None:
        self.number = number

    def work(self, task: int) -> str:
        return f"worker {self.number} did task {task}"


class Crew(Supervisor):
    def children(self):  # wherever a node offers "work"; `node="worker-1"` would ask for that one
        return [child(Worker, n, id=n, name=f"worker {n}", requires=["work"]) for n in range(4)]


async def main():
    async with System(nodes=2, capabilities={"work": True}) as system:
        crew = await system.start(Crew)
        before = {info.id: info.ref for info in await crew.call(Supervisor.which_children)}
        print(sorted({ref.node for ref in before.values()}))

        victim = system.whereis("worker 0")
        (pid,) = [node.pid for node in system.nodes if node.name == victim.node]
        gone = asyncio.ensure_future(system.wait(victim))
        os.kill(pid, signal.SIGKILL)
        print(await gone)

        while any(system.whereis(f"worker {n}") is None for n in range(4)):
            await asyncio.sleep(0.01)
        worker = system.named("worker 0", Worker)
        print(await worker.call(Worker.work, 7))


if __name__ == "__main__":  # the new processes import this file
    logging.basicConfig(level=logging.CRITICAL)
    asyncio.run(main())
