"""Today's practice: Locust users that call boto3's invoke_endpoint, timed around the call."""

from __future__ import annotations

import os
import time

import boto3
from botocore.config import Config
from locust import User, task

from benchmarks.clients.told import CA, PATH, PAYLOAD, pace

_ORIGIN = os.environ["BENCH_ORIGIN"]
_ENDPOINT = PATH.split("/")[2]
_CONFIG = Config(max_pool_connections=1000, retries={"max_attempts": 0})
_CLIENT = boto3.client("sagemaker-runtime", endpoint_url=_ORIGIN, verify=CA or None, config=_CONFIG)


class Caller(User):
    """Invokes the endpoint through one client that all users share."""

    wait_time = pace()

    @task
    def invoke(self) -> None:
        """One request, reported to Locust."""
        started_s, error, length = time.perf_counter(), None, 0
        try:
            answer = _CLIENT.invoke_endpoint(EndpointName=_ENDPOINT, ContentType="application/json", Body=PAYLOAD)
            length = len(answer["Body"].read())
        except Exception as failure:
            error = failure
        took_ms = (time.perf_counter() - started_s) * 1e3
        self.environment.events.request.fire(
            request_type="boto3", name="invoke_endpoint", response_time=took_ms, response_length=length, exception=error, context={}
        )
