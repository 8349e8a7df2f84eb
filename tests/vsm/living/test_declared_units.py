"""What an operation declares wrongly is refused where its class stands, and what is no unit where it is declared."""

from typing import Any

import pytest

from cybernetic.core import OptionError
from cybernetic.vsm import Index, Operation

COST = Index("cost")


@pytest.mark.parametrize(
    ("declared", "expected"),
    [
        ({"indices": COST}, r"indices: expected a list of values of Index, of one as well, got: Index\("),
        ({"indices": "cost"}, r"indices: expected a list of values of Index, of one as well, got: 'cost'"),
        ({"indices": ["cost"]}, r"indices: expected an Index, got: 'cost'"),
        ({"indices": [COST, COST]}, r"indices: expected names that differ, got: \['cost', 'cost'\]"),
        ({"purposes": ["a"]}, r"purposes: expected a mapping, got: \['a'\]"),
        ({"purposes": {1: 0.5}}, r"purposes: expected a string that is not empty, got: 1"),
        ({"purposes": {"a": "all"}}, r"purposes\['a'\]: expected a finite number >= 0, got: 'all'"),
        ({"kinds": "job"}, r"kinds: expected words, such as .*, got: 'job'"),
    ],
)
def test_what_an_operation_declares_as_another_kind_of_thing_is_refused_by_name(
    declared: dict[str, Any], expected: str
) -> None:
    with pytest.raises(OptionError, match=f"^{expected}"):
        type("Wrong", (Operation,), declared)
    right: dict[str, Any] = {"indices": [COST], "purposes": {"a": 1}, "kinds": ["job"]}
    type("Below", (type("Right", (Operation,), right),), {})
