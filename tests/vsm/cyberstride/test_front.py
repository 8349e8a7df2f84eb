"""The front of cyberstride shows what it says, and needs nothing but the standard library."""

import sys
from pathlib import Path

from cybernetic.vsm import cyberstride
from tests.architecture.tree import imports, read


def test_all_is_sorted_and_true() -> None:
    names = cyberstride.__all__
    assert isinstance(names, tuple)
    assert list(names) == sorted(set(names))
    assert all(hasattr(cyberstride, name) for name in names)


def test_everything_public_is_documented() -> None:
    for name in cyberstride.__all__:
        thing = getattr(cyberstride, name)
        if callable(thing):
            assert thing.__doc__, name


def test_it_imports_the_core_and_the_standard_library_alone() -> None:
    folder = Path(cyberstride.__file__).parent.name
    tree = read()
    ours = [module for module in tree.values() if module.path.startswith(f"vsm/{folder}/")]
    assert ours
    for module in ours:
        for found in imports(module, tree):
            inside = found.target.startswith(
                ("cybernetic.core", "cybernetic.vsm.checks", f"cybernetic.vsm.{folder}")
            )
            assert inside or found.top in sys.stdlib_module_names, f"{module.path}: {found.target}"
            assert found.top not in {"asyncio", "time", "random"}, f"{module.path}: {found.target}"
