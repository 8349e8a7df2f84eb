"""Looking into a running system from another process: a socket in the run's directory, one JSON object a line."""
