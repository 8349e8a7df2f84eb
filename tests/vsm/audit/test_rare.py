"""A rate so small that its alarm cannot be computed is refused, not waited for."""

import pytest

from cybernetic.core import OptionError
from cybernetic.vsm.audit import CusumDesign, run_length


def test_an_alarm_too_rare_for_a_float_is_refused() -> None:
    with pytest.raises(OptionError) as caught:  # 66 discrepancies, each of one in a million
        run_length(1e-6, CusumDesign(q0=0.01, q1=0.1, limit=150.0))
    assert caught.value.name == "q"
