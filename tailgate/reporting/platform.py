"""Platform: what the platform told of recorded runs after they were over, in lines for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from tailgate.reporting.run_file import Run
from tailgate.units import format_usd

_OURS = (("lag_s", "send lag"), ("send_s", "sending"), ("wait_s", "waiting"), ("receive_s", "receiving"))


def time_lines(runs: Sequence[Run]) -> list[str]:
    """A line per case that is known of: `ranker-… where the time goes: mean service time 12.1 ms = network 1.2 + overhead 2.9 + …`."""
    return [f"{run.case.get('id')} where the time goes: {line}" for run in runs for line in time_line(run)]


def time_line(run: Run) -> Iterator[str]:
    """`mean service time 12.1 ms = network 1.2 + overhead 2.9 + model 8.0 (CloudWatch, 2 min)`; nothing where it is not known."""
    match run.platform:
        case {"time": {"service_s": float(service_s), "network_s": float(network_s), **rest}, "minutes": {"count": int(count), **minutes}}:
            parts = [(network_s, "network"), (rest.get("overhead_s"), "overhead"), (rest.get("model_s"), "model")]
            sum_of = " + ".join(f"{name} {_ms(value)}" for value, name in parts)
            whose = "" if run.platform.get("alone") else ", all callers"
            shared = minutes.get("shared_by_loads")
            whose += f", shared by {shared} loads" if isinstance(shared, int) and shared > 1 else ""
            yield f"mean service time {_ms(service_s)} ms = {sum_of} ({run.platform.get('source')}, {count} min{whose})"


def phases_line(run: Run) -> Iterator[str]:
    """The same requests as the client saw them: `as the client saw it: send lag 0.1, sending 0.1, waiting 11.8, receiving 0.2 ms`."""
    match run.platform:
        case {"time": {"phases": Mapping() as phases}}:
            yield "as the client saw it: " + ", ".join(f"{name} {_ms(phases.get(key))}" for key, name in _OURS) + " ms, on average"


def cost_line(run: Run) -> Iterator[str]:
    """What its endpoint came to, for all runs there: `its endpoint cost 0.0123 USD, 0.23 USD an hour (Price List API, …) since …`."""
    match run.platform:
        case {"cost": {"usd": int() | float() as usd, **facts}}:
            price = f"{facts['usd_per_hour']} USD an hour ({facts.get('price')})" if "usd_per_hour" in facts else "by the hour"
            until = f"until {facts['until']}" if facts.get("until") else "and was not seen to be gone"
            yield f"its endpoint cost {format_usd(usd)} for all its runs, {price} since {facts.get('since')} {until}"


def platform_notes(runs: Sequence[Run]) -> list[str]:
    """What has to be said of it, each sentence once."""
    return list(dict.fromkeys(note for run in runs for note in notes_of(run)))


def notes_of(run: Run) -> list[str]:
    """What has to be said of one run."""
    notes = run.platform.get("notes")
    return [str(note) for note in notes] if isinstance(notes, list) else []


def _ms(duration_s: object) -> str:
    return f"{duration_s * 1e3:.1f}" if isinstance(duration_s, int | float) else "–"
