"""What an operation declares wrongly is refused where its class stands, and what is no unit where it is declared."""

import re
from typing import Any

import pytest

from cybernetic import StartFailed, System
from cybernetic.core import OptionError
from cybernetic.vsm import Index, Operation, ViableSystem, remote, unit
from cybernetic.vsm.governed import Governed

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


@pytest.mark.parametrize("quota", [5, 0, {"agents": 3}])
def test_what_is_no_quota_is_refused_where_the_unit_is_declared(quota: Any) -> None:
    with pytest.raises(OptionError, match=r"^quota: expected a Quota, got: "):
        unit(Operation, id="one", quota=quota)


def test_what_a_viable_system_is_made_of_is_none_by_itself() -> None:
    with pytest.raises(OptionError, match=r"^cls: expected an Operation or a ViableSystem, got: .*Governed"):
        unit(Governed, id="one")


@pytest.mark.parametrize("id", ["a/b", "a:b", "a#b", "a?b", "#", "?"])
def test_an_id_by_which_no_path_could_be_read_again_is_refused_where_the_unit_is_declared(id: str) -> None:
    for declared in (lambda: unit(Operation, id=id), lambda: remote(id)):
        with pytest.raises(
            OptionError, match=f"^id: expected a name without any of / : # [?], got: '{re.escape(id)}'"
        ):
            declared()
    assert unit(Operation, id="ü *b-1.2").id == "ü *b-1.2"


@pytest.mark.parametrize("name", ["a/b", "a:b", "a#b", "a?b"])
async def test_nor_may_the_top_be_called_so(name: str) -> None:
    async with System() as system:
        with pytest.raises(
            StartFailed, match=re.escape(f"name: expected a name without any of / : # ?, got: {name!r}")
        ):
            await system.start(ViableSystem, name=name)
        assert system.alive(await system.start(ViableSystem, name="ü *b-1.2"))
