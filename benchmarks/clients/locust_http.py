"""Locust with its default client, requests; unsigned."""

from __future__ import annotations

from locust import HttpUser, task

from benchmarks.clients.told import CA, HEADERS, PATH, PAYLOAD, pace


class Caller(HttpUser):
    """Posts the payload."""

    wait_time = pace()

    def on_start(self) -> None:
        """Trust the server's authority."""
        self.client.verify = CA or True

    @task
    def invoke(self) -> None:
        """One request."""
        self.client.post(PATH, data=PAYLOAD, headers=HEADERS)
