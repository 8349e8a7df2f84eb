"""What is measured: each peer is a program that runs one workload and prints a line of JSON for a figure."""
