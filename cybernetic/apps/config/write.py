"""The configuration as text: a commented file to begin with, and a table of what holds and why."""

import json
import os
import textwrap
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from cybernetic.apps.config.load import Loaded
from cybernetic.apps.config.options import OPTIONS, PREFIX, SECTIONS, Option

WIDTH = 100
HEAD = f"""\
What holds here yields to variables of the environment, and those to flags. `cybernetic config check` finds mistakes,
`cybernetic config show` says which value holds and where it came from. A line without its # takes effect. Secrets do
not belong in this file: see secret_file, or set the variable {PREFIX}_SECRET.
"""


def template() -> str:
    """A file in which every option stands, commented out, with what it is for."""
    lines = [*_comment(HEAD)]
    for section, cls in SECTIONS.items():
        lines += ["", "", *_comment(cls.__doc__ or ""), f"[{section}]"]
        for option in OPTIONS.values():
            if option.section == section:
                lines += ["", *_about(option)]
    return "\n".join(lines) + "\n"


def literal(value: Any) -> str:
    """`value` as TOML writes it; None, which TOML lacks, as "none"."""
    if value is None:
        return "none"
    if isinstance(value, str | Path):
        return json.dumps(str(value), ensure_ascii=False)
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_key(key)} = {literal(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(literal, value)) + "]"
    return json.dumps(value)


def shown(loaded: Loaded, environ: Mapping[str, str] | None = None) -> list[tuple[str, str, str]]:
    """Every key with its value and its source; of the secret only whether it is set."""
    rows = []
    for option in OPTIONS.values():
        value = getattr(getattr(loaded.config, option.section), option.name)
        text = '"off"' if value is None and option.default is not None else literal(value)
        rows.append((option.key, text, loaded.sources[option.key]))
    file = loaded.config.cluster.secret_file
    variable = f"{PREFIX}_SECRET"
    if file is not None:
        rows.append(("secret", "set", f"from {file}"))
    elif (os.environ if environ is None else environ).get(variable):
        rows.append(("secret", "set", f"from environment {variable}"))
    else:
        rows.append(("secret", "not set", ""))
    return rows


def _about(option: Option) -> Iterator[str]:
    default = literal(option.default) if option.default not in (None, (), {}) else "none"
    yield from _comment(f"{option.doc}. Expected: {option.kind.expected}. Default: {default}.")
    yield f"# environment: {option.variable}"
    yield f"# {option.name} = {literal(option.default if option.example is None else option.example)}"


def _comment(text: str) -> list[str]:
    return [f"# {line}" for line in textwrap.wrap(" ".join(text.split()), WIDTH - 2)]


def _key(name: str) -> str:
    return name if name.replace("_", "").replace("-", "").isalnum() and name.isascii() else json.dumps(name)
