"""The connection table on disk, whole and damaged."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailgate.connection_table import (
    CONNECTION,
    CONNECTION_STRUCT,
    address_text,
    connections_path,
    pack_address,
    read_connections,
    write_layout,
)
from tailgate.errors import SamplesError


@given(address=st.ip_addresses(v=4).map(str) | st.ip_addresses(v=6).filter(lambda one: one.ipv4_mapped is None).map(str))
def test_addresses_come_back_as_they_were(address):
    """Of both families, as people write them."""
    assert len(pack_address(address)) == 16
    assert address_text(pack_address(address)) == address


def test_the_zone_of_a_link_local_address_is_left_out():
    """It names an interface of the generator's host, and tells nothing of where the endpoint is."""
    assert address_text(pack_address("fe80::1%eth0")) == "fe80::1"


def test_a_record_is_what_the_layout_says():
    """The struct that writes and the dtype that reads are of one size."""
    assert CONNECTION_STRUCT.size == CONNECTION.itemsize == 40


def test_what_a_killed_generator_left_half_written_is_dropped(tmp_path: Path):
    """Records before it are read, by number."""
    path = tmp_path / "x.samples"
    with connections_path(path).open("wb") as file:
        write_layout(file)
        for number in (2, 0, 1):
            file.write(CONNECTION_STRUCT.pack(number, number / 2, 0, 0, 0, pack_address("::1")))
        file.write(b"\0" * 39)
    table = read_connections(path)
    assert table["number"].tolist() == [0, 1, 2]
    assert table["opened_s"].tolist() == [0, 0.5, 1]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"tailgate-connections 2\n{}\n",
        b"tailgate-connections 1\n",
        b"tailgate-connections 1\n[]\n",
        b'tailgate-connections 1\n{"record": [["a", "O"]]}\n',
        b'tailgate-connections 1\n{"record": [["number", "what"]]}\n',
        b'tailgate-connections 1\n{"record": [["a", "<u4"]]}\n',
    ],
)
def test_a_damaged_table_is_refused_with_what_to_do(content, tmp_path: Path):
    """In a sentence that says how to get at the samples all the same."""
    connections_path(tmp_path / "x.samples").write_bytes(content)
    with pytest.raises(SamplesError, match="delete it to read the samples without"):
        read_connections(tmp_path / "x.samples")


def test_an_absent_table_is_an_empty_one(tmp_path: Path):
    """Earlier versions wrote none."""
    assert len(read_connections(tmp_path / "x.samples")) == 0
