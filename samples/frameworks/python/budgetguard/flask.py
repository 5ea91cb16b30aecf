"""Flask: the function for app.before_request, and an extension with init_app."""

import threading

from flask import Response, after_this_request, current_app, g, request

from .guard import BudgetGuardMiddleware
from .lease import Denial, EndingIterator, Outcome


class FlaskBudgetMiddleware(BudgetGuardMiddleware):
    """app.before_request(create_flask_budget_middleware()). It hooks itself to the end of each request that it lets through."""

    def __init__(self, config=None):
        super().__init__(config)
        self._lock = threading.Lock()

    def __call__(self):
        if "budget_guard" in g:
            return None
        lease = self.begin(request, request.method, request.path, request.script_root)
        if isinstance(lease, Denial):
            return Response(lease.content, lease.status, lease.header_list)
        g.budget_guard = lease
        self._see_teardown(current_app._get_current_object())
        after_this_request(lambda response: _watch(lease, response))
        return None

    def _see_teardown(self, app):
        """Where exceptions propagate, as in tests and debuggers, there is no response to hook to. An app that has begun to serve
        refuses teardown_request(), so the function goes to where that would have put it."""
        functions = app.teardown_request_funcs.setdefault(None, [])
        if _end_unanswered not in functions:
            with self._lock:
                if _end_unanswered not in functions:
                    functions.append(_end_unanswered)


class BudgetGuard(FlaskBudgetMiddleware):
    """BudgetGuard(app), or guard = BudgetGuard() and guard.init_app(app)."""

    def __init__(self, app=None, config=None):
        super().__init__(config)
        if app is not None:
            self.init_app(app)

    def init_app(self, app):
        app.extensions["budgetguard"] = self
        app.before_request(self)
        app.teardown_request(_end_unanswered)


def _watch(lease, response):
    g.budget_guard_is_watched = True
    outcome = Outcome.of(response.status_code)
    # Files pass directly and cost nothing while they do; wrapping them would only slow them down.
    if response.is_streamed and not response.direct_passthrough:
        response.response = EndingIterator(response.response, lease, outcome, response.content_length)
    else:
        lease.finish(outcome)
    return response


def _end_unanswered(error=None):
    if "budget_guard" in g and "budget_guard_is_watched" not in g:
        g.budget_guard.finish(Outcome.DONE if error is None else Outcome.FAILED)
