"""The driver for AMQP 0-9-1: aiormq opens, asks and closes; what is published and delivered goes past it."""
