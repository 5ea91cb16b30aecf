"""Django: a middleware for synchronous and asynchronous apps, configured by settings.BUDGETGUARD."""

from dataclasses import fields

from asgiref.sync import iscoroutinefunction, sync_to_async
from django.conf import settings
from django.http import FileResponse, HttpResponse
from django.utils.module_loading import import_string

from .guard import BudgetGuardMiddleware
from .lease import Denial, EndingIterator, Outcome
from .options import BudgetMiddlewareOptions, ConfigurationError, MiddlewareConfig


class DjangoBudgetMiddleware(BudgetGuardMiddleware):
    """create_django_budget_middleware(config): put it into a module and name that in MIDDLEWARE."""

    sync_capable = True
    async_capable = True

    def __call__(self, get_response):
        return self._asynchronous(get_response) if iscoroutinefunction(get_response) else self._synchronous(get_response)

    async def _extract_async(self, kind, request):
        extractor = self._extractors[kind]
        if extractor is None or iscoroutinefunction(extractor):
            return await super()._extract_async(kind, request)
        # Where Django allows queries, which request.user is one of.
        return await sync_to_async(self._extract)(kind, request)

    def _synchronous(self, get_response):
        def guarded(request):
            if hasattr(request, "budget_guard"):
                return get_response(request)
            lease = self.begin(request, request.method, request.path_info, request.META.get("SCRIPT_NAME", ""))
            if isinstance(lease, Denial):
                return _response(lease)
            request.budget_guard = lease
            try:
                response = get_response(request)
            except BaseException as error:
                lease.finish(_outcome_of(error))
                raise
            if not _watch_stream(lease, response):
                lease.finish(Outcome.of(response.status_code))
            return response

        return guarded

    def _asynchronous(self, get_response):
        async def guarded(request):
            if hasattr(request, "budget_guard"):
                return await get_response(request)
            lease = await self.begin_async(request, request.method, request.path_info, request.META.get("SCRIPT_NAME", ""))
            if isinstance(lease, Denial):
                return _response(lease)
            request.budget_guard = lease
            try:
                response = await get_response(request)
            except BaseException as error:  # a cancelled task must not wait
                lease.hand_over(_outcome_of(error))
                raise
            if not _watch_stream(lease, response):
                await lease.finish_async(Outcome.of(response.status_code))
            return response

        return guarded


def django_budget_middleware(get_response):
    """MIDDLEWARE = [..., "budgetguard.middleware.django_budget_middleware"]"""
    return DjangoBudgetMiddleware(config_from_settings())(get_response)


django_budget_middleware.sync_capable = django_budget_middleware.async_capable = True


def config_from_settings():
    """The options by their names, of MiddlewareConfig and BudgetMiddlewareOptions alike; extractors may be named by their dotted path."""
    given = {str(name).lower(): value for name, value in getattr(settings, "BUDGETGUARD", {}).items()}
    for name, value in given.items():
        if name.endswith("_extractor") and isinstance(value, str):
            given[name] = import_string(value)
    options = {each.name: given.pop(each.name) for each in fields(BudgetMiddlewareOptions) if each.name in given}
    config = {each.name: given.pop(each.name) for each in fields(MiddlewareConfig) if each.name in given and each.name != "budget_options"}
    if given:
        raise ConfigurationError(f"settings.BUDGETGUARD: {sorted(given)} are no options; expected the names of MiddlewareConfig and BudgetMiddlewareOptions")
    return MiddlewareConfig(budget_options=BudgetMiddlewareOptions(**options), **config)


def _response(denial):
    response = HttpResponse(denial.content, status=denial.status)
    for name, value in [*denial.header_list, ("Content-Length", str(len(denial.content)))]:
        response[name] = value
    return response


def _outcome_of(error):
    return Outcome.FAILED if isinstance(error, Exception) else Outcome.CUT


def _watch_stream(lease, response):
    """True when the end of the stream will end the lease. A file costs nothing while it passes and keeps the server's fast way."""
    if not response.streaming or isinstance(response, FileResponse):
        return False
    outcome = Outcome.of(response.status_code)
    kind = _AsyncEndingIterator if getattr(response, "is_async", False) else EndingIterator
    response.streaming_content = kind(response.streaming_content, lease, outcome)
    return True


class _AsyncEndingIterator:
    """As EndingIterator, for asynchronous streams."""

    def __init__(self, chunks, lease, outcome):
        self._chunks, self._lease, self._outcome = aiter(chunks), lease, outcome

    def __aiter__(self):
        return self

    async def __anext__(self):
        try:
            return await anext(self._chunks)
        except StopAsyncIteration:
            await self._lease.finish_async(self._outcome)
            raise
        except BaseException:
            self._lease.hand_over(Outcome.CUT)
            raise

    def close(self):
        self._lease.hand_over(Outcome.CUT)
