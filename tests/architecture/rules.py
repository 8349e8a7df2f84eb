"""The rules of the house about imports: each takes a tree and returns what breaks it, a line each."""

import ast
import graphlib
from collections.abc import Iterator

from tests.architecture.tree import NAME, Import, Module, Tree, imports, is_driver, is_foreign

CHOOSERS = ("apps", "testing")  # the rooms that may name a driver

OWNERS = {  # who may import a third-party package; any other is for drivers only
    "msgpack": ("wire/codec.py",),
    "thespian": ("nodes/*driver_*.py",),
    "aiormq": ("gateways/broker/amqp/driver_*.py",),
    "rich": ("apps/*", "observe/*"),
}
DRIVERS = ("driver_*.py", "*/driver_*")

WARDENS = {  # who may import these modules of the standard library
    "time": ("core/clock.py",),
    "random": ("core/chance.py",),
    "threading": ("runtime/watchdog.py", "nodes/*driver_*.py", "testing/*.py", "vsm/algedonic/threads.py"),
}


def imports_stand_at_the_top(tree: Tree) -> list[str]:
    return [
        _say(module, line, "an import at the top of the file", "one inside a function or class")
        for module in tree.values()
        for line in sorted(set(_buried_imports(module.syntax)))
    ]


def nothing_is_imported_for_types_alone(tree: Tree) -> list[str]:
    return [
        _say(module, line, "imports that always happen", "one under TYPE_CHECKING")
        for module in tree.values()
        for node in ast.walk(module.syntax)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        for line in _import_lines(node)
    ]


def nobody_inside_imports_the_facade(tree: Tree) -> list[str]:
    return [
        _say(module, found.line, f"an import of `{NAME}.<room>`", f"one of the facade `{NAME}`")
        for module, found in _all_imports(tree)
        if found.target == NAME
    ]


def rooms_are_entered_by_the_door(tree: Tree) -> list[str]:
    return [
        _say(module, found.line, f"the door `{'.'.join(found.target.split('.')[:2])}`", f"`{found.target}`")
        for module, found in _all_imports(tree)
        if found.top == NAME
        and found.target.count(".") > 1
        and _room(found.target) != module.room
        and not (is_driver(found.target) and module.room in CHOOSERS)
    ]


def only_choosers_name_drivers(tree: Tree) -> list[str]:
    return [
        _say(module, found.line, f"drivers named in {' and '.join(CHOOSERS)} alone", f"`{found.target}`")
        for module, found in _all_imports(tree)
        if found.top == NAME
        and is_driver(found.target)
        and module.room not in CHOOSERS
        and not (module.is_driver and _room(found.target) == module.room)
    ]


def a_room_does_not_enter_by_its_own_door(tree: Tree) -> list[str]:
    return [
        _say(module, found.line, "a file of its own room", f"the room's door `{found.target}`")
        for module, found in _all_imports(tree)
        if module.room and found.target == f"{NAME}.{module.room}" and not module.is_door
    ]


def imports_have_no_cycle(tree: Tree) -> list[str]:
    graph = {
        module.name: {found.target for found in imports(module, tree)} & tree.keys()
        for module in tree.values()
    }
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        return [f"expected imports without a cycle, got: {' <- '.join(error.args[1])}"]
    return []


def strangers_stay_with_their_drivers(tree: Tree) -> list[str]:
    return [
        _say(
            module,
            found.line,
            f"`{found.top}` only in {', '.join(OWNERS.get(found.top, DRIVERS))}",
            module.path,
        )
        for module, found in _all_imports(tree)
        if is_foreign(found.top) and not module.matches(*OWNERS.get(found.top, DRIVERS))
    ]


def clocks_chance_and_threads_have_their_files(tree: Tree) -> list[str]:
    return [
        _say(module, found.line, f"`{found.top}` only in {', '.join(WARDENS[found.top])}", module.path)
        for module, found in _all_imports(tree)
        if found.top in WARDENS and not module.matches(*WARDENS[found.top])
    ]


RULES = (
    imports_stand_at_the_top,
    nothing_is_imported_for_types_alone,
    nobody_inside_imports_the_facade,
    rooms_are_entered_by_the_door,
    only_choosers_name_drivers,
    a_room_does_not_enter_by_its_own_door,
    imports_have_no_cycle,
    strangers_stay_with_their_drivers,
    clocks_chance_and_threads_have_their_files,
)


def _say(module: Module, line: int, expected: str, got: str) -> str:
    return f"{module.path}:{line}: expected {expected}, got: {got}"


def _all_imports(tree: Tree) -> Iterator[tuple[Module, Import]]:
    for module in tree.values():
        for found in dict.fromkeys(imports(module, tree)):
            yield module, found


def _room(name: str) -> str:
    return name.split(".")[1]


def _buried_imports(syntax: ast.Module) -> Iterator[int]:
    for node in ast.walk(syntax):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield from _import_lines(node)


def _import_lines(node: ast.AST) -> Iterator[int]:
    return (inner.lineno for inner in ast.walk(node) if isinstance(inner, ast.Import | ast.ImportFrom))
