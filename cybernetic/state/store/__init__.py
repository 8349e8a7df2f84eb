"""What must last, on SQLite: a file, its one writer with group commit, and the outbox, inbox, journal and nonces."""
