"""What the package shows: every door lists its names truly, and every name has one door and a docstring."""

import importlib
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.architecture import face
from tests.architecture.tree import Tree, plant, read

Rule = Callable[[Tree], list[str]]

GOOD = {
    "__init__.py": '__all__ = ("Alpha", "__version__")\n',
    "core/__init__.py": '__all__ = ("Alpha", "beta")\n',
    "core/alpha.py": 'class Alpha:\n    "What it is for."\n\n\ndef _hidden():\n    pass\n',
    "core/inner/__init__.py": "",
    "crdt/__init__.py": '__all__ = ("Max", "Sum")\n',
    "state/__init__.py": 'from cybernetic.crdt import Sum\n\n__all__ = ("Sum",)\n',
    "wire/__init__.py": '__all__: tuple[str, ...] = ("pack",)\n',
}

BAD: list[tuple[Rule, str, str, str]] = [
    (
        face.doors_list_what_they_export,
        "vsm/__init__.py",
        "x = 1\n",
        "vsm/__init__.py: expected `__all__` as a tuple",
    ),
    (face.doors_list_what_they_export, "vsm/__init__.py", '__all__ = ["Level"]\n', "as a tuple"),
    (face.doors_list_what_they_export, "vsm/__init__.py", '__all__ = ("A", *more)\n', "as a tuple"),
    (face.doors_list_what_they_export, "vsm/__init__.py", '__all__ = ("B", "A")\n', "sorted"),
    (face.doors_list_what_they_export, "vsm/__init__.py", '__all__ = ("A", "A")\n', "without repetition"),
    (face.doors_list_what_they_export, "__init__.py", "x = 1\n", "as a tuple"),
    (face.a_name_has_one_door, "vsm/__init__.py", '__all__ = ("pack",)\n', "cybernetic.vsm, cybernetic.wire"),
    (
        face.a_name_has_one_door,
        "state/__init__.py",
        'from cybernetic.wire import pack\n\n__all__ = ("pack",)\n',
        "cybernetic.state, cybernetic.wire",
    ),
    (
        face.a_name_has_one_door,
        "state/__init__.py",
        'from cybernetic.crdt import Sum\n\nMax = 1\n__all__ = ("Max", "Sum")\n',
        "`Max` .* cybernetic.crdt, cybernetic.state",
    ),
    (face.the_facade_shows_door_names_only, "__init__.py", '__all__ = ("Gamma",)\n', "got: `Gamma`"),
    (face.what_is_public_is_documented, "core/a.py", "class Gamma:\n    pass\n", "core/a.py:1: .* `Gamma`"),
    (face.what_is_public_is_documented, "core/a.py", "async def go():\n    pass\n", "none for `go`"),
]


@pytest.mark.parametrize("rule", face.RULES)
def test_the_package_keeps_the_rule(rule: Rule) -> None:
    problems = rule(read())
    assert not problems, "\n".join(problems)


def test_every_exported_name_exists() -> None:
    doors = [module for module in read().values() if module.is_door or module.is_facade]
    assert doors
    missing = [
        f"{door.name}.{name}"
        for door in doors
        for name in face.exported(door) or ()
        if not hasattr(importlib.import_module(door.name), name)
    ]
    assert not missing


@pytest.mark.parametrize("rule", face.RULES)
def test_a_good_tree_keeps_the_rule(rule: Rule, tmp_path: Path) -> None:
    assert rule(read(plant(tmp_path, GOOD))) == []


@pytest.mark.parametrize(("rule", "path", "text", "complaint"), BAD)
def test_a_bad_tree_breaks_the_rule(rule: Rule, path: str, text: str, complaint: str, tmp_path: Path) -> None:
    (problem,) = rule(read(plant(tmp_path, GOOD | {path: text})))
    assert re.search(complaint, problem)


def test_every_rule_has_a_tree_that_breaks_it() -> None:
    assert {rule for rule, *_ in BAD} == set(face.RULES)
