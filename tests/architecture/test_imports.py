"""Who imports what, held to the rules of the house; and each rule, held to a tree that breaks it."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.architecture import rules
from tests.architecture.tree import Tree, plant, read

Rule = Callable[[Tree], list[str]]

GOOD = {
    "__init__.py": "from cybernetic.core import wall\nfrom cybernetic.nodes import Node\n",
    "core/__init__.py": "from cybernetic.core.clock import wall\n",
    "core/clock.py": "import time\n\nwall = time.time\n",
    "core/chance.py": "import random\nfrom typing import TYPE_CHECKING\nif not TYPE_CHECKING:\n    x = 1\n",
    "wire/codec.py": "import msgpack\nfrom cybernetic.core import wall\n",
    "nodes/__init__.py": "from cybernetic.nodes.node import Node\n",
    "nodes/node.py": "from . import place\nfrom .place import here\nfrom cybernetic.core import wall\n",
    "nodes/place.py": "import asyncio\n",
    "nodes/driver_thespian.py": "import threading\nimport thespian.actors\nfrom .place import here\n",
    "nodes/driver_simple.py": "import zmq\nfrom cybernetic.nodes.driver_thespian import start\n",
    "vsm/__init__.py": "from cybernetic.vsm.level import Level\n",
    "vsm/level.py": "import cybernetic.nodes\nfrom cybernetic.vsm.damping import damp\n",
    "vsm/damping/__init__.py": "from cybernetic.vsm.damping.filter import damp\n",
    "vsm/damping/filter.py": "from cybernetic.core import wall\n",
    "apps/__init__.py": "import rich.tree\nfrom cybernetic.nodes.driver_thespian import start\n",
}

BAD: list[tuple[Rule, str, str, str]] = [
    (rules.imports_stand_at_the_top, "core/a.py", "def f():\n    import os\n", "a.py:2: .*inside a function"),
    (rules.imports_stand_at_the_top, "core/a.py", "class A:\n    from os import path\n", "a.py:2"),
    (
        rules.nothing_is_imported_for_types_alone,
        "core/a.py",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import os\n",
        "a.py:3",
    ),
    (
        rules.nothing_is_imported_for_types_alone,
        "core/a.py",
        "import typing as t\nif not t.TYPE_CHECKING:\n    pass\nelse:\n    import os\n",
        "a.py:5",
    ),
    (rules.nobody_inside_imports_the_facade, "vsm/a.py", "from cybernetic import Agent\n", "vsm/a.py:1"),
    (rules.nobody_inside_imports_the_facade, "vsm/a.py", "import os, cybernetic\n", "vsm/a.py:1"),
    (rules.nobody_inside_imports_the_facade, "vsm/a.py", "from .. import Agent\n", "vsm/a.py:1"),
    (
        rules.rooms_are_entered_by_the_door,
        "vsm/a.py",
        "from cybernetic.core.clock import wall\n",
        "expected the door `cybernetic.core`, got: `cybernetic.core.clock`",
    ),
    (rules.rooms_are_entered_by_the_door, "vsm/a.py", "from cybernetic.core import clock\n", "core.clock"),
    (rules.rooms_are_entered_by_the_door, "vsm/a.py", "from ..core import clock\n", "core.clock"),
    (rules.rooms_are_entered_by_the_door, "vsm/damping/a.py", "import cybernetic.core.clock\n", "core.clock"),
    (rules.rooms_are_entered_by_the_door, "__main__.py", "import cybernetic.core.clock\n", "core.clock"),
    (rules.rooms_are_entered_by_the_door, "apps/a.py", "import cybernetic.nodes.place\n", "nodes.place"),
    (rules.only_choosers_name_drivers, "nodes/a.py", "from . import driver_simple\n", "nodes.driver_simple"),
    (
        rules.only_choosers_name_drivers,
        "vsm/a.py",
        "import cybernetic.nodes.driver_simple\n",
        "apps and testing alone",
    ),
    (
        rules.a_room_does_not_enter_by_its_own_door,
        "core/a.py",
        "from cybernetic.core import wall\n",
        "got: the room's door `cybernetic.core`",
    ),
    (
        rules.imports_have_no_cycle,
        "nodes/place.py",
        "import cybernetic.nodes.node\n",
        r"nodes\.(node|place) <- cybernetic\.nodes\.(node|place)",
    ),
    (rules.imports_have_no_cycle, "core/a.py", "import cybernetic.core.a\n", "cycle"),
    (rules.strangers_stay_with_their_drivers, "wire/frames.py", "import msgpack\n", "only in wire/codec.py"),
    (
        rules.strangers_stay_with_their_drivers,
        "wire/driver_x.py",
        "import msgpack\n",
        "only in wire/codec.py",
    ),
    (rules.strangers_stay_with_their_drivers, "nodes/node.py", "import thespian.actors\n", "nodes/.driver_"),
    (
        rules.strangers_stay_with_their_drivers,
        "nodes/driver_x.py",
        "import aiormq\n",
        "gateways/broker/amqp/driver_",
    ),
    (rules.strangers_stay_with_their_drivers, "vsm/a.py", "from rich import print\n", "only in apps/"),
    (rules.strangers_stay_with_their_drivers, "vsm/a.py", "import numpy\n", "`numpy` only in driver_"),
    (
        rules.clocks_chance_and_threads_have_their_files,
        "core/a.py",
        "from time import time\n",
        "core/clock.py",
    ),
    (rules.clocks_chance_and_threads_have_their_files, "core/a.py", "import random\n", "core/chance.py"),
    (
        rules.clocks_chance_and_threads_have_their_files,
        "vsm/a.py",
        "import threading\n",
        "`threading` only in",
    ),
]


@pytest.mark.parametrize("rule", rules.RULES)
def test_the_package_keeps_the_rule(rule: Rule) -> None:
    problems = rule(read())
    assert not problems, "\n".join(problems)


@pytest.mark.parametrize("rule", rules.RULES)
def test_a_good_tree_keeps_the_rule(rule: Rule, tmp_path: Path) -> None:
    assert rule(read(plant(tmp_path, GOOD))) == []


@pytest.mark.parametrize(("rule", "path", "text", "complaint"), BAD)
def test_a_bad_tree_breaks_the_rule(rule: Rule, path: str, text: str, complaint: str, tmp_path: Path) -> None:
    (problem,) = rule(read(plant(tmp_path, GOOD | {path: text})))
    assert re.search(complaint, problem)


def test_every_rule_has_a_tree_that_breaks_it() -> None:
    assert {rule for rule, *_ in BAD} == set(rules.RULES)
