"""The directory: names, groups and topics that all nodes know, each node writing what its own agents do."""
