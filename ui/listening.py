"""Where the server listens, under which names, and whom it lets in there."""

from __future__ import annotations

import ipaddress
import os
import socket
from dataclasses import dataclass
from pathlib import Path

from ingest.errors import UsageError

VARIABLE = "KESTREL_UI_KEY"
EVERY = frozenset({"", "0.0.0.0", "::"})  # addresses that mean all of this machine's  # noqa: S104
SHORTEST = 16  # characters of a key
MAKE_ONE = """Make one: python -c "import secrets; print(secrets.token_urlsafe(24))"."""


@dataclass(frozen=True)
class Listening:
    """What `python -m ui` was told of it. `everyone` lets in whoever reaches the address."""

    port: int
    address: str
    hosts: tuple[str, ...] = ()
    key_file: Path | None = None
    everyone: bool = False


def key_for(asked: Listening) -> str:
    """The key that browsers have to give, "" for none. It leaves the environment, which other processes inherit.

    Raises `UsageError` where other machines are let in without one, and for one that is too short.
    """
    told = os.environ.pop(VARIABLE, "")
    key, place = (_read(asked.key_file), str(asked.key_file)) if asked.key_file else (told.strip(), VARIABLE)
    if asked.everyone and (key or asked.key_file):
        raise UsageError(f"--no-key asks for no key, and there is one in {place}.", "Leave one of them out.")
    if key or asked.key_file:
        return _checked(key, place)
    if not asked.everyone and not is_loopback(asked.address):
        raise UsageError(
            f"{asked.address or 'Every address'} lets other machines in, and no key is set that they have to give.",
            f"Set {VARIABLE}, or name a file with --key-file. {MAKE_ONE} "
            "With --no-key everyone who reaches the address may read, add and remove documents.",
        )
    return ""


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"The key in {file} cannot be read: {type(error).__name__}.", MAKE_ONE) from None


def _checked(key: str, place: str) -> str:
    if len(key) < SHORTEST:
        raise UsageError(f"The key in {place} has {len(key)} characters, and needs {SHORTEST}.", MAKE_ONE)
    if not key.isprintable():
        raise UsageError(f"The key in {place} is more than one line, or holds what nobody can type.", MAKE_ONE)
    return key


def is_loopback(address: str) -> bool:
    """Whether only this machine reaches it. A name has to mean this machine in each of its meanings."""
    try:
        meanings = {str(each[4][0]) for each in socket.getaddrinfo(address, None)} if address else set()
    except (OSError, UnicodeError):
        return False
    return bool(meanings) and all(ipaddress.ip_address(each).is_loopback for each in meanings)


def names_of(address: str, hosts: tuple[str, ...] = ()) -> list[str]:
    """The names under which browsers may come. Others are refused, since a page elsewhere can have its own name mean
    this machine (DNS rebinding) and would then read the collection. [] lets any in: where other machines are let in,
    only a person knows the names, and gives them as `hosts`."""
    if not hosts and not is_loopback(address):
        return []
    return ["localhost", "127.0.0.1", "::1", *({address} - EVERY), *hosts]
