"""Locust with its fast client, geventhttpclient; unsigned."""

from __future__ import annotations

from locust import FastHttpUser, task

from benchmarks.clients.told import HEADERS, PATH, PAYLOAD, pace


class Caller(FastHttpUser):
    """Posts the payload; certificates are not verified, which is this client's default."""

    wait_time = pace()

    @task
    def invoke(self) -> None:
        """One request."""
        self.client.post(PATH, data=PAYLOAD, headers=HEADERS)
