"""A supervised counter that crashes and comes back: the program of the README."""

import asyncio

from cybernetic import Agent, CallFailed, Supervisor, System, child


class Counter(Agent):
    def __init__(self, start: int = 0) -> None:
        self.value = start

    def add(self, by: int = 1) -> int:  # public methods are what others may ask for
        self.value += by
        return self.value

    def divide(self, by: int) -> float:
        return self.value / by


class App(Supervisor):
    def children(self):
        return [child(Counter, 10, id="counter", name="counter")]


async def main():
    async with System() as system:
        await system.start(App)
        counter = system.named("counter", Counter)
        counter.cast(Counter.add, 5)  # fire and forget
        print(await counter.call(Counter.add, 1))
        try:
            await counter.call(Counter.divide, 0)  # crashes the counter
        except CallFailed as error:
            print(error.reason)
        print(await counter.call(Counter.add, 1))  # a new one answers to the name, and begins with 10


if __name__ == "__main__":
    asyncio.run(main())
