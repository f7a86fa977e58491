"""The play, act by act, as it is shown."""

import re
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import ape
from rich.console import Console
from rich.progress import track
from rich.rule import Rule
from rich.table import Table

from plimsoll.client.amounts import SIZE_DECIMALS, show_account, show_amount, show_quote
from plimsoll.client.orders import Leg
from plimsoll.client.reader import Reader
from plimsoll.client.session import Session
from plimsoll.client.tables import LEVELS, Names, grid, ledger_view, signed, tiers
from plimsoll.demo.audit import Audit, Chain, Check, audit, law, payoffs
from plimsoll.demo.cast import (
    DEALER,
    EVERYBODY,
    GOVERNOR,
    INSURANCE,
    KEEPER,
    OPTION_PLAYERS,
    OPTION_TRADERS,
    PLAYERS,
    Player,
)
from plimsoll.demo.options import FURTHER, ROLLS, SYMBOL, Desk
from plimsoll.demo.prices import Moment, approaching, last_expiry
from plimsoll.demo.stage import KeeperProcess, Stage, keeper, start_clock
from plimsoll.deploy.ape_chain import ApeChain, send
from plimsoll.deploy.parameters import Parameters
from plimsoll.deploy.protocol import Deployer
from plimsoll.deploy.record import Deployment
from plimsoll.spec.wad import SIZE, WAD
from plimsoll.spec.words import expiry_of, future, sizes_of

# of the keeper's log: here the path's time counts, and nobody looks up a transaction
STAMP = re.compile(r"^\S+ block \d+  ")
HASH = re.compile(r", in [0-9a-fx]+$")


@dataclass
class Fate:
    """What the crash did to an account."""

    before: int  # equity, WAD
    slices: int = 0
    left: float = 1.0  # of what it was
    paid: int = 0  # reward and insurance, WAD


