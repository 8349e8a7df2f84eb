"""What only a trial shows: a directory for a run, and a node that is really made."""

import asyncio
import stat

from cybernetic.apps.doctor.finding import Finding
from cybernetic.core import CyberneticError, real
from cybernetic.nodes import System, make_run, sweep_runs

REMEDY = "set XDG_RUNTIME_DIR to a short directory of yours with mode 0700"


def directory() -> Finding:
    """Whether a run can have a directory that nobody else may enter."""
    try:
        run = make_run("doctor")
    except (CyberneticError, OSError) as error:
        return Finding("fail", "run directory", str(error), REMEDY)
    try:
        mode = stat.S_IMODE(run.path.stat().st_mode)
    finally:
        run.remove()
        run.release()
    if mode != 0o700:
        return Finding("fail", "run directory", f"expected mode 0700, got: {mode:04o}", REMEDY)
    return Finding("ok", "run directory", f"{run.path.parent}, mode 0700")


def leftovers() -> Finding:
    """Remove what runs have left behind that could not do so themselves."""
    try:
        gone = sweep_runs()
    except (CyberneticError, OSError) as error:
        return Finding("fail", "leftovers", str(error), REMEDY)
    names = ", ".join(run.name for run in gone)
    return Finding("ok", "leftovers", f"removed what dead runs left: {names}" if gone else "none")


def node() -> Finding:
    """Make a node, and end it."""
    try:
        opened, closed = asyncio.run(_node_seconds())
    except (CyberneticError, OSError) as error:
        return Finding("fail", "a node", str(error), "the lines above may say why; nodes=0 works without")
    return Finding("ok", "a node", f"made in {opened:.2f} s, ended in {closed:.2f} s")


async def _node_seconds() -> tuple[float, float]:
    begin = real()
    async with System(nodes=1, watchdog=None):
        up = real()
    return up - begin, real() - up
