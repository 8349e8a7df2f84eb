"""Who is told to be of a store that is in use elsewhere is of another one from then on, and in nobody's place."""

import pytest

from cybernetic.state import Context, ReplicaOptions
from cybernetic.state.replica.archive import Record
from cybernetic.state.replica.frames import Hello, Stale
from cybernetic.state.replica.roll import Roll
from cybernetic.state.replica.status import ReplicaCounts

LEASE = 4.0


def hello(site: str, noted: str) -> Hello:
    """A greeting of a site that has noted a start of ours on its disk."""
    return Hello("escrow", site, 1, f"{site}-1", True, False, Context(), None, 0, (), (), (), noted)


@pytest.mark.parametrize("trusted", [False, True])
@pytest.mark.parametrize("told", [False, True])
def test_one_that_is_told_that_its_store_is_a_copy_follows_none_of_the_starts_before_it(
    told: bool, trusted: bool
) -> None:
    now = [0.0]
    record = Record(
        "escrow",
        "here",
        starts=3,
        members=(("there", 1, "there-1", Context(), 0.0, True),),
        former=("here-1", "here-2"),
        line=("here-1", "here-2"),
    )
    options = ReplicaOptions(trust_store=trusted)
    roll = Roll("it", record, True, options, ReplicaCounts(), lambda: now[0])
    if told:
        assert roll.read(Stale("here", 3, "another-3"))
        assert roll.site != "here"
    now[0] = LEASE + 2.0
    roll.meet(hello("there", roll.replica))  # as one does of a start of the site it is of now
    assert roll.followed(LEASE, Context()) == ([] if told else ["here-1", "here-2"])
    assert roll.recorded()["former"][:-1] == (() if told else ("here-1", "here-2"))
