"""The key before the pages: who has to give one, where it comes from, how it is compared, how long one waits."""

from __future__ import annotations

import asyncio
import os
import socket
from pathlib import Path

import pytest
from click.testing import CliRunner

from ingest.errors import UsageError
from ui.__main__ import main
from ui.door import LONGEST, WINDOW, Door, delay
from ui.listening import SHORTEST, Listening, is_loopback, key_for, names_of

KEY = "a-Key-of-some-length-4711"


@pytest.fixture(autouse=True)
def _no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KESTREL_UI_KEY", raising=False)


@pytest.fixture
def name_server(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """What a name means; numbers mean themselves, as they do to the real one."""
    names: dict[str, list[str]] = {}
    real = socket.getaddrinfo

    def asked(host: str, port: object) -> list[object]:
        if host in names:
            return [each for meaning in names[host] for each in real(meaning, port)]
        return list(real(host, port, flags=socket.AI_NUMERICHOST))

    monkeypatch.setattr(socket, "getaddrinfo", asked)
    return names


INSIDE = ["127.0.0.1", "127.9.9.9", "127.1", "::1", "here"]
OUTSIDE = ["0.0.0.0", "0", "::", "192.168.1.5", "::ffff:0.0.0.0", "fe80::1", "", "there", "both", "unknown.example"]


@pytest.mark.parametrize("address", INSIDE + OUTSIDE)
def test_an_address_that_lets_others_in_needs_a_key(name_server: dict[str, list[str]], address: str):
    name_server.update(here=["127.0.0.1", "::1"], there=["192.0.2.7"], both=["127.0.0.1", "192.0.2.7"])
    assert is_loopback(address) == (address in INSIDE)
    if address in INSIDE:
        assert key_for(Listening(8501, address)) == ""
        return
    with pytest.raises(UsageError, match="lets other machines in, and no key is set") as refused:
        key_for(Listening(8501, address))
    for way in ("KESTREL_UI_KEY", "--key-file", "token_urlsafe", "--no-key"):
        assert way in refused.value.remedy
    assert key_for(Listening(8501, address, everyone=True)) == ""


@pytest.mark.parametrize("address", ["0.0.0.0", "::"])
def test_the_command_refuses_before_anything_listens(address: str, tmp_path: Path):
    result = CliRunner().invoke(main, ["--kb", str(tmp_path / "kb"), "--address", address, "--no-open"])
    assert result.exit_code == 2
    assert "no key is set" in result.output
    assert not (tmp_path / "kb").exists()


def test_a_key_comes_from_the_environment_and_leaves_it(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("KESTREL_UI_KEY", f" {KEY}\n")
    assert key_for(Listening(8501, "127.0.0.1")) == KEY
    assert "KESTREL_UI_KEY" not in os.environ


def test_a_file_wins_over_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("KESTREL_UI_KEY", KEY)
    (tmp_path / "key").write_text("another-key-of-the-file\n", "utf-8")
    assert key_for(Listening(8501, "0.0.0.0", key_file=tmp_path / "key")) == "another-key-of-the-file"


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "has 0 characters"),
        (b"Sesame-" + b"x" * (SHORTEST - 8), f"has {SHORTEST - 1} characters, and needs {SHORTEST}"),
        (b"Sesame-line-one\nSesame-line-two", "more than one line"),
        (b"Sesame-\xff\xfe" * 4, "UnicodeDecodeError"),
    ],
)
def test_no_poor_key_is_taken_and_none_is_told(content: bytes, told: str, tmp_path: Path):
    (tmp_path / "key").write_bytes(content)
    arguments = ["--kb", str(tmp_path / "kb"), "--key-file", str(tmp_path / "key"), "--no-open"]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 2
    assert told in result.output
    assert "token_urlsafe" in result.output
    assert "Sesame" not in result.output


def test_a_key_and_no_key_contradict_each_other(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    (tmp_path / "key").write_text(KEY, "utf-8")
    with pytest.raises(UsageError, match="--no-key asks for no key"):
        key_for(Listening(8501, "0.0.0.0", key_file=tmp_path / "key", everyone=True))
    monkeypatch.setenv("KESTREL_UI_KEY", KEY)
    with pytest.raises(UsageError, match="there is one in KESTREL_UI_KEY"):
        key_for(Listening(8501, "0.0.0.0", everyone=True))


def test_no_option_takes_the_key_itself():
    result = CliRunner().invoke(main, ["--key", KEY])
    assert result.exit_code == 2
    assert KEY not in result.output


class Clock:
    """Time that passes by sleeping alone."""

    def __init__(self) -> None:
        self.now, self.slept = 0.0, list[float]()

    async def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.slept.append(seconds)


def door_at(clock: Clock) -> Door:
    return Door(KEY, clock=lambda: clock.now, sleep=clock.sleep)


def opens(door: Door, key: str) -> bool:
    return asyncio.run(door.opens(key))


@pytest.mark.parametrize("wrong", [KEY.lower(), KEY.upper(), KEY[:-1], f"{KEY}x", "", "ключ", "\N{KELVIN SIGN}"])
def test_the_key_alone_opens(wrong: str):
    door = door_at(Clock())
    assert not opens(door, wrong)
    assert opens(door, KEY)
    assert opens(door, f" {KEY} ")


def test_its_bytes_are_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch):
    compared: list[tuple[bytes, bytes]] = []
    monkeypatch.setattr("hmac.compare_digest", lambda one, other: compared.append((one, other)) or False)
    assert not opens(door_at(Clock()), KEY)
    ((one, other),) = compared
    assert one == other
    assert len(one) == 32


def test_nothing_that_shows_a_door_shows_its_key():
    assert KEY not in f"{door_at(Clock())!r}{vars(door_at(Clock()))}"


def test_who_tries_many_waits_longer_and_longer_up_to_a_bound():
    clock = Clock()
    door = door_at(clock)
    for _ in range(50):
        opens(door, "wrong")
    assert clock.slept[:9] == [1, 1, 1, 1, 1, 2, 4, 8, 8]
    assert max(clock.slept) == LONGEST == delay(1000)


def test_the_owner_gets_in_whatever_others_try():
    clock = Clock()
    door = door_at(clock)
    assert opens(door, KEY)
    assert clock.slept == [0], "no wrong one, no waiting"
    for _ in range(1000):
        opens(door, "wrong")
    assert opens(door, KEY)
    assert clock.slept[-1] == LONGEST, "as long as a wrong one: who leaves early has learned nothing"
    clock.now += WINDOW + 1
    assert opens(door, KEY)
    assert clock.slept[-1] == delay(0) == 0


def test_wrong_keys_are_logged_without_them_and_a_flood_fills_no_log(caplog: pytest.LogCaptureFixture):
    door = door_at(Clock())
    for _ in range(100):
        opens(door, "wrong-guess")
    assert len(caplog.records) == 8
    assert "A wrong key was given, 8 in ten minutes." in caplog.text
    assert "wrong-guess" not in caplog.text


def test_who_lets_other_machines_in_says_under_which_names():
    own = ["localhost", "127.0.0.1", "::1"]
    assert names_of("127.0.0.2") == [*own, "127.0.0.2"]
    assert names_of("0.0.0.0") == []
    assert names_of("192.168.1.5", ("kestrel.example",)) == [*own, "192.168.1.5", "kestrel.example"]
    assert names_of("0.0.0.0", ("kestrel.example",)) == [*own, "kestrel.example"]
