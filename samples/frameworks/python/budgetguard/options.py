"""What can be set, and where it comes from: an argument, else a LEADFACTORY_ variable, else the default."""

import difflib
import enum
import inspect
import logging
import os
import re
from dataclasses import dataclass, field, fields
from typing import Any, Callable, Optional, Sequence
from urllib.parse import urlsplit

PREFIX = "LEADFACTORY_"
EXTRACTORS = ("user", "operation", "model", "cost")


class ConfigurationError(ValueError):
    """A setting that is not understood; the message names the key, the value and what was expected, for all that is wrong at once."""


class FrameworkType(enum.Enum):
    """Frameworks that the variable FRAMEWORK may name; those without an adapter in Python get the generic one."""

    AUTO = "auto"
    GENERIC = "generic"
    FASTAPI = "fastapi"
    STARLETTE = "starlette"
    FLASK = "flask"
    DJANGO = "django"
    ASPNETCORE = "aspnetcore"
    DOTNET = "dotnet"
    EXPRESS = "express"
    EXPRESSJS = "expressjs"
    NESTJS = "nestjs"


# Parsers take the text of a variable or the value of an argument; what they do not take is refused, never guessed.


def _boolean(value):
    if isinstance(value, bool):
        return value
    text = value.strip().lower() if isinstance(value, str) else None
    if text in ("true", "false"):
        return text == "true"
    raise ValueError("true or false")


def _number(low, high):
    def parse(value):
        text = str(value).strip()
        if not isinstance(value, bool) and re.fullmatch(r"[0-9]{1,9}", text) and low <= int(text) <= high:
            return int(text)
        raise ValueError(f"a whole number from {low} to {high}")

    return parse


def _list_of(check, expected):
    def parse(value):
        if isinstance(value, str):
            value = [part.strip() for part in value.split(",")] if value.strip() else []
        if isinstance(value, (list, tuple, set, frozenset)) and all(isinstance(item, str) and check(item) for item in value):
            return tuple(value)
        raise ValueError(expected)

    return parse


def _is_path(text):
    return text.startswith("/") and not re.search(r"[*%\\;?#]|//|\.(/|$)", text) and text.isprintable()


_paths = _list_of(_is_path, "paths such as /api, separated by commas, without wildcards or escapes")
_methods = _list_of(re.compile(r"[A-Za-z!#$%&'*+.^_`|~0-9-]+").fullmatch, "methods such as OPTIONS, separated by commas")


def _excluded(value):
    paths = _paths(value)
    if any(path.strip("/") == "" for path in paths):
        raise ValueError("paths other than /; enable_budget_monitoring=false turns the guard off")
    return paths


def _text(value):
    if isinstance(value, str) and value.strip() and value.isprintable():
        return value.strip()
    raise ValueError("a text")


def _url(value):
    expected = ValueError("the address of the gateway such as http://127.0.0.1:5080")
    try:
        text = _text(value).rstrip("/")
        parts = urlsplit(text)
        plain = parts.hostname and parts.port != 0 and not (parts.query or parts.fragment or "@" in parts.netloc or " " in text)
    except ValueError:
        raise expected from None
    if parts.scheme not in ("http", "https") or not plain or not text.isascii():
        raise expected
    return text


def _key(value):
    if value == "":
        return None
    text = _text(value)
    if text.isascii() and " " not in text:
        return text
    raise ValueError("a key without spaces")


def _framework(value):
    try:
        return value if isinstance(value, FrameworkType) else FrameworkType(value.strip().lower())
    except (ValueError, AttributeError):
        raise ValueError("one of " + ", ".join(sorted(known.value for known in FrameworkType))) from None


_LEVELS = {"TRACE": "DEBUG", "INFORMATION": "INFO", "WARN": "WARNING", "FATAL": "CRITICAL"}


def _level(value):
    name = _LEVELS.get(value.strip().upper(), value.strip().upper()) if isinstance(value, str) else None
    if name == "NONE":
        return logging.CRITICAL + 1
    if name in ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"):
        return getattr(logging, name)
    raise ValueError("one of DEBUG, INFO, WARNING, ERROR, CRITICAL")


def _callback(value):
    if callable(value):
        return value
    raise ValueError("a function")


def _option(variable, parse, default):
    return field(default=None, metadata={"variable": variable, "parse": parse, "default": default})


class _Settings:
    """Reads each field that was not given from its variable, checks all, and reports all that is wrong at once."""

    def __post_init__(self):
        problems = []
        for each in fields(self):
            key, value = f"{type(self).__name__}.{each.name}", getattr(self, each.name)
            variable = each.metadata["variable"]
            if value is None and variable is not None and variable in os.environ:
                key, value = variable, os.environ[variable]
            if value is None:
                object.__setattr__(self, each.name, each.metadata["default"])
                continue
            try:
                object.__setattr__(self, each.name, each.metadata["parse"](value))
            except ValueError as expected:
                shown = "(not shown)" if each.name == "api_key" else repr(value)
                problems.append(f"{key}: {shown} is not valid; expected {expected}")
        problems += _unknown_variables()
        if problems:
            raise ConfigurationError("; ".join(problems))


