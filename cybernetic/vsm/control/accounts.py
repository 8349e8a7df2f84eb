"""What units account for: who is silent, what each has used and what that is worth; and the level's own account."""

from collections.abc import Collection
from math import inf
from typing import Any

from cybernetic.vsm.bargain.budget import Epoch
from cybernetic.vsm.bargain.contract import Report
from cybernetic.vsm.bargain.saved import NONE_SAVED, Saved
from cybernetic.vsm.bargain.vector import NOTHING, Vector, total
from cybernetic.vsm.bargain.weights import Productivity
from cybernetic.vsm.bargain.worth import Worth
from cybernetic.vsm.control.aches import Aches
from cybernetic.vsm.ladder.signals import Cause
from cybernetic.vsm.operations.messages import Accountability

HORIZON = 100.0  # of the first resource: how soon the past of a unit fades that has no lease yet


class Accounts:
    """The accounts of the units of one level. `control`: who hears them; `units`: their paths; `at`: the time.

    Attributes:
        latest: the last account of each unit.
        sources: of "done", "spent" and so on: the id of what has moved that last in any of the units.
        counted: the last task of each unit that was counted, and when.
    """

    def __init__(self, control: Any, units: Collection[str], at: float) -> None:
        self._control = control
        self.latest: dict[str, Accountability] = {}
        self.sources: dict[str, str] = {}
        self.counted: dict[str, tuple[float, str]] = {}
        self._heard = dict.fromkeys(units, at)  # when each accounted last
        self._excused = dict.fromkeys(units, -inf)  # when each said last that it cannot
        self._missing = Aches(control, "account missing", Cause.HEARTBEAT)
        self._worth = {unit: Worth(Productivity(HORIZON)) for unit in units}
        self._since = {unit: Productivity(HORIZON) for unit in units}  # and since it may have fallen
        self._most: dict[
            tuple[str, int], float
        ] = {}  # of the first resource that was committed, by unit and epoch
        self._done = self._failed = 0
        self._settled: dict[str, tuple[int, float]] = {}  # in which epoch, and how much so far, by unit
        self._taken = dict.fromkeys(units, 0.0)  # of the first resource that was settled since `spending`
        self._tasks = dict.fromkeys(units, 0)
        self._told = dict.fromkeys(units, NONE_SAVED)  # what each said last that it has saved
        self._saved = dict.fromkeys(units, NONE_SAVED)

    def take(self, account: Accountability, epoch: Epoch | None, lease: Vector, at: float) -> None:
        """A unit has accounted, in an `epoch` for which it holds a `lease`."""
        path = account.path
        if path not in self._heard:
            return
        self._moved(account, at)
        self._heard[path], self.latest[path] = at, account
        self._missing.over(path)
        self._done, self._failed = self._done + account.done, self._failed + account.failed
        self._tasks[path] += account.done + account.failed
        saved = account.saved.since(self._told[path])
        self._told[path], self._saved[path] = account.saved, self._saved[path] + saved
        if epoch is not None:
            self._weigh(account, epoch, lease, saved.spend)

    def _moved(self, account: Accountability, at: float) -> None:
        """What of an account is from something else than what the last one was from."""
        known = self.latest[account.path].sources if account.path in self.latest else {}
        news = {name: id for name, id in account.sources.items() if known.get(name) != id}
        self.sources |= news
        for name in ("done", "failed"):
            if name in news:
                self.counted[account.path] = at, news[name]

    def _weigh(self, account: Accountability, epoch: Epoch, lease: Vector, saved: Vector) -> None:
        """What was spent since the last account is worth what was done since. What was saved counts as if it had been
        spent: a unit that pays for what others have as well is worth no less than they are.
        """
        path, names = account.path, sorted({*lease.resources, *account.spent.resources})
        if not names:
            return
        committed = account.spent.amount(names[0])
        known = self._most.get((path, epoch.number), 0.0)
        most = max(known, committed)  # what was set aside and came back is not counted again
        self._most[path, epoch.number] = most
        self._most.pop((path, epoch.number - 1), None)
        self._taken[path] += self._newly(
            path, epoch.number, account.spent.less(account.aside).amount(names[0])
        )
        horizon, took = lease.amount(names[0]) or HORIZON, most - known + saved.amount(names[0])
        worth = self._worth[path] = self._worth[path].after(float(account.done), took, horizon)
        since = self._since[path].after(float(account.done), took)
        self._since[path] = since if worth.score else Productivity(horizon)  # at 0 nothing speaks for a fall

    def _newly(self, path: str, epoch: int, settled: float) -> float:
        """What of all that was settled in an epoch has come since the last account."""
        before, self._settled[path] = self._settled.get(path, (epoch, 0.0)), (epoch, settled)
        return max(0.0, settled - before[1]) if before[0] == epoch else settled

    def excuse(self, path: str, at: float) -> bool:
        """A unit says that it cannot account, as a part of it is away that is missed there; whether that is news."""
        if path not in self._heard:
            return False
        news = self._excused[path] < self._heard[path]
        self._excused[path] = at
        self._missing.over(path)
        return news

    def watch(self, at: float, period: float) -> None:
        """A unit that has not accounted for two periods, nor said why, is an exception, whatever of it still beats."""
        for path, heard in self._heard.items():
            if at - max(heard, self._excused[path]) > 2 * period:
                self._missing.felt(path, at)

    # What is read off them.

    def silent(self, at: float, period: float) -> set[str]:
        """The units that have not accounted for two periods, or not yet: nothing is known of them."""
        known = self.latest
        return {path for path, heard in self._heard.items() if path not in known or at - heard > 2 * period}

    def used(self, epoch: Epoch) -> dict[str, Vector]:
        """What each unit has spent and set aside in the epoch, as far as is known."""
        return {
            path: self.latest[path].spent if path in self.latest and heard >= epoch.begins else NOTHING
            for path, heard in self._heard.items()
        }

    def spending(self) -> dict[str, float]:
        """What each unit has spent of the first resource since this was asked last."""
        taken, self._taken = self._taken, dict.fromkeys(self._taken, 0.0)
        return taken

    def earned(self) -> dict[str, float]:
        """The value accounted for each unit of the first resource, by unit; of those that have spent anything.

        A unit of which no task has ended yet has earned nothing because it is at work: it is not named. Of one whose
        spending is worth less than it was, only what came since then is counted: it does not live by its past.
        """
        made = {path: self._since[path] if one.fallen else one.made for path, one in self._worth.items()}
        return {path: one.ratio for path, one in made.items() if one.spent and self._tasks[path]}

    def fallen(self) -> set[str]:
        """The units whose spending is worth half of what it was, or less."""
        return {path for path, one in self._worth.items() if one.fallen}

    def tasks(self) -> dict[str, int]:
        """How many tasks each unit has accounted for."""
        return dict(self._tasks)

    def saved(self) -> dict[str, Saved]:
        """What each unit did not have to spend as others had made its calls (1.3, synergy)."""
        return dict(self._saved)

    def own(
        self, path: str, epoch: Epoch | None, reports: tuple[Report, ...], purse: str = ""
    ) -> Accountability:
        """What the level at `path` owes the one above: what was done in it since the last time this was asked."""
        done, failed = self._done, self._failed
        self._done = self._failed = 0
        waiting = sum(one.waiting for one in self.latest.values())
        spent = NOTHING if epoch is None else total(self.used(epoch).values())
        aside = spent.least(total(one.aside for one in self.latest.values()))
        return Accountability(
            path,
            done,
            failed,
            waiting,
            spent,
            aside,
            {},
            reports,
            purse=purse,
            saved=sum(self._saved.values(), NONE_SAVED),
            sources=dict(self.sources),
        )
