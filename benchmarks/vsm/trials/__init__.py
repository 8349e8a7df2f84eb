"""Trials: simulated worlds in which plain arms and viable ones live through the same seeded luck, paired.

`python -m benchmarks --family vsm` runs them all. Each folder is one world: `world.py` is what happens and
the ports through which an arm acts, `plain.py` and `gateway.py` what a good engineer writes on the first and
on the second day, `viable.py` the same done by parts of the viable system, `living.py` (where there is one) by a
living one, `trial.py` the arms, the columns and what is claimed. An arm is `async def run(world, seed) -> Result`.
"""
