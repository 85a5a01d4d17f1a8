"""The event stream's framing, read by botocore's own decoder."""

from __future__ import annotations

import json

from botocore.eventstream import EventStreamBuffer
from hypothesis import given
from hypothesis import strategies as st

from tailgate.targets.emulated.event_stream import exception_event, payload_part


@given(payloads=st.lists(st.binary(max_size=500), max_size=5), cut=st.integers(1, 64))
def test_parts_come_out_as_they_went_in_however_the_bytes_arrive(payloads: list[bytes], cut: int) -> None:
    """Both checksums are right (botocore checks them), the headers are SageMaker's, and the bytes may come in any pieces."""
    framed = b"".join(map(payload_part, payloads))
    events = EventStreamBuffer()
    read = []
    for start in range(0, len(framed), cut):
        events.add_data(framed[start : start + cut])
        read += list(events)
    assert [event.payload for event in read] == payloads
    assert all(event.headers[":event-type"] == "PayloadPart" and event.headers[":message-type"] == "event" for event in read)


def test_an_exception_names_its_type_and_carries_its_members() -> None:
    """That is all by which botocore tells it from an event."""
    events = EventStreamBuffer()
    events.add_data(exception_event("ModelStreamError", b'{"Message": "broken"}'))
    (event,) = list(events)
    assert event.headers == {":message-type": "exception", ":exception-type": "ModelStreamError", ":content-type": "application/json"}
    assert json.loads(event.payload) == {"Message": "broken"}
