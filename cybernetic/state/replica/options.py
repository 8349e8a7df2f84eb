"""How a replica behaves: how often it speaks, how much it sends at once, whom it waits for."""

from dataclasses import dataclass
from typing import get_args

from cybernetic.core import OptionError, number, one_of, whole
from cybernetic.state.replica.custody import Custody
from cybernetic.wire import travels

LONGEST_GATHER = 0.1


@travels(name="state.ReplicaOptions")
@dataclass(frozen=True, slots=True)
class ReplicaOptions:
    """What may be set of a `Replica`. Raises `OptionError` outside of the limits.

    Attributes:
        pulse: seconds from one exchange of contexts with the peers to the next, > 0. Default 1.
        gather: seconds for which changes are gathered before the peers are told, 0 to 0.1. Default 0.05.
        leaves: places of the value handled in one step, >= 1. Default 50: one to two milliseconds.
        largest: bytes of one frame, and so of one change, 1 KiB to 8 MiB. Default 1 MiB.
        buffer: bytes of news told to a peer and not heard yet, beyond which it is told no more: it is then sent what it
            lacks, found by its context. At least 1 KiB; default 1 MiB.
        most_peers: how many peers one pulse speaks to, drawn by lot where there are more. Default 8.
        tidy: seconds from one dropping of marks of what was removed to the next, > 0. Default 60.
        gone: seconds after which a replica not heard of is not waited for any more, > 0. Default 86,400: a day. It
            returns as a new one.
        gone_unkept: the same for one that keeps nothing on a disk, and so never returns. Default 60.
        ahead: seconds that a stamp may be in the future, >= 0. Default 60.
        custody: of an `Escrow`, and of each in maps: "guardian" leases their rights to wards and takes back those of
            the dead, "ward" spends under leases of a guardian; "none" (default) spends what it has. What a guardian,
            or a "none", leaves when it dies is that of its next start from the same store, a lease later, when all
            peers that the store knows have said that they know of no other start of it, and told what they know of
            the former. Else it stays until a person has another `Escrow.succeed` it, or `settle_for` a ward.
        lease: seconds that a lease lasts, > 0; extended when half of it is over. Default 30.
        slice: the part of a ward's rights that a lease lets it spend, above 0 and at most 1. Default 0.25. Who wants to
            spend more at once is refused, asks its guardian for it, and has it a moment later.
        trust_store: a person says that the store is never copied, and never put back from a backup. Then a start
            follows the one before also where no peer is known, as in a program of one node. Default False, also for a
            store that never had a peer: an old one put back into its file, or a machine that was copied whole, is in
            all that can be seen what it was before, and what was spent since would be spent again. Where there are
            peers, one of them knows.
    """

    pulse: float = 1.0
    gather: float = 0.05
    leaves: int = 50
    largest: int = 1024 * 1024
    buffer: int = 1024 * 1024
    most_peers: int = 8
    tidy: float = 60.0
    gone: float = 86_400.0
    gone_unkept: float = 60.0
    ahead: float = 60.0
    custody: Custody = "none"
    lease: float = 30.0
    slice: float = 0.25
    trust_store: bool = False

    def __post_init__(self) -> None:
        for name in ("pulse", "tidy", "gone", "gone_unkept", "lease"):
            number(name, getattr(self, name), above=0.0)
        if number("gather", self.gather, least=0.0) > LONGEST_GATHER:
            raise OptionError("gather", f"at most {LONGEST_GATHER} s", self.gather)
        number("ahead", self.ahead, least=0.0)
        if number("slice", self.slice, above=0.0) > 1.0:
            raise OptionError("slice", "at most 1", self.slice)
        if not isinstance(self.trust_store, bool):
            raise OptionError("trust_store", "True or False", self.trust_store)
        one_of("custody", self.custody, get_args(Custody))
        whole("leaves", self.leaves, least=1)
        whole("most_peers", self.most_peers, least=1)
        whole("buffer", self.buffer, least=1024)
        if whole("largest", self.largest, least=1024) > 8 * 1024 * 1024:
            raise OptionError("largest", "at most 8 MiB", self.largest)
