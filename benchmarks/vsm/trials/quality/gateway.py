"""The gateway arm: complaints are logged and counted by an alert, so that the third is acted on at once.

Its other alerts see nothing: every answer says "ok".
"""

from benchmarks.vsm.trials.quality.plain import ENOUGH, complaining

run = complaining(ENOUGH, attended=0.0)
