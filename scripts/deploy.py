"""Deploys the protocol, resumes a deployment, or checks one.

ape run deploy --network ethereum:local:foundry
ape run deploy --network http://127.0.0.1:8546 --parameters parameters/local.yaml
ape run deploy --network ... --check
"""

from pathlib import Path

import click
from rich.console import Console

from plimsoll.client.session import (
    NetworkCommand,
    account_option,
    deployment_path,
    on_development_node,
)
from plimsoll.deploy.ape_chain import ApeChain
from plimsoll.deploy.parameters import load
from plimsoll.deploy.protocol import Deployer
from plimsoll.deploy.record import Deployment
from plimsoll.deploy.report import table

LOCAL = Path("parameters/local.yaml")


@click.command(cls=NetworkCommand)
@account_option
@click.option(
    "--parameters",
    type=click.Path(path_type=Path),
    help=f"YAML of what to deploy; {LOCAL} on a development node if not given.",
)
@click.option(
    "--deployment",
    type=click.Path(path_type=Path),
    help="Where addresses are kept; deployments/<network>.json if not given.",
)
@click.option("--check", is_flag=True, help="Change nothing, only compare.")
def cli(account, parameters: Path | None, deployment: Path | None, check: bool) -> None:
    """Deploy the protocol; what is deployed already is left alone."""
    if parameters is None and not on_development_node():
        raise click.UsageError("--parameters is needed on any but a development node")
    wanted = load(parameters or LOCAL)
    path = deployment or deployment_path()
    chain = ApeChain(account)
    if path.exists():
        record = Deployment.load(path)
    else:
        record = Deployment(
            network=path.stem, chain_id=chain.chain_id, deployer=chain.deployer.address
        )

    console = Console()
    deployer = Deployer(chain, wanted, record, lambda: record.save(path))
    if not check:
        with console.status("deploying") as status:
            for finding in deployer.run():
                status.update(f"deploying: {finding.name}")
    findings = list(deployer.verify())
    console.print(table(findings))
    wrong = sum(not finding.holds for finding in findings)
    if wrong:
        raise click.ClickException(f"{wrong} of {len(findings)} facts do not hold")
    console.print(f"[bold green]{len(findings)} facts hold[/]; addresses are in {path}")
