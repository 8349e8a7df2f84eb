"""Files that hold secrets: read where they are nobody else's, refused by name where not, and never told."""

import os
from pathlib import Path

import pytest

from cybernetic.core import OptionError, read_private

CONTENT = b"nobody else may know"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "secret"
    path.touch(0o600)
    path.write_bytes(CONTENT)
    return path


@pytest.mark.parametrize("mode", [0o600, 0o400])
def test_a_private_file_is_read(file: Path, mode: int) -> None:
    file.chmod(mode)
    assert read_private("secret", file, len(CONTENT)) == CONTENT
    assert read_private("secret", str(file), 4096) == CONTENT


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o601, 0o644])
def test_a_file_that_others_may_touch_is_refused_with_the_remedy(file: Path, mode: int) -> None:
    file.chmod(mode)
    with pytest.raises(OptionError, match=rf"chmod 600 {file}.*got: mode {mode:04o}") as refused:
        read_private("secret", file, 4096)
    assert CONTENT.decode() not in str(refused.value)


def test_what_is_larger_or_no_file_is_refused(file: Path, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe", 0o600)
    for path, most in ((file, len(CONTENT) - 1), (tmp_path / "pipe", 4096), (tmp_path, 4096)):
        with pytest.raises(OptionError, match=r"password: expected an? (ordinary|readable) file"):
            read_private("password", path, most)
    with pytest.raises(OptionError, match="No such file"):
        read_private("password", tmp_path / "nothing", 4096)
