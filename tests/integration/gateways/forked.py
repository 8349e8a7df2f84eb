"""Runs of a script, all at once, by processes that are forked from one that has loaded it: that is what takes long.

Run as a program it is told on its standard input, as JSON, the arguments of each run by the folder it is to be in. What
a run writes stands in the files "out" and "err" beside its folder, and how it ended in what `forked` returns."""

import json
import os
import runpy
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.architecture.tree import ROOT

SECONDS = 150  # after which a run is killed


def forked(script: str, runs: Mapping[Path, Sequence[str]]) -> dict[Path, int]:
    """How each of the runs ended."""
    command = [sys.executable, "-m", "tests.integration.gateways.forked", script]
    told = json.dumps({str(folder): list(arguments) for folder, arguments in runs.items()})
    done = subprocess.run(command, input=told, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    return {Path(folder): status for folder, status in json.loads(done.stdout).items()}


def main() -> None:
    script, runs = sys.argv[1], json.load(sys.stdin)
    runpy.run_path(script, run_name="loaded")
    children = {}
    for folder, arguments in runs.items():
        children[folder] = os.fork()
        if not children[folder]:
            run(script, Path(folder), arguments)
    ended = {folder: os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for folder, child in children.items()}
    print(json.dumps(ended))


def run(script: str, folder: Path, arguments: list[str]) -> None:
    """In a child: be the script, to the end."""
    signal.alarm(SECONDS)
    os.chdir(folder)
    for number, name in ((1, "out"), (2, "err")):
        os.dup2(os.open(folder.with_name(f"{folder.name}.{name}"), os.O_CREAT | os.O_WRONLY), number)
    sys.argv = [script, *arguments]
    runpy.run_path(script, run_name="__main__")
    sys.exit()


if __name__ == "__main__":
    main()
