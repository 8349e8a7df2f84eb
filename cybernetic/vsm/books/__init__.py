"""What outlives the agents of a viable system: values under a key, and a log that is only ever added to."""
