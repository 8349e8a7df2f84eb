"""Pictures as they should look, kept as files of text beside the tests; `CYBERNETIC_GOLDEN=1` writes them anew."""

import os
from pathlib import Path


def same(folder: Path, name: str, picture: str) -> None:
    """Compare a picture with the one that is kept; blanks at the ends of lines do not count."""
    path = folder / "golden" / f"{name}.txt"
    got = "\n".join(line.rstrip() for line in picture.split("\n")) + "\n"
    if os.environ.get("CYBERNETIC_GOLDEN") == "1":
        path.write_text(got)
    assert got == path.read_text()
