"""Commands on accounts: user add|list|disable|password."""

from __future__ import annotations

from typing import Annotated

import typer

from api.cli.console import say, show
from api.cli.database import now, transaction
from layers.access import EVERYWHERE, OPERATOR, Role

app = typer.Typer(no_args_is_help=True, help="Accounts: add, list, disable, password.")

Name = Annotated[str, typer.Argument(help="Name of the account.")]


@app.command()
def add(
    context: typer.Context,
    name: Name,
    role: Annotated[list[Role], typer.Option(help="May be given several times.")],
    scope: Annotated[str, typer.Option(help="Code of the area the account may see; everything if empty.")] = "",
) -> None:
    """Add an account; its one-time password is shown once.

    Example: `fengqiao user add duty --role DUTY_OFFICER --scope 330699100`
    """
    from layers.users import create_user

    with transaction(context) as session:
        _, password = create_user(session, OPERATOR, name=name, roles=role, scope_code=scope, now=now())
    say(f"Account {name}: one-time password {password}")


@app.command("list")
def list_(context: typer.Context) -> None:
    """List the accounts.

    Example: `fengqiao user list`
    """
    from layers.users import list_users

    with transaction(context) as session:
        rows = [
            (u.name, ", ".join(u.roles), u.scope_code or "everything", "disabled" if u.disabled_at else "active")
            for u in list_users(session, EVERYWHERE)
        ]
    show(("account", "roles", "area", "state"), rows)


@app.command()
def disable(context: typer.Context, name: Name) -> None:
    """Disable an account and end its sessions and keys.

    Example: `fengqiao user disable duty`
    """
    from layers.users import change_user

    with transaction(context) as session:
        change_user(session, OPERATOR, name, now=now(), disabled=True)
    say(f"Account {name} is disabled.")


@app.command()
def password(context: typer.Context, name: Name) -> None:
    """Give an account a new one-time password.

    Example: `fengqiao user password duty`
    """
    from layers.users import reset_password

    with transaction(context) as session:
        one_time = reset_password(session, OPERATOR, name, now=now())
    say(f"Account {name}: one-time password {one_time}")
