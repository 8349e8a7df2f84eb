"""What tests of viable systems need: a simulated hour of one, and the invariants that each should have."""

from cybernetic.testing.vsm.conformance import Conformance, Found, conformance
from cybernetic.testing.vsm.invariants.invariant import Invariant
from cybernetic.testing.vsm.simulation import Done, Run, run

__all__: tuple[str, ...] = ("Conformance", "Done", "Found", "Invariant", "Run", "conformance", "run")
