"""The options of `tailgate drive`, and the order and the budget that they come to. Nothing heavy is imported here."""

from __future__ import annotations

import argparse
import math
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import MISSING, fields, replace
from pathlib import Path

from tailgate.errors import GeneratorError, PlanError
from tailgate.generator.order import Order
from tailgate.generator.route import route_of
from tailgate.generator.tls import trusting
from tailgate.plan.budget import Budget
from tailgate.plan.enough import check_enough
from tailgate.plan.expect import Expect
from tailgate.plan.load import LOADS, Load, load_from
from tailgate.plan.vocabulary import COST
from tailgate.targets import Address
from tailgate.units import seconds

PEERS = ("locust-boto3", "locust")
"""What a URL can be measured with beside tailgate."""

MOST_PER_WORKER_PER_S = 40_000
"""Above this no process was ever seen to send; what one keeps on a host is found out by measuring."""

UNSIGNED_REGION = "us-east-1"
"""Of an address that is not signed for: no request names it."""

_INVOCATIONS = "/invocations"
_NUMBER = re.compile(r"[0-9]+(\.[0-9]+)?|\.[0-9]+")
_SIGV4 = re.compile(r"([a-z0-9-]+):([a-z0-9-]+)")
_EPILOG = """\
Without --payload the URL is asked with GET, with one, or where its path ends in /invocations, with POST. Durations are written 6s, 500ms
or 2min; a plain number is seconds. Exit codes: 0 measured (within budget, where one is given), 1 over budget, 2 undecided, or the
run cannot be trusted, 4 wrong options or nothing to measure, 130 interrupted."""


def declare(parser: argparse.ArgumentParser) -> None:
    """Add the options to a parser."""
    parser.epilog = _EPILOG
    add = parser.add_argument
    add("url", metavar="URL", help="what to measure, with its path: https://host/endpoints/NAME/invocations")
    add("--rate", type=_rate, default=50.0, metavar="N", help="requests per second to offer (50)")
    add("--duration", type=_length, default=6.0, metavar="TIME", help="of the judged part (6s)")
    add("--warmup", type=_duration, default=1.0, metavar="TIME", help="of the part before it, which is not judged (1s)")
    add("--connections", type=_whole(1), metavar="N", help="opened before the load (by default from the rate); never a cap")
    add("--arrival", default="poisson", metavar="NAME", help="how requests arrive: poisson (default), constant")
    add("--seed", type=_whole(0), default=0, metavar="N", help="of what is drawn at random (0)")
    add("--payload", action="append", default=[], metavar="FILE", help="a body, '-' for standard input; of several, each takes one")
    add("--header", action="append", default=[], metavar="'K: V'", help="sent with each request; may be repeated")
    add("--expect", metavar="TEXT", help="what a right answer contains; any other answer is an error")
    add("--sigv4", metavar="SERVICE:REGION", help="sign with AWS credentials, as sagemaker:eu-central-1")
    add("--ca", type=Path, metavar="FILE", help="PEM file of authorities to trust beside the system's")
    add("--timeout", type=_length, default=70.0, metavar="TIME", help="after which an answer is given up (70s)")
    add("--workers", type=_whole(1), default=1, metavar="N", help="processes that share the load (1)")
    add("--budget", action="append", default=[], metavar="'p99 <= 60ms'", help="a limit to judge by; may be repeated")
    add("--full-length", action="store_true", help="run the load to its end, however clearly it misses the budget before")
    add("--beside", choices=PEERS, help="measure the same with Locust as it is used today first, and show both")
    add("--samples", type=Path, metavar="FILE", help="keep each request's times in this file (see tailgate export)")
    add("--json", metavar="FILE|-", help="write the measurement as one JSON object; '-' is standard output, and nothing else is")


def order_of(options: argparse.Namespace, samples: Path) -> Order:
    """What the generator is to do. Raises PlanError or GeneratorError for options that cannot be meant."""
    from tailgate.measure import connections_for

    load, payloads = _load(options), tuple(map(_payload, options.payload))
    return Order(
        address=_address(options),
        load=load,
        payloads=payloads or (b"",),
        payload_seed=options.seed,
        samples=samples,
        expect=Expect.of(contains=options.expect) if options.expect is not None else None,
        connections=options.connections or connections_for(load),
        workers=options.workers,
    )


