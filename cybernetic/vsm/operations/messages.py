"""What passes between the management of a unit and the level's systems 2 and 3."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum

from cybernetic.vsm.bargain.contract import Report
from cybernetic.vsm.bargain.saved import NONE_SAVED, Saved
from cybernetic.vsm.bargain.vector import NOTHING, Vector
from cybernetic.vsm.lives import UNTOLD, Edition
from cybernetic.wire import travels


@travels(name="vsm.Rung")
class Rung(IntEnum):
    """How far an intervention of system 3 goes; each takes more of the unit's autonomy than the one before."""

    ADVISE = 0
    REBARGAIN = 1
    THROTTLE = 2
    SUSPEND = 3
    REPLACE = 4
    DISSOLVE = 5


@travels(name="vsm.Intervention")
@dataclass(frozen=True, slots=True)
class Intervention:
    """System 3 intervenes in a unit: how far, because of what, and until when (seconds); then it is over by itself.

    `index`: which one is out of bounds; empty where somebody asked for it.
    """

    rung: Rung
    reason: str
    until: float
    index: str = ""


@travels(name="vsm.Resumption")
@dataclass(frozen=True, slots=True)
class Resumption:
    """System 3 ends its intervention in a unit before its time."""

    reason: str


WHOLE = ""  # among what is freed: the unit as a whole


@travels(name="vsm.Command")
@dataclass(frozen=True, slots=True)
class Command:
    """What system 3 commands a unit, all of it, as it stands; whoever knows a later one keeps that.

    It is a state and no word: it is told again until it is acknowledged, and obeyed once however often it comes.

    Attributes:
        life: of who commands, higher for one who begins without books than for all before him.
        revision: within that life.
        held: the interventions that stand, those of the levels above included.
        quarantined: why, by port, of those that are out of use.
        freed: how often a person has let go on what was held, by port; under `WHOLE` the unit itself.
    """

    life: int = 0
    revision: int = 0
    held: tuple[Intervention, ...] = ()
    quarantined: Mapping[str, str] = field(default_factory=dict)
    freed: Mapping[str, int] = field(default_factory=dict)

    @property
    def edition(self) -> Edition:
        """By which it is compared with others."""
        return self.life, self.revision

    @property
    def content(self) -> tuple[object, ...]:
        """What it says, whenever that was said."""
        return self.held, dict(self.quarantined), dict(self.freed)

    def new(self, before: "Command") -> tuple[Intervention, ...]:
        """The interventions that were not commanded `before`."""
        return tuple(one for one in self.held if one not in before.held)

    def frees(self, before: "Command") -> frozenset[str]:
        """What was let go since `before`."""
        known = before.freed if before.life == self.life else {}
        return frozenset(name for name, times in self.freed.items() if times > known.get(name, 0))


@travels(name="vsm.Obeyed")
@dataclass(frozen=True, slots=True)
class Obeyed:
    """The unit at `path` goes by the command of this edition."""

    path: str
    life: int
    revision: int

    @property
    def edition(self) -> Edition:
        """Which command that is."""
        return self.life, self.revision


@travels(name="vsm.Unblocked")
@dataclass(frozen=True, slots=True)
class Unblocked:
    """System 3 answers for what calls of a unit took beyond what was set aside: they go on."""

    overrun: Vector


@travels(name="vsm.Offer")
@dataclass(frozen=True, slots=True)
class Offer:
    """System 3 offers so much for an epoch; answered with what the unit asks for.

    The target of the bargain (1.3) is not said, as it is the unit's own: to do as much for it as it did so far. Who
    does half of that, or less, is looked after (`bargain.Worth`).
    """

    epoch: int
    grant: Vector


@travels(name="vsm.Accountability")
@dataclass(frozen=True, slots=True)
class Accountability:
    """What a unit owes system 3: what it did, took and measured, and the reports of epochs that are over.

    Attributes:
        path: of the unit.
        done, failed: tasks since the last, with and without a good outcome.
        waiting: tasks it has been given and not begun.
        spent: in this epoch so far, with what is set aside.
        aside: what of that is set aside for calls that are under way, or whose outcome is unknown.
        figures: by index: the last value, and the id of the task it was measured at.
        reports: of epochs that are over.
        acting: the edition of the policies it acts under: one that has others is told again.
        aches: the indices that are outside their limits.
        commanded: the edition of the command it goes by: one that is not the last is told again.
        overrun: what calls took in this epoch beyond what was set aside for them, while that blocks the unit.
        purse: the id of the purse that it spends from.
        saved: what it did not have to spend since its ports began, as others had made its calls (`Port.shared`).
        sources: the id of what each of these was measured at last: of "done", "failed" and "waiting" the task, of
            "spent", which goes for `aside` and `overrun` as well, the call, as its receipt has it; of an account of a
            level, what moved it last in any of its units. What has not been measured yet is not named.
    """

    path: str
    done: int
    failed: int
    waiting: int
    spent: Vector
    aside: Vector = NOTHING
    figures: Mapping[str, tuple[float, str]] = field(default_factory=dict)
    reports: tuple[Report, ...] = ()
    acting: Edition = UNTOLD
    aches: tuple[str, ...] = ()
    commanded: Edition = UNTOLD
    overrun: Vector = NOTHING
    purse: str = ""
    saved: Saved = NONE_SAVED
    sources: Mapping[str, str] = field(default_factory=dict)

    @property
    def revision(self) -> int:
        """Of the policies it acts under; 0: of those declared."""
        return self.acting[1]


@travels(name="vsm.Unaccounted")
@dataclass(frozen=True, slots=True)
class Unaccounted:
    """Who manages a unit has no account of it, and says so: what it would come from is away, and missed within."""

    why: str


@travels(name="vsm.Taken")
@dataclass(frozen=True, slots=True)
class Taken:
    """System 3 has written down the last reports of the epochs up to and with this one."""

    epoch: int


@travels(name="vsm.Arrived")
@dataclass(frozen=True, slots=True)
class Arrived:
    """A task of a kind has come, and was given to a unit."""

    kind: str
    unit: str


@travels(name="vsm.Out")
@dataclass(frozen=True, slots=True)
class Out:
    """Which units system 3 has taken out of the level, all of them, until when (seconds): their work is for the others.

    It is a state and no word: it is told in every round.
    """

    until: Mapping[str, float] = field(default_factory=dict)


@travels(name="vsm.Redo")
@dataclass(frozen=True, slots=True)
class Redo:
    """System 3 wants tasks of a unit done again, under their own ids; answered with `Redone`.

    `why` names the reason: what was done again for it is not done once more, however often it is asked for.
    """

    unit: str
    tasks: tuple[str, ...]
    why: str = "it was found false"


@travels(name="vsm.Redone")
@dataclass(frozen=True, slots=True)
class Redone:
    """What came of tasks that were to be done again, by id.

    Attributes:
        unit: which had done them.
        good: those done well now.
        changed: those of them whose result is another than it was.
        failed: why, of those that could not be done.
        unknown: those that nobody remembers any more.
    """

    unit: str
    good: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    failed: Mapping[str, str] = field(default_factory=dict)
    unknown: tuple[str, ...] = ()
