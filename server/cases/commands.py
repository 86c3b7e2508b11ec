"""Commands about cases."""

import click

from server.cases.workflow_page import workflow_page


@click.command()
def workflow() -> None:
    """Print the workflow of a case as Markdown (docs/workflow.md)."""
    click.echo(workflow_page(), nl=False)


commands: list[click.Command] = [workflow]
