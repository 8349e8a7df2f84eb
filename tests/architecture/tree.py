"""A tree of Python files as the architecture tests see it: modules, their rooms, and what they import."""

import ast
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatch
from functools import cache, cached_property
from pathlib import Path

ROOT = Path(__file__).parents[2]
NAME = "cybernetic"
PACKAGE = ROOT / NAME


@dataclass(frozen=True)
class Import:
    """One thing imported: the dotted name of the module it comes from, and the line that says so."""

    target: str
    line: int

    @property
    def top(self) -> str:
        return self.target.partition(".")[0]


@dataclass(frozen=True)
class Module:
    """A file of the package. `name` is dotted, `path` is below the package: `core/clock.py`."""

    name: str
    path: str
    text: str

    @cached_property
    def syntax(self) -> ast.Module:
        return ast.parse(self.text)

    @property
    def room(self) -> str:
        """The name of its room, empty for a file beside the rooms."""
        return self.name.partition(".")[2].partition(".")[0]

    @property
    def is_door(self) -> bool:
        """Whether it is `cybernetic/<room>/__init__.py`."""
        return self.path == f"{self.room}/__init__.py"

    @property
    def is_facade(self) -> bool:
        return self.path == "__init__.py"

    @property
    def is_driver(self) -> bool:
        return is_driver(self.name)

    def matches(self, *patterns: str) -> bool:
        return any(fnmatch(self.path, pattern) for pattern in patterns)


Tree = Mapping[str, Module]


def read(package: Path = PACKAGE) -> Tree:
    """Every Python file below `package`, by its dotted name."""
    modules = (_module(package, path) for path in sorted(package.rglob("*.py")))
    return {module.name: module for module in modules}


def plant(folder: Path, files: Mapping[str, str]) -> Path:
    """Write `files` (path below the package to text) and what packages need; return the package."""
    package = folder / NAME
    for path, text in files.items():
        file = package / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        for parent in (file.parent, *file.parent.parents):
            if parent == folder:
                break
            (parent / "__init__.py").touch()
    return package


def imports(module: Module, tree: Tree) -> Iterator[Import]:
    """What a module imports. `from room import name` means the file `room.name` where there is one."""
    for node in ast.walk(module.syntax):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(alias.name, node.lineno)
        elif isinstance(node, ast.ImportFrom):
            base = _base(module, node)
            for alias in node.names:
                file = f"{base}.{alias.name}"
                yield Import(file if file in tree else base, node.lineno)


def is_driver(name: str) -> bool:
    """Whether a dotted name is of a file that alone may know a third-party package."""
    return any(part.startswith("driver_") for part in name.split("."))


def is_foreign(top: str) -> bool:
    """Whether a top-level name is neither ours nor of the standard library."""
    return top != NAME and top not in sys.stdlib_module_names


def _module(package: Path, path: Path) -> Module:
    parts = path.relative_to(package.parent).with_suffix("").parts
    name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
    return _made(name, path.relative_to(package).as_posix(), path.read_text())


@cache
def _made(name: str, path: str, text: str) -> Module:
    """One module for each content, so that all rules share its syntax."""
    return Module(name, path, text)


def _base(module: Module, node: ast.ImportFrom) -> str:
    """The absolute name of what `from ... import` names, also for one that begins with dots."""
    if not node.level:
        return node.module or ""
    package = module.name.split(".")
    up = node.level - module.path.endswith("__init__.py")
    return ".".join([*package[: len(package) - up], *filter(None, [node.module])])
