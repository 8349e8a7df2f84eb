"""The benchmark of the audit judges what it reproduces: another design is not that of the published table."""

from dataclasses import replace

import pytest

from benchmarks.vsm.audit import table

RUNS = 300


def test_the_design_is_that_of_the_published_table() -> None:
    for rate in (0.1, 0.2, 0.4):
        one = table.row(rate, RUNS, seed=7)
        assert table.simulated_well(one, RUNS)
        assert table.published_well(one, RUNS)


@pytest.mark.parametrize("limit", [3.0, 5.0])
def test_another_limit_agrees_with_its_own_exact_values_and_not_with_the_table(
    limit: float, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(table, "DESIGN", replace(table.DESIGN, limit=limit))
    rows = [table.row(rate, RUNS, seed=7) for rate in (0.1, 0.2, 0.4)]
    assert all(table.simulated_well(one, RUNS) for one in rows)
    assert not any(table.published_well(one, RUNS) for one in rows)
    assert not table.report(rows, RUNS)
    assert capsys.readouterr().out.count("published too far") == len(rows)
