"""What goes to a broker: a window of messages on their way, a result for each, and the outbox behind it."""
