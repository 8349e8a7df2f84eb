"""One configuration out of its layers: flags before the environment, the environment before the file."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cybernetic.apps.config.layers import Given, Layer, find_file, from_environment, from_file, from_flags
from cybernetic.apps.config.options import OPTIONS, SECTIONS, Config, conflicts
from cybernetic.core import CyberneticError

DEFAULT = "default"


class ConfigError(CyberneticError):
    """The configuration is wrong: `problems` has a sentence for each mistake."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


@dataclass(frozen=True, slots=True)
class Loaded:
    """A configuration and where it came from.

    Attributes:
        config: the values.
        sources: key -> "cybernetic.toml:3", "environment NAME", "flag --nodes" or "default".
        file: the file that was read, or None.
    """

    config: Config
    sources: Mapping[str, str]
    file: Path | None


def load(
    file: Path | None = None,
    *,
    environ: Mapping[str, str] | None = None,
    flags: Mapping[str, tuple[str, Any]] | None = None,
    start: Path | None = None,
) -> Loaded:
    """Read the configuration.

    Args:
        file: the file; None: the nearest `cybernetic.toml`, looking upward from `start`, if there is one.
        environ: the environment; None: that of this process.
        flags: key -> (the flag, its value).
        start: where to look for the file; None: the current directory.

    Raises:
        ConfigError: with every mistake that was found.
    """
    path = find_file(Path.cwd() if start is None else start) if file is None else file
    layers = [
        from_file(path) if path is not None else Layer(),
        from_environment(os.environ if environ is None else environ),
        from_flags(flags or {}),
    ]
    return merge(layers, path)


def merge(layers: list[Layer], file: Path | None = None) -> Loaded:
    """The configuration that `layers`, the strongest last, make together. Raises `ConfigError`."""
    problems = [problem for layer in layers for problem in layer.problems]
    given: dict[str, Given] = {}
    for layer in layers:
        given.update(layer.given)
    config = _config(given)
    for key, sentence in conflicts(config):
        source = f"{given[key].source}: " if key in given else ""
        problems.append(f"{source}{key}: {sentence}")
    if problems:
        raise ConfigError(problems)
    sources = {key: given[key].source if key in given else DEFAULT for key in OPTIONS}
    return Loaded(config, sources, file)


def _config(given: Mapping[str, Given]) -> Config:
    sections = {}
    for section, cls in SECTIONS.items():
        names = [option.name for option in OPTIONS.values() if option.section == section]
        present = {name: given[f"{section}.{name}"].value for name in names if f"{section}.{name}" in given}
        sections[section] = cls(**present)
    return Config(**sections)
