"""The guard itself, without a framework: filter, ask the extractors, ask the gateway, read its answer."""

import inspect
import logging
import threading
import uuid
from decimal import Decimal
from typing import Any, NamedTuple, Optional, Union

from .client import GatewayClient
from .filtering import RequestFilter
from .lease import Denial, Lease, Outcome, usd
from .options import EXTRACTORS, MiddlewareConfig
from .settling import Ending, Settler
from .wire import GatewayError, to_json

_logger = logging.getLogger("budgetguard")
_CLIENT_ERRORS = (400, 413, 415, 422)


class _Log:
    """Errors, each kind once until the gateway answers again; what a client does must not fill the log."""

    def __init__(self, is_on):
        self._is_on, self._known, self._lock = is_on, set(), threading.Lock()

    def once(self, kind, message, *values):
        with self._lock:
            is_new = kind not in self._known and not self._known.add(kind)
        if is_new and self._is_on:
            _logger.error(message, *values)

    def recovered(self):
        if self._known:
            with self._lock:
                failed = {kind for kind in self._known if kind.startswith("gateway-")}
                self._known -= failed
            if failed and self._is_on:
                _logger.warning("The gateway answers again")


class _Ask(NamedTuple):
    body: str
    user: str
    model: Optional[str]
    operation: str


