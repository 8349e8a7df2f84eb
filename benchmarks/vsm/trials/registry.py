"""All the trials there are, in the order in which they are shown."""

from benchmarks.vsm.trials.costs.trial import TRIALS as COSTS
from benchmarks.vsm.trials.hang.trial import TRIALS as HANG
from benchmarks.vsm.trials.herd.trial import TRIALS as HERD
from benchmarks.vsm.trials.quality.trial import TRIALS as QUALITY
from benchmarks.vsm.trials.rates.trial import TRIALS as RATES
from benchmarks.vsm.trials.shift.trial import TRIALS as SHIFT
from benchmarks.vsm.trials.trial import Trial

TRIALS: dict[str, Trial] = {trial.name: trial for trial in (*RATES, *HERD, *COSTS, *QUALITY, *HANG, *SHIFT)}
