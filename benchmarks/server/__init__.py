"""The server that all are measured on: known_times.c, and what stands in for it where nothing compiles C."""
