"""What the doctor makes of what it finds, on machines that are not this one."""

from pathlib import Path

import pytest

from cybernetic.apps.doctor.finding import Finding, lag_finding, status, version_finding
from cybernetic.apps.doctor.machine import groups, python


@pytest.mark.parametrize(
    ("expected", "got", "line"),
    [
        ("4.0.1", "4.0.1", "ok    thespian: 4.0.1"),
        ("", "9", "ok    thespian: 9"),
        ("4.0.1", "3.10", "fail  thespian: expected 4.0.1, got: 3.10 -> pip install thespian==4.0.1"),
        ("4.0.1", None, "fail  thespian: is not installed -> pip install thespian==4.0.1"),
        ("", None, "fail  thespian: is not installed -> pip install thespian"),
    ],
)
def test_a_package_is_there_in_its_version_or_a_remedy_is_named(
    expected: str, got: str | None, line: str
) -> None:
    assert version_finding("thespian", expected, got).line() == line


def test_an_old_python_fails() -> None:
    assert python((3, 10, 9)).level == "fail"
    assert python((3, 11, 0)).level == "ok"
    assert python((4, 0, 0)).level == "ok"


def test_only_a_failure_makes_the_status_1() -> None:
    ok, warn, fail = (Finding(level, "x", "y") for level in ("ok", "warn", "fail"))
    assert (status([ok, warn]), status([ok, fail, warn]), status([])) == (0, 1, 0)


def test_a_loop_that_comes_late_is_a_warning() -> None:
    assert lag_finding(0.002).line() == "ok    event loop: 2.0 ms late at worst"
    assert lag_finding(0.2).level == "warn"


def test_control_groups_must_be_there_and_writable(tmp_path: Path) -> None:
    member = tmp_path / "member"
    member.write_text("1:cpu:/x\n0::/own\n")
    assert groups(tmp_path, member).text == "there is none"
    (tmp_path / "cgroup.controllers").touch()
    assert groups(tmp_path, member).text == "is not writable"
    (tmp_path / "own").mkdir()
    assert groups(tmp_path, member).level == "ok"
