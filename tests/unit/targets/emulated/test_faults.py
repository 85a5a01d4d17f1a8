"""What a caller may ask to go wrong."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailgate.targets.emulated.faults import CONNECTION_FAULTS, Fault, fault_asked_for
from tailgate.targets.emulated.wire_errors import IN_STREAM, ON_DEMAND


@pytest.mark.parametrize("attributes", [None, "", "trace=7", "fault=reset", "x-tailgate-fault=reset", "tailgate-faults=reset"])
def test_other_attributes_ask_for_nothing(attributes: str | None) -> None:
    """The header is the user's: only our own key means something."""
    assert fault_asked_for(attributes) is None


@pytest.mark.parametrize("code", ON_DEMAND)
def test_an_errors_code_asks_for_that_error(code: str) -> None:
    """Beside other attributes, with or without spaces."""
    assert fault_asked_for(f"a=b;tailgate-fault={code}") == fault_asked_for(f" tailgate-fault={code} ; c") == Fault(error=ON_DEMAND[code])


@pytest.mark.parametrize("code", IN_STREAM)
def test_a_streams_error_comes_amid_the_stream_unless_asked_for_before(code: str) -> None:
    """The two ways in which botocore's model has them."""
    assert fault_asked_for(f"tailgate-fault={code}") == Fault(kind=code)
    assert fault_asked_for(f"tailgate-fault=before-stream:{code}") == Fault(error=IN_STREAM[code])


@pytest.mark.parametrize("name", [*CONNECTION_FAULTS, "wrong-answer", "ModelError"])
def test_a_name_asks_for_that_fault(name: str) -> None:
    """The faults that are no refusal."""
    assert fault_asked_for(f"tailgate-fault={name}") == Fault(kind=name)


def test_a_stall_has_a_length() -> None:
    """In seconds, from none to an hour."""
    assert [fault_asked_for(f"tailgate-fault=stall={length}") for length in ("0", "2.5", "3600")] == [
        Fault(stall_s=s) for s in (0.0, 2.5, 3600.0)
    ]


@given(st.text(max_size=100))
def test_whatever_is_asked_for_gets_a_fault_or_a_refusal(asked: str) -> None:
    """No text in the header breaks the server, and none that uses our key is ignored."""
    fault = fault_asked_for(f"tailgate-fault={asked}")
    assert fault is not None
    assert fault.error is not None or fault.kind or fault.stall_s >= 0
