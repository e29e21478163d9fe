"""Refuses every connection: the processes of `tests/test_faults.py` find this on their PYTHONPATH."""

import sys


def refuse(event: str, arguments: object) -> None:
    """Raise where a process is about to connect, or to look up a name."""
    if event in ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname"):
        raise PermissionError(f"a connection: {event} {arguments}")


sys.addaudithook(refuse)
