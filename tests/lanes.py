"""Runs the tests in two lanes at a time: those of `tests/integration`, which wait, and all others, which compute.

`python tests/lanes.py [ARGUMENTS OF PYTEST]`: with arguments it is pytest and nothing else.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

TESTS = Path(__file__).parent
PYTEST = (sys.executable, "-m", "pytest")


def main(arguments: list[str]) -> int:
    """Run them; the exit status is that of the first lane that failed."""
    if any(not argument.startswith("-o") for argument in arguments):
        return subprocess.run([*PYTEST, *arguments], check=False).returncode
    with tempfile.TemporaryFile() as output:
        waiting = subprocess.Popen(
            [*PYTEST, str(TESTS / "integration"), "-p", "no:cacheprovider", *arguments],
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, "COLUMNS": "100"},
        )
        try:
            computed = subprocess.run(
                [*PYTEST, str(TESTS), f"--ignore={TESTS / 'integration'}", *arguments], check=False
            ).returncode
            waited = waiting.wait()
        finally:
            if waiting.poll() is None:  # Ctrl-C reaches both; whatever else ends us must not leave one behind
                waiting.terminate()
                waiting.wait()
            output.seek(0)
            sys.stdout.buffer.write(b"\ntests/integration:\n" + output.read())
            sys.stdout.flush()
    return computed or waited


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
