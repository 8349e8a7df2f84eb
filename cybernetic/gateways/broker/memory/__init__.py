"""The in-process broker: AMQP's semantics as RabbitMQ has them, without a server."""
