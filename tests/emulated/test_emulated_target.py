"""The emulated target from outside: real processes, real boto3 calls, real requests over TLS, real kills."""

from __future__ import annotations

import sys
import time
from dataclasses import replace
from urllib.parse import urlsplit

import psutil
import pytest

from tailgate.aws.refusals import NameTakenError
from tailgate.errors import CapacityError, TargetError
from tailgate.plan.case import NETWORK_PATHS, EndpointSpec
from tailgate.targets import Endpoint
from tailgate.targets.emulated.emulation import EmulatedTarget
from tests.emulated.emulations import SPEC, invoke, left_over


def test_an_endpoint_is_deployed_answers_over_all_paths_and_is_gone_afterwards(emulated: EmulatedTarget) -> None:
    """From boto3 calls to signed answers on each address; on leaving, endpoint, configuration and model are gone."""
    with emulated.open(SPEC) as endpoint:
        assert left_over(emulated) == [endpoint.name] * 3
        client = emulated.start().clients.sagemaker
        variant = client.describe_endpoint_config(EndpointConfigName=endpoint.name)["ProductionVariants"][0]
        assert (variant["InstanceType"], variant["InitialInstanceCount"]) == ("ml.t2.xlarge", 2)
        assert variant["RoutingConfig"] == {"RoutingStrategy": "RANDOM"}
        assert set(endpoint.addresses) == set(NETWORK_PATHS)
        for path, address in endpoint.addresses.items():
            assert address.network_path == path
            assert invoke(address, dict(endpoint.environment))[0] == 200
    assert left_over(emulated) == []


def test_addresses_are_those_that_aws_would_have(emulated: EmulatedTarget) -> None:
    """The public host is the runtime's, the others an interface endpoint's; each path has an address of its own.

    The client is said to be in its first zone.
    """
    with emulated.open(SPEC) as endpoint:
        public, private, *zonal = (endpoint.addresses[path] for path in NETWORK_PATHS)
        assert urlsplit(public.url).hostname == "runtime.sagemaker.ap-northeast-1.amazonaws.com"
        assert urlsplit(private.url).hostname == emulated.start().private_link.regional
        assert str(urlsplit(private.url).hostname).endswith(".runtime.sagemaker.ap-northeast-1.vpce.amazonaws.com")
        assert sorted(emulated.start().private_link.zonal) == ["ap-northeast-1a", "ap-northeast-1c"]
        assert [urlsplit(each.url).hostname for each in zonal] == list(emulated.start().private_link.zonal.values())
        assert endpoint.provenance["client_zone"] == "ap-northeast-1a, said to be"
        for address in endpoint.addresses.values():
            assert urlsplit(address.url).path == f"/endpoints/{endpoint.name}/invocations"
            assert address.dial is not None
            assert address.dial.startswith("127.")
            assert urlsplit(address.url).port == int(address.dial.split(":")[1])
        if sys.platform == "linux":
            assert len({str(address.dial).partition(":")[0] for address in endpoint.addresses.values()}) == len(NETWORK_PATHS)


def test_the_record_says_that_it_is_no_statement_about_aws(emulated: EmulatedTarget) -> None:
    """Facts for the record: the note, the seed, the profile, and that a model of the user's was not run."""
    with (
        emulated.open(replace(SPEC, model="models/ranker-7")) as own,
        emulated.open(EndpointSpec("other", instance_type="ml.c7i.large")) as other,
    ):
        assert own.provenance["note"] == "emulated: no statement about AWS"
        assert (own.provenance["seed"], own.provenance["instance_profile"]) == ("7", "ml.t2.xlarge")
        assert own.provenance["model"].startswith("models/ranker-7 was not run")
        assert float(own.provenance["deploy_s"]) >= 0.3
        assert "model" not in other.provenance
        assert other.provenance["instance_profile"] == "generic: none for ml.c7i.large"


def test_the_truth_tells_what_was_asked_over_which_path(emulated: EmulatedTarget) -> None:
    """One row per answer of that endpoint over that path since that time."""
    with emulated.open(replace(SPEC, name="truth")) as endpoint:  # a name that no other test asks
        environment = dict(endpoint.environment)
        invoke(endpoint.addresses["public"], environment, inference_id="before")
        since_s = time.monotonic()
        for path, identity in (("public", "a"), ("privatelink", "b"), ("public", "c")):
            invoke(endpoint.addresses[path], environment, inference_id=identity)
        rows = emulated.truth(endpoint.name, "public", since_s)
        assert list(rows["inference_id"]) == [b"a", b"c"]
        assert (rows["status"] == 200).all()
        assert (rows["written_s"] > rows["complete_s"]).all()
        assert list(emulated.truth(endpoint.name, "privatelink")["inference_id"]) == [b"b"]
        assert len(emulated.truth("unknown", "public")) == 0


@pytest.mark.parametrize(
    ("name", "kind", "sentence"),
    [
        ("no-capacity", CapacityError, "InsufficientInstanceCapacity"),
        ("over-quota", CapacityError, "account-level service limit 'ml.t2.xlarge for endpoint usage'"),
        ("broken", TargetError, "did not pass the ping health check"),
    ],
)
def test_a_deployment_that_fails_says_why_and_leaves_nothing(
    emulated: EmulatedTarget, name: str, kind: type[TargetError], sentence: str
) -> None:
    """Want of capacity and of quota are reasons to skip, a broken container is not; all are cleaned up."""
    with pytest.raises(TargetError, match=sentence) as raised, emulated.open(replace(SPEC, name=name)):
        pytest.fail("there is no endpoint")
    assert type(raised.value) is kind
    assert left_over(emulated) == []


def test_a_spec_that_is_open_already_is_refused_and_stays_open(emulated: EmulatedTarget) -> None:
    """The second finds the name taken, and does not delete what is the first's."""
    with emulated.open(SPEC) as endpoint:
        with pytest.raises(NameTakenError), emulated.open(SPEC):
            pytest.fail("it is open already")
        assert invoke(endpoint.addresses["public"], dict(endpoint.environment))[0] == 200


def test_it_can_be_opened_again_after_it_was_closed(emulated: EmulatedTarget) -> None:
    """The name is free again, and the new endpoint answers: nothing remembers the old one."""
    for _ in range(2):
        with emulated.open(SPEC) as endpoint:
            assert invoke(endpoint.addresses["public"], dict(endpoint.environment))[0] == 200


def test_an_error_inside_is_not_hidden_and_the_endpoint_goes(emulated: EmulatedTarget) -> None:
    """Whatever a measurement raises arrives as it was raised."""
    with pytest.raises(ZeroDivisionError), emulated.open(SPEC):
        _ = 1 / 0
    assert left_over(emulated) == []


def test_nothing_listens_beyond_loopback(emulated: EmulatedTarget) -> None:
    """Every listening socket of both processes is in 127.0.0.0/8."""
    with emulated.open(SPEC) as endpoint:
        for title, pid in endpoint.processes.items():
            listening = [c.laddr.ip for c in psutil.Process(pid).net_connections("inet") if c.status == psutil.CONN_LISTEN]
            assert listening, title
            assert all(ip.startswith("127.") for ip in listening), title


def test_an_endpoint_is_plain_to_hand_on(emulated: EmulatedTarget) -> None:
    """What is yielded is data: it says which processes must live, and that it is ours."""
    with emulated.open(SPEC) as endpoint:
        assert isinstance(endpoint, Endpoint)
        assert endpoint.deployed_by_us
        assert {title: psutil.pid_exists(pid) for title, pid in endpoint.processes.items()} == {
            "control plane (moto)": True,
            "data plane": True,
        }
