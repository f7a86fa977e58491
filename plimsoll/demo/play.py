"""The play, act by act, as it is shown."""

import re
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import ape
from rich.console import Console
from rich.progress import track
from rich.rule import Rule
from rich.table import Table

from plimsoll.client.amounts import SIZE_DECIMALS, show_account, show_amount, show_quote
from plimsoll.client.reader import Reader
from plimsoll.client.session import Session
from plimsoll.client.tables import LEVELS, Names, grid, ledger_view, signed, tiers
from plimsoll.demo.audit import Audit, audit
from plimsoll.demo.cast import EVERYBODY, INSURANCE, PLAYERS, Player
from plimsoll.demo.prices import Moment
from plimsoll.demo.stage import KeeperProcess, Stage, keeper
from plimsoll.deploy.ape_chain import ApeChain, send
from plimsoll.deploy.parameters import Parameters
from plimsoll.deploy.protocol import Deployer
from plimsoll.deploy.record import Deployment
from plimsoll.spec.wad import WAD

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
    fates: dict[int, Fate] = field(default_factory=dict)

    def run(self, rpc: str) -> bool:
        """Whether all invariants held."""
        begun = time.monotonic()
        self._deploy()
        self._enter()
        self._show_margins()
        with keeper(self.path, rpc) as process:
            self._crash(process)
            code = process.stop()
        passed = self._show_audit() and code == 0
        self.console.print(f"\n{time.monotonic() - begun:.0f} seconds", style="dim")
        return passed

    def _act(self, title: str) -> None:
        self.console.print()
        self.console.print(Rule(f"[bold]{title}", align="left"))

    # -- before ----------------------------------------------------------------------------------

    def _deploy(self) -> None:
        chain = ApeChain(ape.accounts.test_accounts[0])
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
        self.names = Names.of(record)
        self.lens, self.risk_lens = self.session.lens, self.session.risk_lens
        self.vault, self.liquidator = map(self.session.reader, ("vault", "liquidator"))

    def _enter(self) -> None:
        self._act("The passengers board")
        stage = self.stage
        stage.insure()
        for player in self._track("deposits", EVERYBODY):
            stage.enter(player)
        trades = [(player, symbol) for player in PLAYERS for symbol in player.trades]
        for player, symbol in self._track("signed orders", trades):
            stage.trade(player, symbol)
        for player in PLAYERS:
            if player.borrow:
                stage.borrow(player)
        self.players = {stage.account(player): player for player in EVERYBODY}
        registry = self.session.registry
        self.named = {
            **{account: player.name for account, player in self.players.items()},
            registry.insurance(): "insurance",
            self.session.orders.treasury(): "treasury",
        }
        table = grid("who", "what for", "positions, collateral", "haircuts", "cash")
        for column in (1, 2):
            table.columns[column].justify = "left"
        for account, player in self.players.items():
            table.add_row(player.name, *self._book(account, player))
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

    def _show_margins(self) -> None:
        self._act("What each has to keep: maintenance and initial margin, in thousands")
        table = Table(box=None, header_style="dim", pad_edge=False)
        table.add_column("who")
        for column in (
            "equity",
            *(f"{level}\n{kind}" for level in LEVELS for kind in ("MM", "IM")),
        ):
            table.add_column(column, justify="right")
        table.add_column("netting\nsaves", justify="right", style="green")
        for account, player in self.players.items():
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
            )
        self.console.print(table)
        self.console.print("[dim]in bold: the level that the account has chosen[/]")

    # -- the crash -------------------------------------------------------------------------------

    def _crash(self, process: KeeperProcess) -> None:
        self._act("The storm")
        process.settle(lambda: ape.chain.blocks.height)  # it has seen what there is
        first = self.moments[0].prices
        for moment in self.moments[1:]:
            self.stage.set_prices(moment)
            lines = process.settle(lambda: ape.chain.blocks.height)
            prices = "   ".join(
                f"{symbol} {price:>9,.2f} {_change(price / first[symbol] - 1)}"
                for symbol, price in moment.prices.items()
            )
            self.console.print(f"[bold]{moment.label}[/]  {prices}")
            for line in lines:
                self._say(line)

    def _say(self, line: str) -> None:
        """A decision out of the keeper's log, with the names of the play."""
        if "  done, " in line:
            return
        text = STAMP.sub("", line)
        for account, name in self.named.items():
            text = text.replace(show_account(account), f"[cyan]{name:9}[/]")
        self.console.print(f"  › {HASH.sub('', text)}", style="yellow")

    # -- after -----------------------------------------------------------------------------------

    def _show_audit(self) -> bool:
        send(self.session.vault.accrue, sender=ape.accounts.test_accounts[0])
        self._act("Who is still afloat")
        slices = self._events(self.liquidator, "Liquidated")
        for event in slices:
            self._took(event)
        self.console.print(self._fate_table())
        self._act("The audit")
        changes = self._events(self.vault, "Updated")
        accounts = list(dict.fromkeys(event["args"]["account"] for event in changes))
        result = audit(self.vault, self.lens, accounts, len(changes), self.names)
        self.console.print(ledger_view(self.lens.ledger(), self.names), "")
        for check in result.checks:
            mark = "[green]✓[/]" if check.holds else "[bold red]✗[/]"
            self.console.print(f"{mark} {check.law} [dim]({check.detail})[/]")
        self._show_debts(result)
        self._act("What it took, in gas")
        self.console.print(self._gas_table())
        return result.passed

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
        self.stage.gas["liquidate"].append(receipt["gasUsed"])

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
    return f"{wad / (1_000 * WAD):,.1f}"


def _change(part: float) -> str:
    return f"[{'red' if part < 0 else 'green'}]{part:+4.0%}[/]"