def budget_of(options: argparse.Namespace, load: Load) -> Budget | None:
    """The budget, if one is asked for. Raises PlanError, also when the load is too short to decide it."""
    if not options.budget:
        return None
    budget = Budget.of(*options.budget)
    for limit in budget.limits:
        if limit.unit is COST:
            raise PlanError(f"--budget '{limit.source}': a URL has no instances whose price is known; a case in a plan or a test has")
        expected = load.expected_requests
        if expected is not None and expected < limit.least_requests:
            raise PlanError(
                f"--budget '{limit.source}' needs at least {limit.least_requests} requests to be decided, "
                f"{load.for_s:g} s {load.wording} are about {expected:.0f}; raise --rate or --duration"
            )
    check_enough(load, budget, "--budget")
    return budget


def _load(options: argparse.Namespace) -> Load:
    per_s, workers = options.rate, options.workers
    if per_s > MOST_PER_WORKER_PER_S * workers:
        raise PlanError(
            f"--rate {per_s:g} is more than {workers} generating process{'es' if workers > 1 else ''} can send; ask for "
            f"--workers {math.ceil(per_s / MOST_PER_WORKER_PER_S)} at least, with as many idle cores, or for a lower rate"
        )
    if options.arrival in LOADS and options.arrival not in arrivals():
        raise PlanError(f"--arrival {options.arrival} needs more than a rate; ask for it in a plan, or for one of {', '.join(arrivals())}")
    asked = {"per_s": per_s, "for_s": options.duration, "warmup_s": options.warmup, "seed": options.seed}
    known = {field.name for field in fields(LOADS[options.arrival])} if options.arrival in LOADS else set(asked)
    return load_from({"arrival": options.arrival} | {key: value for key, value in asked.items() if key in known})


def arrivals() -> list[str]:
    """The arrival processes that a rate and a duration describe."""
    return [
        name for name, kind in LOADS.items() if {field.name for field in fields(kind) if field.default is MISSING} == {"per_s", "for_s"}
    ]


def _address(options: argparse.Namespace) -> Address:
    sign, region = _signing(options.sigv4)
    address = Address(
        url=options.url,
        region=region,
        network_path="public",
        headers=_headers(options.header),
        sign=sign,
        ca_pem=_authorities(options.ca),
        timeout_s=options.timeout,
    )
    sends = options.payload or route_of(address).path.endswith(_INVOCATIONS)
    return address if sends else replace(address, method="GET")


def _payload(name: str) -> bytes:
    try:
        return sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
    except OSError as error:
        raise PlanError(f"--payload {name} cannot be read: {error.strerror}") from None


def _headers(lines: Sequence[str]) -> dict[str, str]:
    headers: dict[str, str] = {}
    for line in lines:
        name, colon, value = (part.strip() for part in line.partition(":"))
        if not colon or not name:
            raise PlanError(f"--header {line!r} is no header; write it as 'Name: value'")
        if name.lower() in map(str.lower, headers):
            raise PlanError(f"--header {line!r}: {name} is given twice; join its values with a comma")
        headers[name] = value
    return headers


def _signing(text: str | None) -> tuple[str | None, str]:
    """Service and region to sign for."""
    match = _SIGV4.fullmatch(text) if text is not None else None
    if text is not None and match is None:
        raise PlanError(f"--sigv4 '{text}' is not a service and a region; write for instance sagemaker:eu-central-1")
    return (match[1], match[2]) if match else (None, UNSIGNED_REGION)


def _authorities(file: Path | None) -> str | None:
    if file is None:
        return None
    try:
        pem = file.read_text("ascii")
        trusting(pem)
    except OSError as error:
        raise PlanError(f"--ca {file} cannot be read: {error.strerror}") from None
    except (UnicodeDecodeError, GeneratorError):
        raise PlanError(f"--ca {file} holds no certificate; name a PEM file, which has lines -----BEGIN CERTIFICATE-----") from None
    return pem


def _duration(text: str) -> float:
    """Seconds, from a duration with its unit or a plain number of seconds."""
    try:
        return float(text) if _NUMBER.fullmatch(text) else seconds(text)
    except PlanError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _length(text: str) -> float:
    """A duration that is not nothing."""
    length_s = _duration(text)
    if length_s == 0:
        raise argparse.ArgumentTypeError(f"'{text}' is no time at all; it is above 0")
    return length_s


def _rate(text: str) -> float:
    number = text.removesuffix("/s").strip()
    if not _NUMBER.fullmatch(number) or float(number) == 0:
        raise argparse.ArgumentTypeError(f"'{text}' is not a rate: write requests per second, such as 200")
    return float(number)


def _whole(least: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not text.isdecimal() or int(text) < least:
            raise argparse.ArgumentTypeError(f"'{text}' is not a whole number from {least} up")
        return int(text)

    return read
