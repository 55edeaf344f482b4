"""A server process that starts at once, since what it imports was imported before."""

from __future__ import annotations

import multiprocessing
import os
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.context import ForkServerProcess

_FORKS = multiprocessing.get_context("forkserver")


@contextmanager
def forked_server(url: str, port: int) -> Iterator[ForkServerProcess]:
    """A process that serves a database, once it listens; killed afterwards if it still runs.

    It is a fork of one that has imported the program and never served, so it shares nothing but code with the servers
    before it. Imports take some five seconds of a processor, and the killed server has to start again and again.
    """
    _FORKS.set_forkserver_preload(["api.cli", "api.app", "uvicorn"])
    process = _FORKS.Process(target=_serve, args=(url, port), daemon=True)
    process.start()
    try:
        _wait_for(port, process)
        yield process
    finally:
        process.kill()
        process.join(30)


def _serve(url: str, port: int) -> None:
    from api.cli import main

    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    sys.argv = ["fengqiao", "--database", url, "serve", "--port", str(port)]
    main()


def _wait_for(port: int, process: ForkServerProcess, seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until and process.is_alive():
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise RuntimeError(f"the server does not listen on {port}; its exit code is {process.exitcode}")
