"""What system 3 makes of its units' accounts: who has earned what, by what ended, not by what is at work."""

from cybernetic.vsm.bargain.budget import Epoch
from cybernetic.vsm.bargain.vector import NOTHING, Vector
from cybernetic.vsm.bargain.weights import earned_weights
from cybernetic.vsm.control.accounts import Accounts
from cybernetic.vsm.operations.messages import Accountability

UNITS = ("a", "b")
EPOCH = Epoch.at(10.0, 3600.0)
LEASE = Vector(usd=1.0)


class Silent:
    """A system 3 to whom nobody listens."""

    def tell(self, *word: object) -> None:
        """Lost."""


def accounted(*told: Accountability) -> Accounts:
    """The accounts after these."""
    accounts = Accounts(Silent(), UNITS, 0.0)
    for n, one in enumerate(told):
        accounts.take(one, EPOCH, LEASE, float(n))
    return accounts


def test_a_unit_whose_first_task_still_runs_has_not_earned_less_than_others() -> None:
    done, at_work = (
        Accountability("a", 1, 0, 0, Vector(usd=0.1)),
        Accountability("b", 0, 0, 0, Vector(usd=0.1)),
    )
    weights = earned_weights(dict.fromkeys(UNITS, 1.0), accounted(done, at_work).earned())
    assert weights == {"a": 1.0, "b": 1.0}


def test_a_unit_whose_tasks_fail_has_earned_nothing_for_what_it_spent() -> None:
    done, failed = (
        Accountability("a", 1, 0, 0, Vector(usd=0.1)),
        Accountability("b", 0, 1, 0, Vector(usd=0.1)),
    )
    assert accounted(done, failed).earned()["b"] == 0.0


def test_a_unit_that_spent_nothing_is_not_judged() -> None:
    assert accounted(Accountability("a", 1, 0, 0, NOTHING)).earned() == {}
