"""Everything an app imports. A framework is imported only when its adapter is asked for."""

import importlib

from .guard import BudgetGuardMiddleware
from .lease import Denial, Lease
from .options import BudgetMiddlewareOptions, ConfigurationError, FrameworkType, MiddlewareConfig

_ADAPTERS = {
    "ASGIBudgetMiddleware": "fastapi",
    "FastAPIBudgetMiddleware": "fastapi",
    "FlaskBudgetMiddleware": "flask",
    "BudgetGuard": "flask",
    "DjangoBudgetMiddleware": "django",
    "django_budget_middleware": "django",
}
_CLASSES = {
    FrameworkType.FASTAPI: "FastAPIBudgetMiddleware",
    FrameworkType.STARLETTE: "FastAPIBudgetMiddleware",
    FrameworkType.FLASK: "FlaskBudgetMiddleware",
    FrameworkType.DJANGO: "DjangoBudgetMiddleware",
}

__all__ = [
    "BudgetGuardMiddleware", "BudgetMiddlewareOptions", "ConfigurationError", "Denial", "FrameworkType", "Lease", "MiddlewareConfig",
    "create_budget_middleware", "create_django_budget_middleware", "create_fastapi_budget_middleware", "create_flask_budget_middleware",
]


def __getattr__(name):
    if name in _ADAPTERS:
        return getattr(importlib.import_module("." + _ADAPTERS[name], __package__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def create_budget_middleware(config=None):
    """The middleware of the framework that the configuration or LEADFACTORY_FRAMEWORK names, else one that knows none."""
    config = config or MiddlewareConfig()
    name = _CLASSES.get(config.framework)
    return BudgetGuardMiddleware(config) if name is None else __getattr__(name)(config)


def create_fastapi_budget_middleware(config=None):
    """For app.middleware("http")(…). ASGIBudgetMiddleware is the better form."""
    return __getattr__("FastAPIBudgetMiddleware")(config)


def create_flask_budget_middleware(config=None):
    """For app.before_request(…)."""
    return __getattr__("FlaskBudgetMiddleware")(config)


def create_django_budget_middleware(config=None):
    """For a module variable that MIDDLEWARE names."""
    return __getattr__("DjangoBudgetMiddleware")(config)
