"""A server of the Price List API: GetProducts over the JSON protocol, its answers checked against botocore's model of the service.

Written from the API's reference and published answers; moto has none.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import botocore.session
from botocore.validate import ParamValidator

MODEL = botocore.session.get_session().get_service_model("pricing").operation_model("GetProducts")


def product(sku: str, attributes: dict[str, str], usd: str, unit: str = "Hrs", family: str = "ML Instance") -> dict[str, Any]:
    """A product as the API describes it, with one offer on demand."""
    dimension = {
        "unit": unit,
        "endRange": "Inf",
        "description": f"${usd} per {unit}",
        "appliesTo": [],
        "rateCode": f"{sku}.JRTCTXVTRN.6YS6EN2CT7",
        "beginRange": "0",
        "pricePerUnit": {"USD": usd},
    }
    offer = {
        "priceDimensions": {f"{sku}.JRTCTXVTRN.6YS6EN2CT7": dimension},
        "sku": sku,
        "effectiveDate": "2026-11-01T00:00:00Z",
        "offerTermCode": "JRTCTXVTRN",
        "termAttributes": {},
    }
    return {
        "product": {"productFamily": family, "attributes": attributes, "sku": sku},
        "serviceCode": attributes["servicecode"],
        "terms": {"OnDemand": {f"{sku}.JRTCTXVTRN": offer}},
        "version": "20261101000000",
        "publicationDate": "2026-11-01T00:00:00Z",
    }


def hosting(instance_type: str, region: str, usd: str, component: str = "Hosting") -> dict[str, Any]:
    """An instance type of SageMaker's, for one of its purposes."""
    attributes = {"servicecode": "AmazonSageMaker", "instanceName": instance_type, "regionCode": region, "component": component}
    return product(
        f"{component}{instance_type}".upper().replace(".", ""), {**attributes, "usagetype": f"APN1-{component[:4]}:{instance_type}"}, usd
    )


def ec2_hour(instance_type: str, region: str, usd: str, **other: str) -> dict[str, Any]:
    """An instance type of EC2's: Linux, on shared hardware, nothing installed or reserved, but for what is said otherwise."""
    as_usual = {"operatingSystem": "Linux", "tenancy": "Shared", "preInstalledSw": "NA", "capacitystatus": "Used"}
    attributes = {"servicecode": "AmazonEC2", "instanceType": instance_type, "regionCode": region, **as_usual, **other}
    return product("".join(attributes.values()).upper(), attributes, usd, family="Compute Instance")


def zone_hour(region: str, usd: str, usagetype: str = "APN1-VpcEndpoint-Hours", unit: str = "Hrs") -> dict[str, Any]:
    """An interface VPC endpoint, by the zone's hour or by the gigabyte."""
    attributes = {"servicecode": "AmazonVPC", "regionCode": region, "usagetype": usagetype, "location": "Asia Pacific (Tokyo)"}
    return product(usagetype.upper(), attributes, usd, unit, "VpcEndpoint")


@dataclass
class PriceServer:
    """What it lists, what it was asked, and, where it is out of order, the error that it answers. page: products in each answer."""

    url: str = ""
    products: list[dict[str, Any]] = field(default_factory=list)
    asked: list[dict[str, Any]] = field(default_factory=list)
    refuses: tuple[int, str] | None = None
    page: int = 2

    def answer(self, target: str, asked: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """Status and body."""
        assert target == "AWSPriceListService.GetProducts"
        assert not ParamValidator().validate(asked, MODEL.input_shape).has_errors()
        self.asked.append(asked)
        if self.refuses is not None:
            status, code = self.refuses
            return status, {"__type": code, "Message": "as the test wants it"}
        matching = [one for one in self.products if one["serviceCode"] == asked["ServiceCode"] and _matches(one, asked["Filters"])]
        start = int(asked.get("NextToken", "0"))
        body: dict[str, Any] = {"FormatVersion": "aws_v1", "PriceList": [json.dumps(one) for one in matching[start : start + self.page]]}
        if start + self.page < len(matching):
            body["NextToken"] = str(start + self.page)
        report = ParamValidator().validate(body, MODEL.output_shape)
        assert not report.has_errors(), report.generate_report()
        return 200, body


def _matches(described: dict[str, Any], filters: list[dict[str, str]]) -> bool:
    attributes = {"productFamily": described["product"]["productFamily"], **described["product"]["attributes"]}
    return all(one["Type"] == "TERM_MATCH" and attributes.get(one["Field"]) == one["Value"] for one in filters)


@contextmanager
def price_server() -> Iterator[PriceServer]:
    """One on loopback, for as long as the context lasts."""
    prices = PriceServer()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            status, body = prices.answer(self.headers["X-Amz-Target"], asked)
            payload = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/x-amz-json-1.1")
            self.send_header("Content-Length", str(len(payload)))
            self.end_headers()
            self.wfile.write(payload)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    prices.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield prices
    server.shutdown()
    server.server_close()
    thread.join(5)
