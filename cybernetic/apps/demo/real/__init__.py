"""The demonstration for real: divisions in processes of their own, in real time, and one is killed."""
