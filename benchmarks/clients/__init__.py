"""Locust files: how the peers are used in practice. Each is run by Locust's own command."""
