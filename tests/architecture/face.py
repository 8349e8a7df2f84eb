"""The rules of the house about what is public: each takes a tree and returns what breaks it, a line each."""

import ast
from collections import defaultdict

from tests.architecture.tree import NAME, Module, Tree

Definition = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef

PASSES_ON = {
    "state": "crdt",
    "testing": "runtime",
}  # doors that show names of a lower one, where users look for them


def exported(module: Module) -> tuple[str, ...] | None:
    """The names in a module's `__all__`; None when it is not a tuple of names written out."""
    for node in module.syntax.body:
        match node:
            case ast.Assign(targets=[ast.Name("__all__")], value=value) | ast.AnnAssign(
                ast.Name("__all__"), value=value
            ):
                return _names(value) if value else None
    return None


def doors_list_what_they_export(tree: Tree) -> list[str]:
    problems = []
    for module in tree.values():
        names = exported(module)
        if not (module.is_door or (module.is_facade and module.syntax.body)):
            continue
        if names is None:
            problems.append(f"{module.path}: expected `__all__` as a tuple of names written out, got: none")
        elif list(names) != sorted(set(names)):
            problems.append(f"{module.path}: expected `__all__` sorted and without repetition, got: {names}")
    return problems


def a_name_has_one_door(tree: Tree) -> list[str]:
    return [
        f"expected `{name}` to be exported by one door, got: {', '.join(doors)}"
        for name, doors in _doors_of_names(tree).items()
        if len(doors) > 1
    ]


def the_facade_shows_door_names_only(tree: Tree) -> list[str]:
    known = _doors_of_names(tree)
    return [
        f"{module.path}: expected names that a door exports, got: `{name}`"
        for module in tree.values()
        if module.is_facade
        for name in exported(module) or ()
        if name not in known and not name.startswith("__")
    ]


def what_is_public_is_documented(tree: Tree) -> list[str]:
    return [
        f"{module.path}:{node.lineno}: expected a docstring, got: none for `{node.name}`"
        for module in tree.values()
        for node in module.syntax.body
        if isinstance(node, Definition) and not node.name.startswith("_") and not _is_overload(node)
        if not ast.get_docstring(node)
    ]


RULES = (
    doors_list_what_they_export,
    a_name_has_one_door,
    the_facade_shows_door_names_only,
    what_is_public_is_documented,
)


def _doors_of_names(tree: Tree) -> dict[str, list[str]]:
    doors = defaultdict(list)
    for module in tree.values():
        if module.is_door:
            passed = _passed_on(module)
            for name in exported(module) or ():
                if name not in passed:
                    doors[name].append(module.name)
    return doors


def _passed_on(door: Module) -> set[str]:
    """The names that a door has from the one it passes on: these are that one's."""
    lower = f"{NAME}.{PASSES_ON.get(door.room)}"
    return {
        alias.name
        for node in door.syntax.body
        if isinstance(node, ast.ImportFrom) and node.module == lower
        for alias in node.names
    }


def _names(value: ast.expr) -> tuple[str, ...] | None:
    if not isinstance(value, ast.Tuple):
        return None
    names = [
        item.value for item in value.elts if isinstance(item, ast.Constant) and isinstance(item.value, str)
    ]
    return tuple(names) if len(names) == len(value.elts) else None


def _is_overload(node: Definition) -> bool:
    return any(ast.unparse(decorator).endswith("overload") for decorator in node.decorator_list)
