"""Which messages of the outbox came back from the broker, and how often: bookkeeping, without any acting."""


class Setbacks:
    """Messages that a full queue rejected, or whose queue was gone; by their numbers, until they are `over`."""

    def __init__(self) -> None:
        self._rejected: dict[int, int] = {}
        self._astray: dict[int, bool] = {}  # whether what it needs was declared since

    def __len__(self) -> int:
        """How many are known."""
        return len(self._rejected.keys() | self._astray.keys())

    def rejected(self, number: int) -> int:
        """A full queue rejects it; how often one did before."""
        times = self._rejected[number] = self._rejected.get(number, -1) + 1
        return times

    def astray(self, number: int) -> bool:
        """No queue takes it. Whether it is to wait until its queue is declared: it has not done so before."""
        if self._astray.get(number):
            return False
        self._astray[number] = False
        return True

    def declared(self) -> list[int]:
        """All that is to be there was declared: those that waited for it."""
        found = [number for number, since in self._astray.items() if not since]
        self._astray.update(dict.fromkeys(found, True))
        return found

    def over(self, number: int) -> None:
        """It was confirmed, or set aside."""
        self._rejected.pop(number, None)
        self._astray.pop(number, None)
