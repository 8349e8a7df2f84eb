"""How much code a user writes for a company: counted, not estimated."""

import ast
import functools
from pathlib import Path

_FILES = {
    "plain": ("plain.py", "staff.py"),
    "gateway": ("plain.py", "gateway.py", "staff.py"),
    "viable": ("viable.py", "running.py", "staff.py"),
}


@functools.cache
def lines_of(arm: str) -> int:
    """Lines of the files that make the company, without blank ones, comments and docstrings."""
    return sum(_lines(Path(__file__).with_name(name).read_text("utf-8")) for name in _FILES[arm])


def _lines(text: str) -> int:
    told: set[int] = set()
    for node in ast.walk(ast.parse(text)):
        match node:
            case ast.Expr(value=ast.Constant(value=str())):
                told.update(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    return sum(
        bool(line.strip()) and not line.strip().startswith("#") and number not in told
        for number, line in enumerate(text.splitlines(), 1)
    )
