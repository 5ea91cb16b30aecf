"""The test app on Django, one file; DJANGO_MODE=wsgi (default, wsgiref with threads) or asgi (uvicorn)."""

import asyncio
import json
import os
import pathlib
import select
import socket
import sys
import threading
import time
from decimal import Decimal
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parents[4] / "samples/frameworks/python")]

import django
from django.conf import settings
from django.core.asgi import get_asgi_application
from django.core.handlers.asgi import ASGIHandler
from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse, JsonResponse, StreamingHttpResponse
from django.urls import path

IS_ASGI = os.environ.get("DJANGO_MODE", "wsgi") == "asgi"
bill = {"calls": 0, "cost": Decimal(0)}
lock = threading.Lock()
guard_settings = {
    "custom_user_extractor": lambda request: request.headers.get("X-Test-User"),
    "custom_operation_extractor": lambda request: request.headers.get("X-Test-Operation"),
    "custom_cost_extractor": lambda request: request.headers.get("X-Test-Estimate"),
    "custom_model_extractor": lambda request: request.headers.get("X-Test-Model"),
}
if "LEADFACTORY_EXCLUDE_PATHS" not in os.environ:
    guard_settings["exclude_paths"] = ["/health", "/metrics", "/status", "/bill"]


def health(request):
    return HttpResponse("ok", content_type="text/plain")


def read_bill(request):
    return JsonResponse({"calls": bill["calls"], "cost": str(bill["cost"])})


def handle(request):
    if request.method != "POST":
        return JsonResponse({"done": True})
    todo = json.loads(request.body)
    with lock:
        bill["calls"] += 1
    guard = request.budget_guard
    if "stream" in todo:
        return StreamingHttpResponse(stream(todo, guard), content_type="text/plain")
    report(todo, guard)
    if "hang" in todo:
        left = threading.Event()
        wait = (lambda: left.wait(30)) if IS_ASGI else (lambda: wait_for(request.META["app.socket"]))
        response = StreamingHttpResponse(hang(wait), content_type="text/plain")
        response.left = left
        return response
    if todo.get("fail"):
        raise RuntimeError("the handler fails")
    return JsonResponse({"done": True})


async def handle_async(request):
    return handle(request)


def report(todo, guard):
    if "report" in todo:
        with lock:
            bill["cost"] += Decimal(todo["report"])
        guard.report_cost(todo["report"])
    if "usage" in todo:
        guard.report_usage(todo["usage"], todo.get("model"))


def stream(todo, guard):
    for number in range(1, todo["stream"] + 1):
        yield f"chunk {number}\n"
        time.sleep(0.01)
    report(todo, guard)


def hang(wait):
    yield "started\n"
    wait()


def wait_for(client):
    # WSGI tells nobody that the client left: an app that waits without writing has to look for itself.
    ready, _, _ = select.select([client], [], [], 30)
    if ready and not client.recv(1, socket.MSG_PEEK):
        raise ConnectionAbortedError("the client left")


work = handle_async if IS_ASGI else handle
urlpatterns = [path("health", health), path("bill", read_bill), path("api/work", work), path("other/work", work)]
settings.configure(
    ALLOWED_HOSTS=["*"], ROOT_URLCONF=__name__, SECRET_KEY="only for tests", BUDGETGUARD=guard_settings, LOGGING_CONFIG=None,
    MIDDLEWARE=["budgetguard.middleware.django_budget_middleware"])


class Handler(ASGIHandler):
    """Streams as Django 5 does by itself: older versions iterate on the event loop and do not notice that the client left."""

    async def __call__(self, scope, receive, send):
        async def send_while_connected(message):
            await send(message)

        send_while_connected.receive = receive
        await super().__call__(scope, receive, send_while_connected)

    async def send_response(self, response, send):
        if not response.streaming:
            await super().send_response(response, send)
            return
        leaving = asyncio.ensure_future(self.tell_when_left(send.receive, response))
        headers = [(name.encode(), value.encode()) for name, value in response.items()]
        await send({"type": "http.response.start", "status": response.status_code, "headers": headers})
        chunks = iter(response)
        try:
            while (chunk := await asyncio.to_thread(next, chunks, None)) is not None:
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
            await send({"type": "http.response.body"})
        finally:
            leaving.cancel()
            await asyncio.to_thread(response.close)

    async def tell_when_left(self, receive, response):
        while (await receive())["type"] != "http.disconnect":
            pass
        if hasattr(response, "left"):
            response.left.set()


class Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True
    request_queue_size = 128


class QuietHandler(WSGIRequestHandler):
    def get_environ(self):
        return {**super().get_environ(), "app.socket": self.connection}

    def log_message(self, *args):
        pass


def serve_asgi():
    import uvicorn

    class AnnouncingServer(uvicorn.Server):
        async def startup(self, sockets=None):
            await super().startup(sockets=sockets)
            print("ready", self.servers[0].sockets[0].getsockname()[1], flush=True)

    app = get_asgi_application() if django.VERSION >= (5, 0) else Handler()
    AnnouncingServer(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning", lifespan="off")).run()


def serve_wsgi():
    server = make_server("127.0.0.1", 0, get_wsgi_application(), Server, QuietHandler)
    print("ready", server.server_port, flush=True)
    server.serve_forever()


django.setup()
(serve_asgi if IS_ASGI else serve_wsgi)()
