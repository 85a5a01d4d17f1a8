"""What a session that deploys may cost, shown and held against --latency-max-usd before anything is created. Imports nothing heavy."""

from __future__ import annotations

import sys
import textwrap
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any, cast

import pytest

from tailgate.errors import PlanError
from tailgate.plan.ceiling import RUN_ALLOWANCE_S, Asked, PriceOf, Terms, ceiling_of, is_private, specs_of
from tailgate.plan.prices import Price
from tailgate.plan.purse import Purse
from tailgate.plan.rates import host_hour_at_most, hour_at_most, zone_hour_at_most
from tailgate.pytest_deploying import KIND
from tailgate.pytest_options import BASELINES, kind_of, settings_of
from tailgate.pytest_terminal import WIDTH_OF_LOGS
from tailgate.pytest_vantage import with_hosts
from tailgate.targets.deploying import WARMS_WITHIN_S, Deploying, unattended
from tailgate.targets.registry import Settings

PURSE: pytest.StashKey[Purse | None] = pytest.StashKey()

_FROM_WORKER = "tailgate_cost"
"""The key under which an xdist worker's `workeroutput` tells what was planned and spent, in US dollars."""

_PLUGIN = "tailgate-costing"
EMULATED = "emulated"


@dataclass
class Costing:
    """A plugin: tells in the end what the session came to. totals: planned and spent, by process."""

    purse: Purse | None = None
    totals: list[tuple[Decimal, Decimal]] = field(default_factory=list)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Take over what an xdist worker spent."""
        told = getattr(node, "workeroutput", {}).get(_FROM_WORKER)
        if told is not None:
            self.totals.append((Decimal(told[0]), Decimal(told[1])))

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Everything is deleted: note what it came to, and tell xdist's controller."""
        if self.purse is not None:
            total = self.purse.planned_usd, self.purse.spent_usd(time.time())
            self.totals.append(total)
            if hasattr(session.config, "workeroutput"):
                session.config.workeroutput[_FROM_WORKER] = [str(usd) for usd in total]

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """One line."""
        for line in self.lines():
            terminalreporter.write_line(line)

    def lines(self) -> Iterator[str]:
        """What was planned and spent, where anything was to cost money."""
        from tailgate.reporting.cost_table import spent_line

        if self.totals:
            planned, spent = (sum(each, Decimal(0)) for each in zip(*self.totals, strict=True))
            yield spent_line(planned, spent)


def spent_lines(config: pytest.Config) -> list[str]:
    """The same, from the session's plugin."""
    costing = config.pluginmanager.get_plugin(_PLUGIN)
    return [*costing.lines()] if isinstance(costing, Costing) else []


def watch_costs(config: pytest.Config) -> None:
    """From now on take note of what is spent, also by xdist's workers."""
    config.pluginmanager.register(Costing(), _PLUGIN)


def purse_of(config: pytest.Config, settings: Settings, asked: Sequence[Asked]) -> Purse | None:
    """The session's purse, with what is planned shown and taken in; None where nothing is deployed that costs money.

    Under xdist each worker deploys for itself whatever its tests ask for, so each has its share of --latency-max-usd, and all that is
    planned has to fit into that. Raises PlanError where it does not, or where a price is not known.
    """
    most_usd = settings.deploying.most_usd
    if not _costs(settings):
        return None
    if most_usd is None:  # hosts alone: what they cost at most is told, and no limit was said
        try:
            explain_costs(config, asked)
        except PlanError as error:  # no price, and nothing to hold it against
            _show(config, textwrap.wrap(f"cost: {error}", _width(config)))
        return None
    workers = int(getattr(config, "workerinput", {}).get("workercount", 1))
    reckoning = _reckoning(config, settings, asked)
    purse = Purse(most_usd, reckoning.terms, reckoning.price_of, processes=workers)
    told = unattended(settings.deploying) if settings.kind == KIND else None
    _show(config, [*reckoning.lines(asked, _width(config), most_usd), *textwrap.wrap(told or "", _width(config))], workers)
    purse.plan(asked)
    _costing(config).purse = purse
    return purse


