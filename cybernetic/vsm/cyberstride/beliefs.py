"""What a filter believes in each regime, and how that is written down while a datum is taken in."""

from cybernetic.vsm.cyberstride.regimes import Quad

Belief = tuple[float, float, float, float, float]
"""What is believed in one regime: level, growth, and their covariance c00, c01, c11 in units of V."""

Beliefs = tuple[Belief, Belief, Belief, Belief]

Datum = tuple[float, float, float, Beliefs]
"""What all pairs have in common: a datum, the periods since the last one, the root of V, and what was believed."""

Ray = tuple[float, float, float, float, float, float, float]
"""A regime's belief carried on to a datum: its probability, growth, c00, c01, c11, the error of its forecast, and half
the square of that, all in units of V or, growth and error, of its root.
"""

Merged = tuple[float, float, Belief, Quad]
"""What is left of the pairs that end in a regime: a weight that is not yet scaled to probabilities, the exponent by
which that is lowered, the belief, and the probabilities of where it came from.
"""

NARROWEST = 1e-100  # of a variance, in V: times the least V it is still a number
LIFT = 1e150  # what weights are multiplied by, that those of the least likely regime do not vanish
