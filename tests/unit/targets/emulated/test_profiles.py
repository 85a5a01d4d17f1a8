"""The profiles that ship, and what is said of ones that cannot be read."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from tailgate.errors import PlanError
from tailgate.targets.emulated.profiles import SHIPPED, load_profiles

BLOG = ["ml.t2.medium", "ml.t2.large", "ml.t2.xlarge", "ml.t2.2xlarge", "ml.m5.large"]
BLOG += [f"ml.m5.{size}" for size in ("xlarge", "2xlarge", "4xlarge", "12xlarge", "24xlarge")]
VCPUS = [2, 2, 4, 8, 2, 4, 8, 16, 48, 96]


def test_the_ten_types_of_the_blog_have_profiles_with_their_vcpus() -> None:
    """Each of the starting experiment's types is profiled on its own, with EC2's published vCPUs."""
    profiles = load_profiles()
    assert [profiles.of(name).vcpus for name in BLOG] == VCPUS
    assert not any(profiles.of(name).generic for name in BLOG)


def test_every_number_says_whether_it_is_published_or_made_up() -> None:
    """No number stands alone: walking the file finds pairs only, and every source named exists."""
    tables = tomllib.loads(SHIPPED.read_text())
    sources = tables.pop("sources")

    def walk(value: object) -> list[object]:
        return [pair for inner in value.values() for pair in walk(inner)] if isinstance(value, dict) else [value]

    pairs = walk(tables)
    assert len(pairs) > 50
    for number, origin in pairs:  # type: ignore[misc]
        assert isinstance(number, int | float)
        assert origin.startswith("made up") or origin.removeprefix("published: ") in sources


@pytest.mark.parametrize(
    ("instance_type", "vcpus"), [("ml.c7i.large", 2), ("ml.c6i.xlarge", 4), ("ml.r5.4xlarge", 16), ("ml.t3.medium", 2), ("ml.odd.metal", 2)]
)
def test_a_type_without_a_profile_gets_a_generic_one_that_says_so(instance_type: str, vcpus: int) -> None:
    """The generic profile is labelled, and has the vCPUs that EC2's names of sizes tell."""
    profile = load_profiles().of(instance_type)
    assert (profile.generic, profile.instance_type, profile.vcpus) == (True, instance_type, vcpus)


def test_an_unknown_network_path_is_refused_with_the_nearest() -> None:
    """A misspelt path is not silently given another one's floor."""
    with pytest.raises(PlanError, match="'privatlink' has no profile; did you mean 'privatelink'"):
        load_profiles().floor("privatlink")


MISTAKES = {
    "a number without an origin": ('sigma = [0.35, "made up"]', "sigma = 0.35", "[network_path.public] sigma is 0.35"),
    "a negative number": ("[4.9,", "[-4.9,", "minimum_ms is [-4.9,"),
    "a number that is none": ("[4.9,", "[nan,", "minimum_ms is [nan,"),
    "a truth value": ("[4.9,", "[true,", "minimum_ms is [True,"),
    "an origin that says nothing": ('[0.75, "made up"]', '[0.75, "measured"]', "has the origin 'measured'"),
    "a source that is not listed": ('[2, "published: ec2"]', '[2, "published: ec3"]', "[sources] lacks; did you mean 'ec2'?"),
    "a misspelt key": ("vcpus =", "vcpu =", "has the key 'vcpu'; did you mean 'vcpus'?"),
    "half a worker": ('[2, "published: ec2"]', '[0.5, "published: ec2"]', "vcpus is 0.5; it is a whole number"),
    "no worker": ('[2, "published: ec2"]', '[0, "published: ec2"]', "vcpus is 0.0; it is a whole number"),
    "a missing table": ("[generic]", "[generics]", "[generics] is not known; did you mean 'generic'?"),
    "a probability above one": ("probability = [0.0001", "probability = [1.5", "probability is 1.5; it is between 0 and 1"),
    "not TOML": ("[outlier]", "[outlier", "the profiles cannot be read"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_in_a_profiles_file_is_named_with_file_key_and_value(mistake: str, tmp_path: Path) -> None:
    """Each mistake, made once in a copy of the shipped file, is refused in a sentence that finds it."""
    right, wrong, told = MISTAKES[mistake]
    text = SHIPPED.read_text()
    assert right in text
    path = tmp_path / "profiles.toml"
    path.write_text(text.replace(right, wrong, 1))
    with pytest.raises(PlanError, match=re.escape(told)) as refusal:
        load_profiles(path)
    assert str(path) in str(refusal.value)


def test_a_profiles_file_that_is_absent_or_not_utf8_is_named(tmp_path: Path) -> None:
    """Both are the user's to mend, so both are sentences, not tracebacks."""
    foreign = tmp_path / "latin1.toml"
    foreign.write_bytes("# naïve".encode("latin1"))
    for path in (tmp_path / "absent.toml", foreign):
        with pytest.raises(PlanError, match=re.escape(str(path))):
            load_profiles(path)