def explain_costs(config: pytest.Config, asked: Sequence[Asked]) -> None:
    """What all of it may cost, for --latency-explain: nothing is refused. Raises PlanError where a price is not known."""
    if kind_of(config) is None:
        return
    settings = settings_of(config)
    if _costs(settings):
        _show(config, _reckoning(config, settings, asked).lines(asked, _width(config), settings.deploying.most_usd))


def _costs(settings: Settings) -> bool:
    """Whether the session pays for anything: endpoints that it deploys, or hosts on EC2 that its load comes from."""
    return settings.kind == KIND or (settings.vantage.remote and settings.kind != EMULATED)


@dataclass(frozen=True)
class _Reckoning:
    """What costs are reckoned with. silent: why the price list said nothing."""

    terms: Terms
    price_of: PriceOf
    silent: str | None

    def lines(self, asked: Sequence[Asked], width: int, most_usd: Decimal | None) -> list[str]:
        """The table. Raises PlanError where a price is not known."""
        from tailgate.reporting.cost_table import cost_table

        return cost_table(ceiling_of(asked, self.terms, self.price_of), width=width, most_usd=most_usd, silent=self.silent)


def _reckoning(config: pytest.Config, settings: Settings, asked: Sequence[Asked]) -> _Reckoning:
    """By the price list, which is asked for all planned types at once, and for others when a test asks for them."""
    from tailgate.aws.pricing import PriceList  # not before it is needed: it imports boto3

    prices, region = PriceList(settings.region), settings.region
    deploys, vantage = settings.kind == KIND, with_hosts(config, settings).vantage
    types = [spec.instance_type for spec in specs_of(asked)] if deploys else []
    types += [vantage.instance_type] if vantage.remote else []
    listed = prices.of(types, zone=deploys and any(map(is_private, asked)))

    def price_of(instance_type: str, stated: Mapping[str, float]) -> Price:
        return hour_at_most(instance_type, region, stated, prices.of([instance_type]))

    made = deploys and settings.attaching.private_link is None  # one that is named is not made
    terms = terms_of(config, settings.deploying, zone_hour_at_most(region, listed) if made else None)
    host = host_hour_at_most(vantage.instance_type, region, listed) if vantage.remote else None
    return _Reckoning(replace(terms, host=host, hosts=vantage.count, deploys=deploys), price_of, listed.silent)


def terms_of(config: pytest.Config, deploying: Deploying, zone: Price | None) -> Terms:
    """How the session goes about it: a run, again where its host was busy, again to confirm a FAIL, again to confirm a regression."""
    option = config.option
    confirming = (not option.latency_no_retry) + (config.stash[BASELINES] is not None)
    return Terms(
        patience_s=deploying.patience_s,
        deleting_s=deploying.patience_s,
        warming_s=WARMS_WITHIN_S + RUN_ALLOWANCE_S,
        runs_each=1 + option.latency_repeats + confirming,
        zone=zone,
        zones=max(1, len(deploying.client_subnets)),
    )


def _show(config: pytest.Config, lines: Sequence[str], workers: int = 1) -> None:
    """Also with -q: who pays is told. An xdist worker has no terminal; its controller's shows the first line."""
    worker = getattr(config, "workerinput", None)
    if worker is not None:
        from tailgate.reporting.progress import RelayBoard

        board = RelayBoard(worker.get("tailgate_board"))
        board.show(f"each of {workers} processes", lines[0], 0.0)
        board.close()
        return
    reporter: pytest.TerminalReporter | None = config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None:
        for line in lines:
            reporter.write_line(line)


def _width(config: pytest.Config) -> int:
    return config.get_terminal_writer().fullwidth if sys.stdout.isatty() else WIDTH_OF_LOGS


def _costing(config: pytest.Config) -> Costing:
    """The plugin that `watch_costs` registered."""
    return cast(Costing, config.pluginmanager.get_plugin(_PLUGIN))
