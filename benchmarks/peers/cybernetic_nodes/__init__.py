"""This library, node to node: the agents, the rows, and what they read of processes."""
