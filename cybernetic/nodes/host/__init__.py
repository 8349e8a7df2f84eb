"""What makes, watches and ends the processes of one host: a port, and its drivers."""
