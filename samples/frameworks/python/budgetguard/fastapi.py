"""FastAPI and Starlette: an ASGI middleware class, and the function form of app.middleware("http")."""

import json

from starlette.requests import HTTPConnection, Request
from starlette.responses import Response

from .guard import BudgetGuardMiddleware
from .lease import Denial, Outcome

MAX_JSON_BYTES = 1024 * 1024


class ASGIBudgetMiddleware:
    """app.add_middleware(ASGIBudgetMiddleware, config=…): sees the response to its very end, streams, WebSockets and background tasks included."""

    def __init__(self, app, config=None):
        self.app = app
        self.guard = BudgetGuardMiddleware(config)

    async def __call__(self, scope, receive, send):
        if scope["type"] not in ("http", "websocket") or _is_guarded(scope):
            await self.app(scope, receive, send)
            return
        body = _Body(receive)
        lease = await _begin(self.guard, scope, body)
        if isinstance(lease, Denial):
            await _deny(lease, scope, receive, send)
            return
        watch = _Watch(lease, send)
        try:
            await self.app(scope, body.receive, watch.send)
        except Exception:
            await lease.finish_async(Outcome.CUT if watch.has_started else Outcome.FAILED)
            raise
        except BaseException:  # cancelled: nothing may be awaited any more, and the app may have spent
            lease.hand_over(Outcome.CUT)
            raise
        await lease.finish_async(Outcome.CUT if watch.has_started else Outcome.FAILED)


class FastAPIBudgetMiddleware(BudgetGuardMiddleware):
    """app.middleware("http")(create_fastapi_budget_middleware())"""

    async def __call__(self, request, call_next):
        if _is_guarded(request.scope):
            return await call_next(request)
        body = _Body(request.receive)
        lease = await _begin(self, request.scope, body)
        if isinstance(lease, Denial):
            return _response(lease)
        if body.read:
            request._receive = body.receive  # the one way to give back what was read that works in every version of Starlette
        try:
            response = await call_next(request)
        except Exception:
            await lease.finish_async(Outcome.FAILED)
            raise
        except BaseException:
            lease.hand_over(Outcome.CUT)
            raise
        response.body_iterator = _watched(lease, response, response.body_iterator)
        return response


def _is_guarded(scope):
    return "budgetguard" in scope


async def _begin(guard, scope, body):
    path, base = scope["path"], scope.get("root_path", "")
    if base and path.startswith(base + "/"):  # newer servers give the whole path
        path = path[len(base):]
    connection = _ExtractorRequest(scope, body) if scope["type"] == "http" else HTTPConnection(scope)
    if guard.has_extractors and scope["type"] == "http":
        await connection.read_json()
    lease = await guard.begin_async(connection, scope.get("method", "GET"), path, base)
    if not isinstance(lease, Denial):
        scope["budgetguard"] = scope.setdefault("state", {})["budget_guard"] = lease
    return lease


def _response(denial):
    return Response(denial.content, denial.status, dict(denial.header_list))


async def _deny(denial, scope, receive, send):
    if scope["type"] == "http":
        return await _response(denial)(scope, receive, send)
    await receive()
    await send({"type": "websocket.close", "code": 1008})


class _Watch:
    """Settles before the last byte goes on, so that whoever reads the balance after the answer sees it."""

    def __init__(self, lease, send):
        self._lease, self._send = lease, send
        self.has_started = False
        self._outcome, self._left = Outcome.DONE, None

    async def send(self, message):
        kind = message["type"]
        self.has_started |= kind in ("http.response.start", "websocket.accept")
        if kind == "http.response.start":
            self._outcome = Outcome.of(message["status"])
            self._left = _length(message.get("headers", ()))
        elif kind == "http.response.body":
            if self._left is not None:
                self._left -= len(message.get("body", b""))
            if not message.get("more_body") or (self._left is not None and self._left <= 0):
                await self._lease.finish_async(self._outcome)
        elif kind in ("http.response.pathsend", "http.response.zerocopysend"):
            await self._lease.finish_async(self._outcome)
        await self._send(message)


async def _watched(lease, response, chunks):
    left = _length(response.raw_headers)
    outcome = Outcome.of(response.status_code)
    try:
        async for chunk in chunks:
            if left is not None and isinstance(chunk, bytes):
                left -= len(chunk)
                if left <= 0:
                    await lease.finish_async(outcome)
            yield chunk
        await lease.finish_async(outcome)
    finally:
        lease.hand_over(Outcome.CUT)


def _length(headers):
    return next((int(value) for name, value in headers if name.lower() == b"content-length" and value.isdigit()), None)


class _Body:
    """The request's body, which extractors may read and the app still gets whole."""

    def __init__(self, receive):
        self._receive, self.read, self._at = receive, [], 0

    async def peek(self):
        if self._at == len(self.read):
            self.read.append(await self._receive())
        self._at += 1
        return self.read[self._at - 1]

    async def receive(self):
        return self.read.pop(0) if self.read else await self._receive()


class _ExtractorRequest(Request):
    """What extractors get: Starlette's request, with path, and with a JSON body that is there at once: json, json() and await json() all are it."""

    def __init__(self, scope, body):
        super().__init__(scope, body.peek)
        self._text = None

    @property
    def path(self):
        return self.scope["path"]

    async def read_json(self):
        """Reads a JSON body ahead, since an ordinary function cannot wait for it; a large one is left to the app."""
        length = self.headers.get("content-length", "")
        if "json" not in self.headers.get("content-type", "") or (length.isdigit() and int(length) > MAX_JSON_BYTES):
            return
        text, is_more = b"", True
        while is_more and len(text) <= MAX_JSON_BYTES:
            message = await self._receive()
            text += message.get("body", b"")
            is_more = message.get("more_body", False)
        if not is_more:
            self._body = self._text = text

    @property
    def json(self):
        value = None if self._text is None else json.loads(self._text)
        if not isinstance(value, (dict, list)):
            raise AttributeError(f"the body is no JSON object or list of at most {MAX_JSON_BYTES} bytes")
        return _Object(value) if isinstance(value, dict) else _List(value)


class _ThereAtOnce:
    def __call__(self):
        return self

    def __await__(self):
        return self
        yield


class _Object(_ThereAtOnce, dict):
    pass


class _List(_ThereAtOnce, list):
    pass
