"""Running trials from the command line: what is printed, what is written, and the exit status."""

import json
import sys
from pathlib import Path

import pytest

import benchmarks.__main__ as bench
import benchmarks.vsm.trials.__main__ as trials
from benchmarks.vsm.trials import run
from benchmarks.vsm.trials.registry import TRIALS
from benchmarks.vsm.trials.trial import Claim


def test_a_trial_is_printed_and_its_runs_are_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "made" / "trials.jsonl"
    monkeypatch.setattr(
        sys, "argv", ["trials", "hang-owned", "--seeds", "3", "--jobs", "1", "--out", str(out)]
    )
    assert trials.main() == 0
    printed = capsys.readouterr()
    assert f"## {TRIALS['hang-owned'].title}" in printed.out
    assert "- holds: the human sees nothing of it" in printed.out
    rows = [json.loads(line) for line in out.read_text().splitlines()]
    assert len(rows) == 3 * len(TRIALS["hang-owned"].arms)
    assert {row["seed"] for row in rows} == {0, 1, 2}
    assert all(row["figures"]["human"] is None for row in rows if row["arm"].startswith("naive"))


def test_a_claim_that_does_not_hold_is_a_failure(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(
        TRIALS["hang-owned"].__dict__, "claims", (Claim("the moon is square", lambda found: False),)
    )
    assert run.show(["hang-owned"], 1, tmp_path / "out.jsonl", lambda line: None, jobs=1) == 1
    assert "- DOES NOT HOLD: the moon is square" in capsys.readouterr().out


def test_an_unknown_trial_is_refused(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["trials", "rate"])
    with pytest.raises(SystemExit) as end:
        trials.main()
    assert end.value.code == 2
    assert "got: ['rate']" in capsys.readouterr().err


def test_the_family_of_the_viable_system_runs_all_trials_and_has_no_peers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def show(names: object, seeds: int, out: Path, say: object) -> int:
        asked.append((list(names), seeds, out))  # type: ignore[call-overload]
        return 0

    monkeypatch.setattr(bench, "show", show)
    monkeypatch.delenv("CYBERNETIC_SOAK", raising=False)
    line = ["bench", "--family", "vsm", "--scale", "0.25", "--out", str(tmp_path / "o.jsonl")]
    monkeypatch.setattr(sys, "argv", line)
    assert bench.main() == 0
    assert asked == [(list(TRIALS), 5, tmp_path / "o.jsonl")]
    monkeypatch.setattr(sys, "argv", [*line, "--peers", "beam"])
    assert bench.main() == 2
    assert len(asked) == 1
