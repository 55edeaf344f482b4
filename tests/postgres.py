"""A private PostgreSQL of this machine, for tests and benchmarks."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def programs() -> Path | None:
    """The folder of the newest server's programs; None where there is none."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[4]))
    if found:
        return found[-1].parent
    on_path = shutil.which("initdb")
    return Path(on_path).resolve().parent if on_path else None


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _as_server_user(command: list[str]) -> list[str]:
    """PostgreSQL refuses to run as root, so root hands over to the account that Debian's package makes."""
    return ["runuser", "-u", "postgres", "--", *command] if os.geteuid() == 0 else command


@contextmanager
def cluster(options: str = "") -> Iterator[str]:
    """URL of a superuser in a fresh cluster on a free port, started with `options`; gone afterwards."""
    home, folder = Path(tempfile.mkdtemp(prefix="fengqiao-pg-")), programs()
    assert folder is not None
    if os.geteuid() == 0:
        account = pwd.getpwnam("postgres")
        os.chown(home, account.pw_uid, account.pw_gid)
    port, data = free_port(), str(home / "data")
    settings = f"-p {port} -k {home} -c listen_addresses=127.0.0.1 -c max_connections=60 {options}"

    def server(*command: str, check: bool = True) -> None:
        output = subprocess.DEVNULL
        subprocess.run(_as_server_user([*command]), check=check, stdout=output, stderr=output, cwd="/")

    try:
        server(f"{folder}/initdb", "-D", data, "-U", "tester", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8")
        server(f"{folder}/pg_ctl", "-D", data, "-w", "-o", settings, "-l", f"{home}/log", "start")
        yield f"postgresql://tester@127.0.0.1:{port}/postgres"
    finally:
        server(f"{folder}/pg_ctl", "-D", data, "-m", "immediate", "stop", check=False)
        shutil.rmtree(home, ignore_errors=True)
