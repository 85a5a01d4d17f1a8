"""Runs built by hand for the analysis' tests: real cases and samples, without a generator."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from tailgate.plan.budget import Budget
from tailgate.plan.case import Case, EndpointSpec
from tailgate.plan.load import ConstantRate
from tailgate.samples import RECORD, Header, Samples


def build_case(*limits: str, per_s: float = 50, for_s: float = 60) -> Case:
    spec = EndpointSpec("resnet50", instance_type="ml.c6i.xlarge")
    return Case(spec, b"{}", ConstantRate(per_s, for_s), Budget.of(*limits), network_path="privatelink")


def build_samples(case: Case, service_s: object, *, lag_s: object = 1e-4, error: object = 0, waited: object = 0) -> Samples:
    """A judged run that kept the case's schedule; service_s, lag_s, error, waited: one value, or one per request."""
    due_s = case.load.due_times()
    header = Header(len(due_s), case.load.warmup_s, case.load.for_s, 0.0, 0.0, "by hand", "https://127.0.0.1/")
    due_s = due_s[due_s >= case.load.warmup_s]
    records = np.zeros(len(due_s), RECORD)
    records["due_s"], records["sent_after_s"], records["error"], records["waited"] = due_s, lag_s, error, waited
    records["done_after_s"] = records["first_byte_after_s"] = np.asarray(lag_s) + np.asarray(service_s)
    return Samples(header, records)


def lognormal_s(n: int, median_s: float, sigma: float, seed: int = 1) -> np.ndarray:
    return median_s * np.exp(sigma * np.random.default_rng(seed).standard_normal(n))


@pytest.fixture
def new_case() -> Callable[..., Case]:
    return build_case


@pytest.fixture
def new_samples() -> Callable[..., Samples]:
    return build_samples


@pytest.fixture
def lognormal() -> Callable[..., np.ndarray]:
    return lognormal_s
