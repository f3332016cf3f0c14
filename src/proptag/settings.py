"""How settings are declared, checked and listed: a dataclass per script, its defaults, ranges and choices; all errors at once, in words."""

import types
import typing
from collections.abc import Mapping
from dataclasses import MISSING, field, fields, is_dataclass
from difflib import get_close_matches
from typing import Any, TypeVar

from proptag.errors import SettingsError

REQUIRED = "???"
"""OmegaConf's mark for a setting that has no default."""

Config = TypeVar("Config")


def setting(
    default: Any,  # noqa: ANN401
    about: str,
    *,
    at_least: float | None = None,
    at_most: float | None = None,
    below: float | None = None,
    choices: tuple[str, ...] = (),
) -> Any:  # noqa: ANN401  (a dataclass field stands in for a value of any type)
    """Declare a setting with its default, one line of help and its limits."""
    limits = {"at_least": at_least, "at_most": at_most, "below": below, "choices": choices}
    return field(default=default, metadata={"about": about, **limits})


def build(cls: type[Config], values: Mapping[str, Any]) -> Config:
    """Make a settings dataclass of plain values; ``SettingsError`` lists every problem at once."""
    problems: list[str] = []
    config = _build(cls, values, "", problems)
    if problems:
        raise SettingsError(problems)
    return typing.cast("Config", config)


def leaves(cls: type, prefix: str = "") -> dict[str, Any]:
    """Map the dotted name of every setting below ``cls`` to its dataclass field."""
    found: dict[str, Any] = {}
    for item in fields(cls):
        name = prefix + item.name
        found |= leaves(item.type, f"{name}.") if is_dataclass(item.type) else {name: item}  # type: ignore[arg-type]
    return found


def defaults(cls: type) -> dict[str, Any]:
    """Return the settings with their defaults as plain nested values; ``REQUIRED`` marks those without one."""
    return {
        item.name: defaults(item.type) if is_dataclass(item.type) else item.default  # type: ignore[arg-type]
        for item in fields(cls)
    }


def unknown_setting(cls: type, name: str) -> str:
    """Say that there is no such setting, with the nearest ones that there are."""
    near = get_close_matches(name, leaves(cls), n=2, cutoff=0.6)
    return f"{name}: no such setting" + (f" (did you mean {' or '.join(near)}?)" if near else "")


def usage(cls: type) -> str:
    """List the settings with their defaults, a line each."""
    lines = []
    for name, item in leaves(cls).items():
        default = "required" if item.default == REQUIRED else f"default {item.default}"
        choices = " / ".join(item.metadata["choices"])
        lines.append(f"  {name + '=':24} {'; '.join(filter(None, (item.metadata['about'], choices, default)))}")
    return "\n".join(lines)


def _build(cls: type, values: Mapping[str, Any], prefix: str, problems: list[str]) -> Any:  # noqa: ANN401
    names = {item.name for item in fields(cls)}
    problems += [unknown_setting(cls, key) if not prefix else f"{prefix}{key}: no such setting" for key in values if key not in names]
    made = {}
    for item in fields(cls):
        name = prefix + item.name
        if is_dataclass(item.type):
            made[item.name] = _build(typing.cast("type", item.type), values.get(item.name) or {}, f"{name}.", problems)
            continue
        value = values.get(item.name, item.default)
        if value is MISSING or value == REQUIRED:
            problems.append(f"{name}: needs a value ({item.metadata['about']})")
            continue
        try:
            made[item.name] = _converted(value, item.type)
        except (TypeError, ValueError):
            problems.append(f"{name}: needs {_type_name(item.type)}, not {value!r}")
            continue
        problems += [f"{name}: {problem}" for problem in _limit_problems(made[item.name], item.metadata)]
    # Values out of range are still values, so that settings that do not go together can be named as well.
    if any(item.name not in made or (is_dataclass(item.type) and made[item.name] is None) for item in fields(cls)):
        return None
    try:
        return cls(**made)
    except SettingsError as error:
        problems += error.problems
        return None


def _converted(value: Any, kind: Any) -> Any:  # noqa: ANN401
    options = typing.get_args(kind) if isinstance(kind, types.UnionType) else (kind,)
    if value is None or value == "null":
        if type(None) in options:
            return None
        raise ValueError
    wanted = options[0]
    if wanted is bool:
        if isinstance(value, bool):
            return value
        return {"true": True, "false": False}.get(str(value).lower()) if str(value).lower() in ("true", "false") else _refuse()
    if isinstance(value, bool) or (wanted is int and isinstance(value, float) and not value.is_integer()):
        raise ValueError
    return wanted(value)


def _refuse() -> typing.NoReturn:
    raise ValueError


def _type_name(kind: Any) -> str:  # noqa: ANN401
    names = {int: "a whole number", float: "a number", bool: "true or false", str: "a text", type(None): "null"}
    options = typing.get_args(kind) if isinstance(kind, types.UnionType) else (kind,)
    return " or ".join(names[option] for option in options)


def _limit_problems(value: Any, limits: Mapping[str, Any]) -> list[str]:  # noqa: ANN401
    problems: list[str] = []
    if value is None:
        return problems
    if limits["choices"] and value not in limits["choices"]:
        near = get_close_matches(str(value), limits["choices"], n=1)
        problems.append(f"must be one of {', '.join(limits['choices'])}, not {value!r}" + (f" (did you mean {near[0]}?)" if near else ""))
    # "not (a >= b)" also refuses nan
    if limits["at_least"] is not None and not value >= limits["at_least"]:
        problems.append(f"must be at least {limits['at_least']:g}, not {value}")
    if limits["at_most"] is not None and not value <= limits["at_most"]:
        problems.append(f"must be at most {limits['at_most']:g}, not {value}")
    if limits["below"] is not None and not value < limits["below"]:
        problems.append(f"must be below {limits['below']:g}, not {value}")
    return problems
