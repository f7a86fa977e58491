"""Signed reports of prices and smiles, brought to their feeds."""

from collections.abc import Callable, Iterator
from dataclasses import astuple, dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    TypeAdapter,
    ValidationError,
)
from web3 import Web3
from web3.exceptions import ContractLogicError

from plimsoll.client.instruments import show_expiry
from plimsoll.client.reader import Reader
from plimsoll.deploy.record import Deployment
from plimsoll.keeper.errand import Errand
from plimsoll.spec.smile import Smile


def _from_hex(text: Any) -> bytes:
    return bytes.fromhex(str(text).removeprefix("0x"))


Signature = Annotated[bytes, BeforeValidator(_from_hex)]
Seconds = Annotated[int, Field(ge=0, lt=2**32)]
Wad = Annotated[int, Field(ge=0, lt=2**128)]
Nano = Annotated[int, Field(ge=-(2**64), lt=2**64)]


class Report(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    time: Seconds
    signatures: list[Signature]  # in the order of their signers' addresses


class PriceReport(Report):
    feed: str  # symbol of an underlying
    price: Wad


class SmileReport(Report):
    volatility: str  # symbol of an underlying
    expiry: Seconds
    smile: Annotated[dict[Literal["a", "b", "rho", "m", "s"], Nano], Field(min_length=5)]
    ratio: Wad  # of the forward to the index


def _kind(entry: Any) -> str:
    return "smile" if isinstance(entry, dict) and "volatility" in entry else "price"


COMPLAINTS = 5  # that are said of a file, of however many

ENTRIES = TypeAdapter(list[Any])
REPORT: TypeAdapter[PriceReport | SmileReport] = TypeAdapter(
    Annotated[
        Annotated[PriceReport, Tag("price")] | Annotated[SmileReport, Tag("smile")],
        Discriminator(_kind),
    ]
)


@dataclass
class Reports:
    """Reads a file that whoever signs keeps up to date: a JSON list of

    {"feed": symbol, "price": WAD, "time": seconds, "signatures": [hex, ...]}
    {"volatility": symbol, "expiry": seconds, "smile": {"a": ..., "b": ..., "rho": ..., "m": ...,
     "s": ...}, "ratio": WAD, "time": seconds, "signatures": [hex, ...]}
    """

    path: Path
    feeds: dict[str, Reader]  # by symbol, of signed prices
    volatility: dict[str, Reader]  # by symbol, of signed smiles
    surface: Reader | None  # None where nothing posts signed smiles
    underlyings: dict[str, int]  # id by symbol
    say: Callable[[str], None]
    _complaint: str = field(default="", init=False)

    @classmethod
    def of(cls, web3: Web3, deployment: Deployment, path: Path, say: Callable[[str], None]) -> Self:
        """For a deployment, which may still wait for its first price."""

        def sources(prefix: str, name: str) -> dict[str, Reader]:
            return {
                symbol: Reader(web3, deployment, prefix + symbol)
                for symbol in deployment.keys(prefix)
                if deployment.contracts[prefix + symbol].name == name
            }

        volatility = sources("volatility:", "SignedVolatility")
        return cls(
            path=path,
            feeds=sources("feed:", "SignedFeed"),
            volatility=volatility,
            surface=Reader(web3, deployment, "surface") if volatility else None,
            underlyings=deployment.underlyings,
            say=say,
        )

    def errands(self) -> Iterator[Errand]:
        """What is newer than what its feed has brought last."""
        for report in self._read():
            news = self._price(report) if isinstance(report, PriceReport) else self._smile(report)
            if news is not None:
                yield news

    def _price(self, report: PriceReport) -> Errand | None:
        feed = self.feeds.get(report.feed)
        if feed is None or _last(feed) >= report.time:
            return None
        function = feed.contract.functions.report(report.price, report.time, report.signatures)
        return Errand(f"report {report.feed}", f"brings {report.price} of {report.time}", function)

    def _smile(self, report: SmileReport) -> Errand | None:
        symbol, expiry = report.volatility, report.expiry
        feed = self.volatility.get(symbol)
        if feed is None or self.surface is None:
            return None
        underlying = self.underlyings[symbol]
        if self.surface.posted(underlying, expiry)[1] >= report.time:
            return None
        smile = astuple(Smile(**report.smile))
        function = feed.contract.functions.report(
            underlying, expiry, smile, report.ratio, report.time, report.signatures
        )
        name = f"report {symbol} {show_expiry(expiry)}"
        return Errand(name, f"brings the smile of {report.time}", function)

    def _read(self) -> list[PriceReport | SmileReport]:
        """What can be read; what is wrong with the rest is said once, by number from 0 on.

        The file may not be there yet, or just being written.
        """
        reports, complaints = [], []
        try:
            for number, entry in enumerate(ENTRIES.validate_json(self.path.read_bytes())):
                try:
                    report = REPORT.validate_python(entry)
                except ValidationError as error:
                    complaints.append(f"{number}: {_first(error)}")
                    continue
                reports.append(report)
                if unknown := self._unknown(report):
                    complaints.append(f"{number}: {unknown}")
        except OSError as error:
            complaints.append(str(error.strerror))
        except ValidationError as error:
            complaints.append(_first(error))
        complaint = "; ".join(complaints[:COMPLAINTS])
        if len(complaints) > COMPLAINTS:
            complaint += f"; and {len(complaints) - COMPLAINTS} more"
        if complaint and complaint != self._complaint:
            self.say(f"{self.path}: {complaint}")
        self._complaint = complaint
        return reports

    def _unknown(self, report: PriceReport | SmileReport) -> str:
        """What is said of a report for which there is no feed."""
        if isinstance(report, PriceReport):
            return "" if report.feed in self.feeds else f"no signed feed of {report.feed}"
        known = report.volatility in self.volatility
        return "" if known else f"no signed volatility of {report.volatility}"


def _first(error: ValidationError) -> str:
    """Of what is wrong."""
    first = error.errors()[0]
    return ": ".join([".".join(map(str, first["loc"])), first["msg"]]).removeprefix(": ")


def _last(feed: Reader) -> int:
    try:
        return int(feed.latest()[1])
    except ContractLogicError:
        return 0  # the first one
