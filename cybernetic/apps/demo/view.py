"""What the demonstration shows: a live picture of the tree on a terminal, plain lines elsewhere."""

from collections import Counter, deque
from types import TracebackType
from typing import Protocol, Self

from rich.console import Console, Group
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from cybernetic.apps.demo.shop import STRATEGIES, TEAMS
from cybernetic.supervision import ChildEnded, ChildStarted, GaveUp

ROWS = 1 + sum(1 + len(names) for names in TEAMS.values())  # of the tree, and so of the picture
FRESH = 12  # events for which a restart stays marked


class View(Protocol):
    """What the scenes tell the spectators."""

    def scene(self, title: str) -> None:
        """A scene begins."""

    def hit(self, name: str) -> None:
        """An agent is about to be killed or to crash."""

    def say(self, text: str) -> None:
        """A remark."""

    def started(self, event: ChildStarted) -> None:
        """A supervisor has started a child."""

    def ended(self, event: ChildEnded) -> None:
        """A child has ended by itself."""

    def gave_up(self, event: GaveUp) -> None:
        """A supervisor has given up."""

    def verdict(self, kills: int, agents: int, healed: bool) -> None:
        """The end."""


class Plain:
    """Lines of text, for pipes and files."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self.restarts: Counter[str] = Counter()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

    def scene(self, title: str) -> None:
        """A heading."""
        self._print(f"\n{title}")

    def hit(self, name: str) -> None:
        """Who is hit."""
        self._print(f"  x {name}")

    def say(self, text: str) -> None:
        """A line."""
        self._print(f"  {text}")

    def started(self, event: ChildStarted) -> None:
        """A line for each restart."""
        if event.again:
            self.restarts[str(event.id)] += 1
            self._print(f"  + {event.id} is back ({self.restarts[str(event.id)]})")

    def ended(self, event: ChildEnded) -> None:
        """Nothing: `hit` and `started` tell it."""

    def gave_up(self, event: GaveUp) -> None:
        """A line."""
        self._print(f"  ! {event.supervisor.name} gives up after too many restarts of {event.id}")

    def verdict(self, kills: int, agents: int, healed: bool) -> None:
        """The last line."""
        self._print("\n" + _verdict(kills, self.restarts.total(), agents, healed))

    def _print(self, text: str) -> None:
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)


class Picture(Plain):
    """The tree, live: green runs, red is hit, yellow has just come back; beside each, how often it has."""

    def __init__(self, console: Console) -> None:
        super().__init__(console)
        self._title = "a shop of 15 agents"
        self._log: deque[Text] = deque(maxlen=ROWS - 2)
        self._state: dict[str, str] = {}
        self._fresh: dict[str, int] = {}
        self._events = 0
        self._live = Live(console=console, refresh_per_second=12, get_renderable=self._draw)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()

    def scene(self, title: str) -> None:
        """The heading changes."""
        self._title = title
        self._fresh.clear()

    def hit(self, name: str) -> None:
        """The agent turns red."""
        self._state[name] = "hit"
        self._note(f"x {name} is hit", "red")

    def say(self, text: str) -> None:
        """A line in the log."""
        self._note(text, "cyan")

    def started(self, event: ChildStarted) -> None:
        """The agent turns yellow if it is back."""
        name = str(event.id)
        self._state[name] = "runs"
        if event.again:
            self.restarts[name] += 1
            self._fresh[name] = self._events
            self._note(f"+ {name} is back", "yellow")

    def gave_up(self, event: GaveUp) -> None:
        """A line in the log."""
        self._note(f"! {event.supervisor.name} gives up: too many restarts of {event.id}", "magenta")

    def verdict(self, kills: int, agents: int, healed: bool) -> None:
        """The heading is the verdict."""
        self._title = _verdict(kills, self.restarts.total(), agents, healed)
        self._fresh.clear()

    def _note(self, text: str, style: str) -> None:
        self._events += 1
        self._log.append(Text(text, style=style, no_wrap=True, overflow="ellipsis"))

    def _draw(self) -> Group:
        tree = Tree(self._line("shop", "one_for_one"))
        for team, names in TEAMS.items():
            branch = tree.add(self._line(team, STRATEGIES[team]))
            for name in names:
                branch.add(self._line(name))
        log = Panel(Group(*self._log), title="what happened", height=ROWS)
        side_by_side = Table.grid(padding=(0, 2), expand=True)
        side_by_side.add_column(min_width=30, no_wrap=True)
        side_by_side.add_column(ratio=1)
        side_by_side.add_row(tree, log)
        return Group(Text(self._title, style="bold"), Text(), side_by_side)

    def _line(self, name: str, strategy: str = "") -> Text:
        style = "green"
        if self._state.get(name) == "hit":
            style = "bold red"
        elif self._events - self._fresh.get(name, -FRESH) < FRESH:
            style = "yellow"
        line = Text("● ", style=style)
        line.append(name, style="bold" if strategy else "")
        if strategy:
            line.append(f"  {strategy}", style="dim")
        if self.restarts[name]:
            line.append(f"  ↻ {self.restarts[name]}", style="dim")
        return line


def _verdict(kills: int, restarts: int, agents: int, healed: bool) -> str:
    state = (
        f"all {agents} agents are there again"
        if healed
        else f"only {agents} agents are there: it did not heal"
    )
    return f"{kills} hits, {restarts} restarts by supervisors, and {state}."