@dataclass(frozen=True)
class BudgetMiddlewareOptions(_Settings):
    """Options of the guard; None means not given."""

    enable_budget_monitoring: Optional[bool] = _option(PREFIX + "ENABLE_BUDGET_MONITORING", _boolean, True)
    enable_cost_tracking: Optional[bool] = _option(PREFIX + "ENABLE_COST_TRACKING", _boolean, True)
    enable_throttling: Optional[bool] = _option(PREFIX + "ENABLE_THROTTLING", _boolean, True)
    enable_alerting: Optional[bool] = _option(PREFIX + "ENABLE_ALERTING", _boolean, True)
    exclude_paths: Optional[Sequence[str]] = _option(PREFIX + "EXCLUDE_PATHS", _excluded, ("/health", "/metrics", "/status"))
    include_only_paths: Optional[Sequence[str]] = _option(PREFIX + "INCLUDE_ONLY_PATHS", _paths, ())
    exclude_methods: Optional[Sequence[str]] = _option(PREFIX + "EXCLUDE_METHODS", _methods, ("OPTIONS", "HEAD"))
    async_processing: Optional[bool] = _option(PREFIX + "ASYNC_PROCESSING", _boolean, True)
    cache_decisions: Optional[bool] = _option(PREFIX + "CACHE_DECISIONS", _boolean, True)
    cache_ttl_seconds: Optional[int] = _option(PREFIX + "CACHE_TTL_SECONDS", _number(1, 86_400), 60)
    fail_open: Optional[bool] = _option(PREFIX + "FAIL_OPEN", _boolean, True)
    log_errors: Optional[bool] = _option(PREFIX + "LOG_ERRORS", _boolean, True)
    custom_user_extractor: Optional[Callable] = _option(None, _callback, None)
    custom_operation_extractor: Optional[Callable] = _option(None, _callback, None)
    custom_model_extractor: Optional[Callable] = _option(None, _callback, None)
    custom_cost_extractor: Optional[Callable] = _option(None, _callback, None)
    trust_user_header: Optional[bool] = _option(None, _boolean, False)
    user_header: Optional[str] = _option(None, _text, "X-User-ID")
    gateway_url: Optional[str] = _option("BUDGETGUARD_URL", _url, "http://127.0.0.1:5080")
    api_key: Optional[str] = _option("BUDGETGUARD_KEY", _key, None)
    timeout_ms: Optional[int] = _option("BUDGETGUARD_TIMEOUT_MS", _number(1, 60_000), 300)

    def extractor(self, kind: str) -> Optional[Callable[[Any], Any]]:
        """The callback for one of user, operation, model, cost as a function of the request, or None."""
        return _takes_request(getattr(self, f"custom_{kind}_extractor"))


@dataclass(frozen=True)
class MiddlewareConfig(_Settings):
    """The whole configuration: the framework, the guard's options and what is logged."""

    framework: Optional[FrameworkType] = _option(PREFIX + "FRAMEWORK", _framework, FrameworkType.AUTO)
    budget_options: Optional[BudgetMiddlewareOptions] = field(
        default=None, metadata={"variable": None, "parse": lambda value: _is_options(value), "default": None})
    log_level: Optional[str] = _option(PREFIX + "LOG_LEVEL", _level, None)
    enable_request_logging: Optional[bool] = _option(PREFIX + "ENABLE_REQUEST_LOGGING", _boolean, False)

    def __post_init__(self):
        super().__post_init__()
        if self.budget_options is None:
            object.__setattr__(self, "budget_options", BudgetMiddlewareOptions())


def _is_options(value):
    if isinstance(value, BudgetMiddlewareOptions):
        return value
    raise ValueError("BudgetMiddlewareOptions")


def _takes_request(callback):
    """Callbacks of a framework with a global request may take no argument."""
    if callback is None:
        return None
    try:
        inspect.signature(callback).bind(None)
    except TypeError:
        return lambda request: callback()
    except ValueError:  # a callback written in C has no signature to look at
        pass
    return callback


def _unknown_variables():
    known = [each.metadata["variable"] for kind in (BudgetMiddlewareOptions, MiddlewareConfig) for each in fields(kind) if each.metadata["variable"]]
    for name in sorted(os.environ):
        if name.startswith(PREFIX) and name not in known:
            nearest = difflib.get_close_matches(name, known, 1)
            yield f"{name} is no known variable; expected " + (nearest[0] if nearest else PREFIX + "… as the documentation lists them")
