"""What a measurement has to itself: this host where load is its own, an endpoint in use where load comes from others."""

from tailgate import Budget, Case, EndpointSpec, Poisson
from tailgate.places import places_of
from tailgate.plan.pair import Pair
from tailgate.targets.attaching import Attaching
from tailgate.targets.registry import Settings
from tailgate.turn import NAME, turns
from tailgate.vantage.local import LocalPost

CASE = Case(EndpointSpec("ranker"), payload=b"[1]", load=Poisson(per_s=50, for_s=20, seed=7), budget=Budget.of("p90 <= 50ms"))
IN_USE = Settings("existing", "us-east-1", "", attaching=Attaching(100.0, {"ranker": "ranker-v8"}))


class Elsewhere(LocalPost):
    """A post whose load is not this host's."""

    on_this_host = False


def test_load_of_this_host_takes_this_host() -> None:
    """One measurement at a time, whatever it asks."""
    assert places_of(LocalPost(), IN_USE, CASE) == [NAME]


def test_load_of_other_hosts_takes_the_endpoint_in_use() -> None:
    """Under its own name, so that cases that call it otherwise meet there; other endpoints and regions are others."""
    (place,) = places_of(Elsewhere(), IN_USE, CASE)
    direct = Settings("existing", "us-east-1", "")
    assert places_of(Elsewhere(), direct, CASE.at("ranker-v8")) == [place]
    assert places_of(Elsewhere(), direct, CASE) != [place]
    assert places_of(Elsewhere(), Settings("existing", "eu-west-1", ""), CASE.at("ranker-v8")) != [place]
    assert len(f"\0{place}") < 107  # of a socket's name


def test_two_arms_take_both_endpoints() -> None:
    """Each, and one that is both arms' once."""
    arms = Pair(CASE.at("ranker-v7"), CASE.at("ranker-v8"))
    places = places_of(Elsewhere(), Settings("existing", "us-east-1", ""), arms)
    assert len(set(places)) == 2
    same = places_of(Elsewhere(), IN_USE, Pair(CASE.via("public"), CASE.via("privatelink")))
    assert len(set(same)) == 1
    with turns(lambda _: None, same):
        pass


def test_endpoints_of_the_sessions_own_are_asked_by_nobody_else() -> None:
    """A url is: whatever answers there."""
    assert places_of(Elsewhere(), Settings("sagemaker", "us-east-1", ""), CASE) == []
    assert len(places_of(Elsewhere(), Settings("url", "us-east-1", "", url="http://10.0.0.5/"), CASE)) == 1


def test_places_are_free_again_and_taken_in_one_order() -> None:
    """Whoever takes the same two in another order waits, and is not waited for."""
    waited: list[float] = []

    def waiting(waited_s: float) -> None:
        waited.append(waited_s)
        if len(waited) > 2:
            raise TimeoutError

    with turns(waiting, ["tailgate-test-b", "tailgate-test-a"]):
        try:
            with turns(waiting, ["tailgate-test-a", "tailgate-test-b"]):
                raise AssertionError("both hold them")
        except TimeoutError:
            pass
    waited.clear()
    with turns(waiting, ["tailgate-test-a", "tailgate-test-b"]):
        assert not waited