@dataclass
class Play:
    console: Console
    parameters: Parameters
    path: Path  # of the deployment file
    moments: Sequence[Moment]
    players: dict[int, Player] = field(default_factory=dict)  # by account
    fates: dict[int, Fate] = field(default_factory=dict)

    def run(self, rpc: str) -> bool:
        """Whether all invariants held."""
        begun = time.monotonic()
        self._deploy()
        self._enter()
        self._act("What each has to keep: maintenance and initial margin, in thousands")
        self._show_margins(EVERYBODY)
        self._list_options()
        self._trade_options()
        self._act("What options ask for, in thousands, and what it takes to know it, in gas")
        self._show_margins(OPTION_TRADERS, self.desk.gas_of_margin)
        self._show_greeks()
        with keeper(self.path, rpc) as process:
            self._crash(process)
            code = process.stop()
        passed = self._settle()
        passed = self._show_audit() and passed and code == 0
        self.console.print(f"\n{time.monotonic() - begun:.0f} seconds", style="dim")
        return passed

    def _act(self, title: str) -> None:
        self.console.print()
        self.console.print(Rule(f"[bold]{title}", align="left"))

    # -- before ----------------------------------------------------------------------------------

    def _deploy(self) -> None:
        expiry = last_expiry(self.moments)
        for over in (expiry, expiry + FURTHER):
            self.moments = approaching(self.moments, over, ROLLS)
        start_clock(self.moments[0].time)
        chain = ApeChain(ape.accounts.test_accounts[GOVERNOR])
        record = Deployment(
            network="demo", chain_id=chain.chain_id, deployer=chain.deployer.address
        )
        deployer = Deployer(chain, self.parameters, record, lambda: record.save(self.path))
        self._act("The ship is built")
        with self.console.status("deploying") as status:
            for finding in deployer.run():
                status.update(f"deploying: {finding.name}")
        findings = list(deployer.verify())
        assert all(finding.holds for finding in findings)
        self.console.print(
            f"{len(record.contracts)} contracts, wired and verified: {len(findings)} facts read "
            "back from the chain."
        )
        self.session = Session(self.path)
        self.stage = Stage(self.session, dict(self.moments[0].prices))
        self.desk = Desk(self.stage, expiry)
        self.names = Names.of(record)
        self.lens, self.risk_lens = self.session.lens, self.session.risk_lens
        self.vault, self.liquidator = map(self.session.reader, ("vault", "liquidator"))
        self.chain = Chain(
            self.vault, self.lens, self.desk.market, self.session.reader("surface"), self.names
        )

    def _enter(self) -> None:
        self._act("The passengers board")
        stage = self.stage
        stage.insure()
        self._board(EVERYBODY)
        trades = [(player, *trade) for player in PLAYERS for trade in player.trades.items()]
        for player, symbol, thousands in self._track("signed orders", trades):
            size = int(thousands * 1_000 / stage.prices[symbol] * SIZE)
            stage.trade(player, symbol, size)
        for player in PLAYERS:
            if player.borrow:
                stage.borrow(player)
        self._show_books(EVERYBODY)

    def _board(self, players: Sequence[Player]) -> None:
        for player in self._track("deposits", players):
            self.stage.enter(player)
            self.players[self.stage.account(player)] = player

    def _show_books(self, players: Sequence[Player]) -> None:
        table = grid("who", "what for", "positions, collateral", "haircuts", "cash")
        for column in (1, 2):
            table.columns[column].justify = "left"
        for player in players:
            table.add_row(player.name, *self._book(self.stage.account(player), player))
        self.console.print(table)

    def _book(self, account: int, player: Player) -> tuple[str, ...]:
        view = self.lens.account(account)
        held = [
            f"{show_amount(item.size, SIZE_DECIMALS, 2)} {self.names.instrument(item.instrument)}"
            for item in view.positions
        ]
        reached = []
        cuts = {item.asset: item for item in self.risk_lens.explain(account).collateral}
        for item in view.collateral:
            symbol = self.names.assets[item.asset]
            held.append(f"{show_amount(item.amount, self.names.decimals[symbol])} {symbol}")
            reached.append(tiers(self.names.tiers[symbol], cuts[item.asset].bands))
        cash = signed(view.cash, 0)
        beside = [""] * (len(held) - len(reached)) + reached  # what they cut
        return player.plot, "\n".join(held), "\n".join(beside), cash

    def _show_margins(
        self, players: Sequence[Player], gas: Callable[[int], int] | None = None
    ) -> None:
        """At each netting level; and what assessing the account takes, if that is asked for."""
        table = Table(box=None, header_style="dim", pad_edge=False)
        table.add_column("who")
        columns = ["equity", *(f"{level}\n{kind}" for level in LEVELS for kind in ("MM", "IM"))]
        for column in (*columns, "netting\nsaves", *(["gas"] if gas else [])):
            table.add_column(column, justify="right")
        table.columns[len(columns) + 1].style = "green"
        for player in players:
            account = self.stage.account(player)
            margins = self.lens.at_levels(account)
            self.fates[account] = Fate(before=margins[0].equity)
            shown = [amount for item in margins for amount in (item.maintenance, item.initial)]
            saved = margins[0].initial - margins[-1].initial
            if not any(shown):
                continue
            table.add_row(
                player.name,
                _thousands(margins[0].equity),
                *(
                    f"[bold]{_thousands(amount)}[/]"
                    if number // 2 == player.level
                    else f"[dim]{_thousands(amount)}[/]"
                    for number, amount in enumerate(shown)
                ),
                f"{_thousands(saved)}  {saved / margins[0].initial:4.0%}" if saved > WAD else "",
                *([f"{gas(account):,}"] if gas else []),
            )
        self.console.print(table)
        self.console.print("[dim]in bold: the level that the account has chosen[/]")

    # -- options ---------------------------------------------------------------------------------

    def _list_options(self) -> None:
        desk = self.desk
        self._act("Options are listed")
        findings = list(desk.listed())
        assert all(finding.holds for finding in findings)
        table = grid("expiry", "forward", "volatility", "strikes", "of", "to")
        series = desk.series
        for expiry in desk.expiries.values():
            instrument = future(desk.id, expiry)
            table.add_row(
                self.names.instrument(instrument),
                show_quote(desk.mark([Leg(instrument)])),
                f"{desk.volatility:.0%}",
                str((series.high - series.low) // series.step + 1),
                *(show_amount(strike, SIZE_DECIMALS, 0) for strike in (series.low, series.high)),
            )
        self.console.print(table)

    def _trade_options(self) -> None:
        """Every package is one order, filled as a whole by the dealer, who then hedges."""
        self._act("Options are traded, by signed orders of several legs")
        stage, desk = self.stage, self.desk
        self._board(OPTION_TRADERS)
        table = grid("who", "package", "contracts", "legs", "price", "gas")
        for column in (1, 3):
            table.columns[column].justify = "left"
        deals = [(player, deal) for player in OPTION_PLAYERS for deal in player.deals]
        for player, deal in self._track("signed orders", deals):
            legs, size = desk.legs(deal), deal.size * SIZE
            action = f"match options, {len(legs)} leg{'s' if len(legs) > 1 else ''}"
            mark, makers = desk.mark(legs), [(DEALER, abs(size))]
            price = stage.match(action, player, legs, size, mark, SYMBOL, makers)
            table.add_row(
                player.name,
                deal.name,
                str(deal.size),
                "\n".join(f"{leg.ratio:+} {self.names.instrument(leg.instrument)}" for leg in legs),
                signed(price),
                f"{stage.gas[action][-1]:,}",
            )
        self.console.print(table)
        [risk] = self.risk_lens.explain(stage.account(DEALER)).underlyings
        delta = risk.delta + int(risk.held)
        size = -delta * SIZE // risk.market.index
        stage.trade(DEALER, SYMBOL, size)
        self.console.print(
            f"\nThe dealer has the other side, and hedges it: {signed(delta, 0)} of delta, bitcoin "
            f"that it holds included,\nwith {show_amount(size, SIZE_DECIMALS)} {SYMBOL}-PERP.\n"
        )
        self._show_books(OPTION_TRADERS)

    def _show_greeks(self) -> None:
        """Of positions, beside what they are for: the terms of a margin."""
        table = grid(
            *("in thousands", "options", "delta", "gamma, 1 %", "vega"),
            *("scan", "calendar", "vega charge", "short", "depth"),
        )
        for player in OPTION_TRADERS:
            told = self.risk_lens.explain(self.stage.account(player))
            [risk] = told.underlyings
            amounts = (
                *(risk.worth, risk.delta, risk.gamma, risk.vega),
                *(risk.loss, risk.calendar, risk.vega_charge, risk.short, risk.depth),
            )
            table.add_row(player.name, *map(_thousands, amounts))
        self.console.print("", table)

    # -- the crash -------------------------------------------------------------------------------

    def _crash(self, process: KeeperProcess) -> None:
        self._act("The storm")
        process.settle(lambda: ape.chain.blocks.height)  # it has seen what there is
        first = self.moments[0].prices
        for moment in self.moments[1:]:
            self.stage.play(moment, *self.desk.calls(moment))
            lines = process.settle(lambda: ape.chain.blocks.height)
            prices = "   ".join(
                f"{symbol} {price:>9,.2f} {_change(price / first[symbol] - 1)}"
                for symbol, price in moment.prices.items()
            )
            self.console.print(
                f"[bold]{moment.label}[/]  {prices}   vol {self.desk.volatility:4.0%}"
            )
            for line in lines:
                self._say(line)
        self.console.print(
            f"{len(self._events(self.chain.surface, 'EpochBegun'))} epochs began, "
            f"{len(self._events(self.chain.surface, 'SmilePosted'))} smiles were posted"
        )

    def _say(self, line: str) -> None:
        """A decision out of the keeper's log, with the names of the play."""
        if "  done, " in line:
            return
        text = STAMP.sub("", line)
        for account, player in self.players.items():
            text = text.replace(show_account(account), f"[cyan]{player.name:9}[/]")
        self.console.print(f"  › {HASH.sub('', text)}", style="yellow")

    # -- after -----------------------------------------------------------------------------------

    def _settle(self) -> bool:
        """Account by account, in the name of somebody else; whether the law holds all the time."""
        desk, stage = self.desk, self.stage
        self._act("What has expired is settled")
        fixed = {
            event["args"]["expiry"]: event["args"]["price"]
            for event in self._events(desk.market, "ExpiryFixed")
        }
        paid: list[int] = []
        checks = [
            Check(
                "what expires settles at the average index of its last half hour",
                fixed == desk.settlements,
                ", ".join(map(show_quote, fixed.values())),
            )
        ]
        table = grid("who", "contracts", "payoff", "gas")
        for account, player in self.players.items():
            positions = self.vault.book_of(account).positions
            over = [word for word in positions if expiry_of(word) in fixed]
            if not over:
                continue
            paid.append(payoffs(desk.market, over))
            stranger = stage.wallet(KEEPER)
            gas = stage.send("settle what expired", stranger, self.session.vault.settle, account)
            sizes = sum(abs(size) for word in over for size in sizes_of(word))
            table.add_row(
                player.name, show_amount(sizes, SIZE_DECIMALS), signed(paid[-1]), f"{gas:,}"
            )
            checks += law(self.chain, *self._changed())
        self.console.print(table, "")
        checks.insert(
            1, Check("what some are paid others pay", not sum(paid), f"{len(paid)} accounts")
        )
        broken = [check for check in checks if not check.holds]
        # the law once, where it has always held
        self._show_checks(broken or [*checks[:2], *checks[-2:]])
        return not broken

    def _show_audit(self) -> bool:
        send(self.session.vault.accrue, sender=ape.accounts.test_accounts[GOVERNOR])
        self._act("Who is still afloat")
        slices = self._events(self.liquidator, "Liquidated")
        for event in slices:
            self._took(event)
        self.console.print(self._fate_table())
        self._act("The audit")
        result = audit(self.chain, *self._changed())
        self.console.print(ledger_view(self.lens.ledger(), self.names), "")
        self._show_checks(result.checks)
        self._show_debts(result)
        self._act("What it took, in gas")
        self.console.print(self._gas_table())
        return result.passed

    def _show_checks(self, checks: Sequence[Check]) -> None:
        for check in checks:
            mark = "[green]✓[/]" if check.holds else "[bold red]✗[/]"
            self.console.print(f"{mark} {check.law} [dim]({check.detail})[/]")

    def _changed(self) -> tuple[list[int], int]:
        """All accounts that there are, and how often any has changed."""
        changes = self._events(self.vault, "Updated")
        return list(dict.fromkeys(event["args"]["account"] for event in changes)), len(changes)

    def _events(self, contract: Reader, name: str) -> list[Any]:
        logs = contract.contract.events[name]().get_logs(from_block=self.session.record.block)
        return list(logs)

    def _took(self, event: Any) -> None:
        args, terms = event["args"], event["args"]["terms"]
        fate = self.fates[args["account"]]
        fate.slices += 1
        fate.left *= 1 - terms["fraction"] / WAD
        fate.paid += terms["reward"] + terms["cut"]
        receipt = ape.chain.provider.web3.eth.get_transaction_receipt(event["transactionHash"])
        options = self.players[args["account"]] in OPTION_TRADERS
        action = "liquidate a book of options" if options else "liquidate"
        self.stage.gas[action].append(receipt["gasUsed"])

    def _fate_table(self) -> Table:
        table = grid("who", "equity before", "after", "change", "reward and cut", "fate")
        for account, player in self.players.items():
            fate = self.fates[account]
            equity = self.lens.summary(account).margin.equity
            cuts = f"{fate.slices} cut{'' if fate.slices == 1 else 's'}"
            if equity < 0:
                end = f"[bold red]under water after {cuts}[/]"
            elif not fate.slices:
                end = "[green]untouched[/]"
            elif fate.left > 0:
                end = f"[yellow]{fate.left:.0%} is left after {cuts}[/]"
            else:
                end = f"[red]closed after {cuts}[/]"
            table.add_row(
                player.name,
                show_quote(fate.before, 0),
                signed(equity, 0),
                signed(equity - fate.before, 0),
                show_quote(fate.paid, 0) if fate.slices else "",
                end,
            )
        table.columns[-1].justify = "left"
        return table

    def _show_debts(self, result: Audit) -> None:
        registry, orders = self.session.registry, self.session.orders
        fund = self.lens.summary(registry.insurance()).margin.equity
        treasury = self.lens.summary(orders.treasury()).margin.equity
        self.console.print(
            f"\nbad debt {show_quote(result.bad_debt)}, accounts that are still short "
            f"{result.short}\ninsurance {show_quote(fund)}, it began with {INSURANCE * 1_000:,}; "
            f"the treasury has {show_quote(treasury)}"
        )

    def _gas_table(self) -> Table:
        table = grid("action", "times", "least", "average", "most")
        for action, used in self.stage.gas.items():
            average = sum(used) // len(used)
            table.add_row(
                action, *(f"{value:,}" for value in (len(used), min(used), average, max(used)))
            )
        return table

    def _track(self, what: str, items: Sequence[Any]) -> Iterable[Any]:
        shown = self.console.is_terminal
        return track(items, what, console=self.console, transient=True, disable=not shown)


def _thousands(wad: int) -> str:
    return f"{round(wad / (1_000 * WAD), 1) + 0.0:,.1f}"  # no negative zero


def _change(part: float) -> str:
    return f"[{'red' if part < 0 else 'green'}]{part:+4.0%}[/]"
