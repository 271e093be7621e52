"""The models that Kestrel knows, read from `profiles.toml`, and files that add to them."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import MISSING, fields, replace
from difflib import get_close_matches
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any, get_args, get_origin, get_type_hints

from assistant.answers import ModelProfile, Sampling, Serving
from assistant.errors import ModelMismatch
from ingest.errors import UnknownPart, UsageError

Profiles = Mapping[str, ModelProfile]


@cache
def builtin_profiles() -> Profiles:
    """By name, in the order of the file."""
    return read_profiles(Path(__file__).with_suffix(".toml"))


def read_profiles(path: Path) -> Profiles:
    """The profiles of a TOML file of the form described in `profiles.toml`. Raises `UsageError` for what is wrong."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read as a file of profiles: {error}.", "Give a TOML file.") from error
    return _parse(text, str(path))


def profile_named(name: str) -> ModelProfile:
    """The profile of a name, of `FILE.toml` that holds one, or of `FILE.toml#name`.

    Raises `UnknownPart` with the nearest name, and `UsageError` when the file is wrong.
    """
    file, _, wanted = name.partition("#")
    if file.endswith(".toml"):
        found = read_profiles(Path(file))
        if not wanted and len(found) == 1:
            return next(iter(found.values()))
        return _lookup(wanted, found, f"the profiles of {file}")
    return _lookup(name, builtin_profiles(), "the profiles")


def profile_of(model: str, profiles: Iterable[ModelProfile]) -> ModelProfile | None:
    """The profile whose patterns fit the name under which a server announces its model: the longest pattern wins."""
    fitting = [(len(pattern), profile) for profile in profiles for pattern in profile.models if _fits(model, pattern)]
    return max(fitting, key=lambda pair: pair[0])[1] if fitting else None


def check_same_model(asked: ModelProfile, names: Sequence[str], where: str) -> None:
    """Raises `ModelMismatch`, naming both, unless one of the `names` that `where` gives its model can be the asked one.

    A path ("/opt/ml/model") says where weights lie and not what they are; it proves nothing and is let through unless
    it fits another known profile.
    """
    if not asked.models or not names or any(_can_be(asked, name) for name in names):
        return
    other = profile_of(names[0], builtin_profiles().values())
    fitting = f"Use the profile {other.name}" if other else "Name the profile that belongs to it"
    raise ModelMismatch(
        f"The profile {asked.name!r} was asked for, but {where} serves {names[0]!r}.",
        f"{fitting}, or allow any model if you know that they are the same.",
    )


def served_window(profile: ModelProfile, window: int | None, max_input: int | None = None) -> ModelProfile:
    """The profile with the limits that the server really grants; None where it does not tell.

    A known model is never filled beyond its own window, even if a server would take more.
    """
    if window is None:
        return profile
    bound = window if not profile.models else min(window, profile.window)
    own = bound if not profile.models else profile.max_input
    return replace(profile, window=bound, max_input=min(own, max_input or bound, bound))


def _lookup(name: str, profiles: Profiles, where: str) -> ModelProfile:
    if name in profiles:
        return profiles[name]
    near = get_close_matches(name, profiles, n=1)
    hint = f"Did you mean {near[0]!r}?" if near else f"Known: {', '.join(profiles)}."
    raise UnknownPart(f"There is no {name!r} among {where}.", hint)


def _can_be(asked: ModelProfile, name: str) -> bool:
    if any(_fits(name, pattern) for pattern in asked.models):
        return True
    return _is_path(name) and profile_of(name, builtin_profiles().values()) is None


def _fits(model: str, pattern: str) -> bool:
    return fnmatchcase(model.lower().rstrip("/"), pattern.lower())


def _is_path(model: str) -> bool:
    return model.startswith(".") or PurePosixPath(model).is_absolute() or PureWindowsPath(model).is_absolute()


def _parse(text: str, source: str) -> Profiles:
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{source} is not valid TOML: {error}.") from error
    if not tables:
        raise UsageError(f"{source} holds no profile.", "Write one table for each: [name].")
    return {name: _profile(name, table, f"[{name}] of {source}") for name, table in tables.items()}


def _profile(name: str, table: Any, where: str) -> ModelProfile:
    if not isinstance(table, dict):
        raise UsageError(f"{name!r} stands outside of any table in {where}.", "Write it below a line [name].")
    values = {**table, "name": name}
    for key, noun in (("sampling", Sampling), ("serving", Serving)):
        values[key] = _build(noun, table.get(key, {}), f"[{name}.{key}]")
    values.setdefault("max_input", values.get("window"))
    profile: ModelProfile = _build(ModelProfile, values, where)
    _check(profile, where)
    return profile


def _check(profile: ModelProfile, where: str) -> None:
    if profile.template and profile.template.count("{prompt}") != 1:
        raise UsageError(f"The template in {where} must hold {{prompt}} once: {profile.template!r}.")
    if not 0 < profile.max_input <= profile.window:
        raise UsageError(
            f"{where} has max_input {profile.max_input} and window {profile.window}.",
            "Both must be above 0, and max_input at most the window.",
        )


def _build(noun: type[Any], values: Mapping[str, Any], where: str) -> Any:
    """A dataclass from a TOML table: unknown keys, missing ones and wrong types are errors that name the key."""
    hints = get_type_hints(noun)
    unknown = set(values) - set(hints)
    if unknown:
        raise UsageError(f"{where} has the unknown key {min(unknown)!r}.", f"Known: {', '.join(hints)}.")
    missing = [field.name for field in fields(noun) if field.default is MISSING and field.name not in values]
    if missing:
        raise UsageError(f"{where} lacks the key {missing[0]!r}.")
    return noun(**{key: _typed(key, value, hints[key], where) for key, value in values.items()})


def _typed(key: str, value: Any, hint: Any, where: str) -> Any:
    if get_origin(hint) is tuple:
        if isinstance(value, list) and all(isinstance(item, str) for item in value):
            return tuple(value)
    else:
        kinds = [kind for kind in (get_args(hint) or (hint,)) if kind is not type(None)]
        if kinds[0] is float and type(value) is int:
            return float(value)
        if type(value) in kinds:
            return value.strip() if key == "command" else value
    raise UsageError(f"{key!r} in {where} has the wrong kind of value: {value!r}.")
