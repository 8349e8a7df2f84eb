"""What comes from a queue: a worker for each delivery, acknowledged after its effect; retries, parking, holds."""
