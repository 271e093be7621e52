"""Parts by name, loaded late: nothing is imported before it is asked for, so that `--help` stays instant.

A name is looked up in this project's own table, then among the entry points that installed packages offer
(`[project.entry-points."kestrel.readers"]`, `kestrel.embedders`, …); `module:Class` names a part that is in neither.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from importlib import import_module
from typing import Any

from ingest.errors import MissingExtra, UnknownPart


@dataclass(frozen=True, slots=True)
class Registry:
    """`kind` is the plural shown to people ("embedders"); `table` maps a name to "module:attribute"."""

    kind: str
    table: Mapping[str, str]

    def names(self) -> list[str]:
        return sorted({*self.table, *(point.name for point in self._entry_points())})

    def load(self, name: str) -> Any:
        """The class or function behind a name. Raises `UnknownPart` with the nearest names, or `MissingExtra`."""
        module, _, attribute = self._target(name).partition(":")
        try:
            return getattr(import_module(module), attribute)
        except ModuleNotFoundError as error:
            raise self._missing(name, module, error) from error
        except AttributeError as error:
            raise UnknownPart(
                f"{module!r} has no {attribute!r}.", f"Check the name after the colon of {name!r}."
            ) from error

    def _target(self, name: str) -> str:
        if name in self.table:
            return self.table[name]
        for point in self._entry_points():
            if point.name == name:
                return str(point.value)
        if ":" in name:
            return name
        near = get_close_matches(name, self.names(), n=1)
        hint = f"Did you mean {near[0]!r}?" if near else f"Known {self.kind}: {', '.join(self.names())}."
        raise UnknownPart(f"There is no {name!r} among the {self.kind}.", hint)

    def _entry_points(self) -> Iterator[Any]:
        from importlib.metadata import entry_points  # 17 ms, which a name in our own table does not cost

        yield from entry_points(group=f"kestrel.{self.kind}")

    def _missing(self, name: str, module: str, error: ModuleNotFoundError) -> UnknownPart | MissingExtra:
        absent = error.name or module
        if absent == module or module.startswith(f"{absent}."):
            return UnknownPart(f"No module named {absent!r} for the {self.kind} {name!r}.", "Write it as module:Class.")
        return MissingExtra(f"{name!r} needs the package {absent!r}.", f"Run: pip install {absent}")