class BudgetGuardMiddleware:
    """Decides about requests. The adapters call begin and end the lease; process_request and process_response are the same for any other framework."""

    def __init__(self, config: Optional[MiddlewareConfig] = None):
        self.config = config or MiddlewareConfig()
        self.options = options = self.config.budget_options
        if self.config.log_level is not None:
            _logger.setLevel(self.config.log_level)
        self._filter = RequestFilter(options.exclude_paths, options.include_only_paths, options.exclude_methods)
        self._extractors = {kind: options.extractor(kind) for kind in EXTRACTORS}
        self._log = _Log(options.log_errors)
        self._client = GatewayClient(options.gateway_url, options.api_key, options.timeout_ms / 1000)
        self._settler = Settler(self._client, self._log)

    @property
    def has_extractors(self) -> bool:
        return any(self._extractors.values())

    def process_request(self, request: Any) -> Optional[Denial]:
        """None when the request may run, else the answer to send. The hold ends with process_response."""
        path = getattr(request, "path", None) or getattr(getattr(request, "url", None), "path", None) or "/"
        outcome = self.begin(request, getattr(request, "method", None) or "GET", str(path))
        if isinstance(outcome, Denial):
            return outcome
        try:
            request.budget_guard = outcome
        except AttributeError:  # nobody could report on it or end it later
            outcome.finish(Outcome.DONE)
        return None

    def process_response(self, request: Any, status: int = 200, is_cut: bool = False) -> None:
        """Settles what process_request held."""
        lease = getattr(request, "budget_guard", None)
        if isinstance(lease, Lease):
            lease.finish(Outcome.CUT if is_cut else Outcome.of(status))

    def begin(self, request: Any, method: str, path: str, base: str = "") -> Union[Lease, Denial]:
        if not self._guards(method, path, base):
            return Lease()
        ask = self._ask({kind: self._extract(kind, request) for kind in EXTRACTORS}, request)
        if isinstance(ask, Denial):
            return ask
        try:
            answer = self._client.send("POST", "/decisions", ask.body)
        except GatewayError as error:
            return self._unanswered(ask, error)
        return self._logged(method, path, ask, self._judge(ask, answer))

    async def begin_async(self, request: Any, method: str, path: str, base: str = "") -> Union[Lease, Denial]:
        if not self._guards(method, path, base):
            return Lease()
        ask = self._ask({kind: await self._extract_async(kind, request) for kind in EXTRACTORS}, request)
        if isinstance(ask, Denial):
            return ask
        try:
            answer = await self._client.send_async("POST", "/decisions", ask.body)
        except GatewayError as error:
            return self._unanswered(ask, error)
        except BaseException:  # cancelled: the app will not run, the gateway may hold
            self._settler.later(Ending("DELETE", None, ask=ask.body))
            raise
        return self._logged(method, path, ask, self._judge(ask, answer))

    def _guards(self, method, path, base):
        return self.options.enable_budget_monitoring and self._filter.guards(method, path, base)

    def _extract(self, kind, request):
        """The extractor's answer, or the exception it raised."""
        extractor = self._extractors[kind]
        try:
            return None if extractor is None else extractor(request)
        except Exception as error:
            return error

    async def _extract_async(self, kind, request):
        value = self._extract(kind, request)
        try:
            return await value if inspect.isawaitable(value) else value
        except Exception as error:
            return error

    def _ask(self, found, request):
        values = {kind: self._value(kind, value) for kind, value in found.items()}
        if not self.options.fail_open and any(isinstance(value, Exception) for value in values.values()):
            return _unavailable()
        values = {kind: None if isinstance(value, Exception) else value for kind, value in values.items()}
        user = values["user"]
        if user is None and (self._extractors["user"] is None or isinstance(found["user"], Exception)) and self.options.trust_user_header:
            user = _header(request, self.options.user_header)
        members = {"id": str(uuid.uuid4()), "user": user or "anonymous", "operation": values["operation"] or "api_call"}
        if values["model"] is not None:
            members["model"] = values["model"]
        if values["cost"] is not None:
            members["estimated_cost"] = values["cost"]
        return _Ask(to_json(members), members["user"], values["model"], members["operation"])

    def _value(self, kind, value):
        """The value as it is sent, None for no opinion, or the exception that says why there is none."""
        if inspect.isawaitable(value):
            if inspect.iscoroutine(value):
                value.close()
            value = TypeError("it is asynchronous, and this framework calls it synchronously")
        if value is None or value == "":
            return None
        try:
            if isinstance(value, Exception):
                raise value
            return usd(value) if kind == "cost" else str(value)
        except Exception as error:
            # Where and what, but not its text: that may quote a token or a body.
            self._log.once(f"extractor-{kind}", "The %s extractor failed: %s at %s", kind, type(error).__name__, _place(error))
            return error

    def _judge(self, ask, answer):
        body = answer.body if isinstance(answer.body, dict) else {}
        if answer.status in _CLIENT_ERRORS:
            # What a client sends never lets it pass uncounted.
            self._log.once(f"refused-{answer.status}", "The gateway refused to decide with status %s: %s", answer.status, body.get("detail") or body.get("title"))
            return self._denied(Denial(400, {}, {"error": "Budget guard refused the request"}))
        if answer.status != 200:
            return self._unanswered(ask, GatewayError(f"status {answer.status}"))
        hold_id, estimate = body.get("hold_id"), body.get("estimated_cost")
        if body.get("decision") == "allow" and isinstance(hold_id, (str, type(None))) and isinstance(estimate, (int, Decimal, type(None))):
            self._log.recovered()
            estimate = None if estimate is None else Decimal(estimate)
            return Lease(self._settler, hold_id, estimate, ask.user, ask.model, body, is_metered=self.options.enable_cost_tracking)
        denial = Denial.read(body)
        if denial is not None:
            self._log.recovered()
            return self._denied(denial)
        return self._unanswered(ask, GatewayError("garbled", "the gateway's answer is not understood", sent=True))

    def _denied(self, denial):
        if self.options.enable_throttling:
            return denial
        self._log.once("throttling-off", "A request that the gateway denies passes, since throttling is off")
        return Lease()

    def _unanswered(self, ask, error):
        if not self.options.fail_open:
            self._log.once(f"gateway-{error.kind}", "The gateway does not decide (%s); requests are answered 503", error)
            if error.sent:
                self._settler.later(Ending("DELETE", None, ask=ask.body))
            return _unavailable()
        self._log.once(f"gateway-{error.kind}", "The gateway does not decide (%s); requests pass uncounted", error)
        if not error.sent:
            return Lease()
        return Lease(self._settler, None, None, ask.user, ask.model, ask=ask.body, is_metered=self.options.enable_cost_tracking)

    def _logged(self, method, path, ask, outcome):
        if self.config.enable_request_logging:
            said = f"denied with {outcome.status}" if isinstance(outcome, Denial) else f"may run, {outcome.estimated_cost} USD held"
            _logger.info("%s %r: user %r, operation %r, model %r: %s", method, path, ask.user, ask.operation, ask.model, said)
        return outcome


def _place(error):
    at = error.__traceback__
    while at is not None and at.tb_next is not None:
        at = at.tb_next
    return "its result" if at is None or at.tb_frame.f_globals.get("__name__", "").startswith("budgetguard.") else f"{at.tb_frame.f_code.co_filename}:{at.tb_lineno}"


def _unavailable():
    return Denial(503, {}, {"error": "Budget guard unavailable"})


def _header(request, name):
    headers = getattr(request, "headers", None) or {}
    return headers.get(name) or headers.get(name.lower())
