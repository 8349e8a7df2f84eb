"""Which event each figure of system 4 was measured at."""

from collections.abc import Iterable


class Sources:
    """A datum of system 4 is a tick: the last event in it names the datum, or the tick itself where nothing came.

    Args:
        path: of the level.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._coming: dict[tuple[str, str], str] = {}
        self._known: dict[str, dict[str, str]] = {}

    def came(self, figure: str, key: str, id: str) -> None:
        """An event that counts in the tick that is under way."""
        self._coming[figure, key] = id

    def measured(self, figure: str, key: str, id: str) -> None:
        """An event that is a datum by itself."""
        self._known.setdefault(figure, {})[key] = id

    def tick(self, number: int, **figures: Iterable[str]) -> None:
        """A tick is over, which is a datum of these figures, for each of their keys."""
        nothing = f"{self._path} tick {number}"
        for figure, keys in figures.items():
            for key in keys:
                self.measured(figure, key, self._coming.pop((figure, key), nothing))

    def known(self) -> dict[str, dict[str, str]]:
        """By figure and key."""
        return {figure: dict(keys) for figure, keys in self._known.items()}
