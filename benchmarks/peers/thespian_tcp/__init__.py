"""Thespian by itself, a process for each actor: what a program gets that sends its messages by `self.send`."""
