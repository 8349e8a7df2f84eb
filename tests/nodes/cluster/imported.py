"""A module that nothing imports but the nodes that are told to."""
