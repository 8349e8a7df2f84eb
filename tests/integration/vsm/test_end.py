"""The end of a whole viable system as a program: a human is paged, and the exit status says that it failed."""

import subprocess
import sys
from pathlib import Path

PROGRAM = '''
from cybernetic import Kill
from cybernetic.vsm import Operation, ViableSystem, unit


class Fatal(Operation):
    """Ends its level again and again."""

    def setup(self):
        self.ref.after(0.2).cast(Fatal.end)

    def end(self):
        self.system.whereis("firm:level").exit(Kill())


class Firm(ViableSystem):
    """Of one."""

    def units(self):
        return [unit(Fatal, id="one")]
'''


def test_the_top_that_has_used_up_its_restarts_pages_the_console_and_ends_with_status_1(
    tmp_path: Path,
) -> None:
    (tmp_path / "fatal_firm.py").write_text(PROGRAM)
    command = [sys.executable, "-m", "cybernetic", "run", "fatal_firm:Firm"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=250)
    assert done.returncode == 1
    pages = [line for line in done.stderr.splitlines() if line.startswith("PAGE")]
    late = (
        "silent (heartbeat, "  # what a machine that is too busy for hearts to beat in time has said as well
    )
    assert [page for page in pages if late not in page] == [
        "PAGE  firm: restarts of level (exhausted, critical)"
    ]
