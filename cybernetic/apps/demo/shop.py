"""The shop of the demonstration: three supervisors with a strategy each, and agents that count what they did."""

from collections.abc import Iterable
from typing import Any

from cybernetic.runtime import Agent
from cybernetic.supervision import Child, Supervisor, child


class Worker(Agent):
    """Does one piece of work for each cast, and breaks when it is told to."""

    def __init__(self) -> None:
        self.done = 0

    def work(self) -> int:
        """Do one piece; returns how many this one has done since it was started."""
        self.done += 1
        return self.done

    def trip(self) -> None:
        """Crash."""
        raise RuntimeError("tripped over a cable")


def _workers(*names: str) -> list[Child[Worker]]:
    return [child(Worker, id=name, name=name) for name in names]


class Packing(Supervisor):
    """Packers have nothing to do with each other: only the one that ends is restarted."""

    strategy = "one_for_one"
    max_restarts, max_seconds = 1000, 1.0

    def children(self) -> Iterable[Child[Any]]:
        """Six packers."""
        return _workers(*(f"packer-{i}" for i in range(1, 7)))


class Counter(Supervisor):
    """Cart and till share a sale: if one ends, both begin anew."""

    strategy = "one_for_all"
    max_restarts, max_seconds = 3, 1.0

    def children(self) -> Iterable[Child[Any]]:
        """The cart and the till."""
        return _workers("cart", "till")


class Stock(Supervisor):
    """Each is built upon the one before: if one ends, those after it begin anew."""

    strategy = "rest_for_one"
    max_restarts, max_seconds = 1000, 1.0

    def children(self) -> Iterable[Child[Any]]:
        """The database, its cache, the search."""
        return _workers("database", "cache", "search")


class Shop(Supervisor):
    """Everything."""

    strategy = "one_for_one"
    max_restarts, max_seconds = 1000, 1.0

    def children(self) -> Iterable[Child[Any]]:
        """The three departments."""
        return [
            child(Packing, id="packing", name="packing"),
            child(Counter, id="counter", name="counter"),
            child(Stock, id="stock", name="stock"),
        ]


STRATEGIES = {"packing": Packing.strategy, "counter": Counter.strategy, "stock": Stock.strategy}
TEAMS = {
    "packing": tuple(f"packer-{i}" for i in range(1, 7)),
    "counter": ("cart", "till"),
    "stock": ("database", "cache", "search"),
}
