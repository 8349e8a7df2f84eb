"""Chance in these tests: the lots of audits are the same in every run."""

from itertools import count

import pytest

from cybernetic.vsm.inspection.secret import Secret


@pytest.fixture(autouse=True)
def the_same_lots(monkeypatch: pytest.MonkeyPatch) -> None:
    """A secret that is always the same, and tasks that are counted: a fresh one of each would draw other lots."""
    numbers = count(1)
    monkeypatch.setattr(Secret, "fresh", lambda: Secret(b"a secret for these tests alone"))
    monkeypatch.setattr("cybernetic.vsm.operations.task.token", lambda size: f"task {next(numbers)}")
