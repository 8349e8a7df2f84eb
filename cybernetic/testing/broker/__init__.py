"""The parts of the contract of a broker."""
