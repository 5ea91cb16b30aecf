"""The test app on Flask under Werkzeug's threaded server; FLASK_FORM=extension takes BudgetGuard(app)."""

import os
import pathlib
import select
import socket
import sys
import threading
import time
from decimal import Decimal

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parents[4] / "samples/frameworks/python")]

from budgetguard.middleware import BudgetGuard, BudgetMiddlewareOptions, MiddlewareConfig, create_flask_budget_middleware
from flask import Flask, Response, g, jsonify, request
from werkzeug.serving import WSGIRequestHandler, make_server

bill = {"calls": 0, "cost": Decimal(0)}
lock = threading.Lock()
app = Flask(__name__)
config = MiddlewareConfig(budget_options=BudgetMiddlewareOptions(
    custom_user_extractor=lambda: request.headers.get("X-Test-User"),
    custom_operation_extractor=lambda request: request.headers.get("X-Test-Operation"),
    custom_cost_extractor=lambda request: request.headers.get("X-Test-Estimate"),
    custom_model_extractor=lambda request: request.headers.get("X-Test-Model"),
    exclude_paths=None if "LEADFACTORY_EXCLUDE_PATHS" in os.environ else ["/health", "/metrics", "/status", "/bill"],
))
if os.environ.get("FLASK_FORM") == "extension":
    BudgetGuard(app, config)
else:
    app.before_request(create_flask_budget_middleware(config))


@app.get("/health")
def health():
    return Response("ok", mimetype="text/plain")


@app.get("/bill")
def read_bill():
    return jsonify(calls=bill["calls"], cost=str(bill["cost"]))


@app.route("/api/work", methods=["GET", "HEAD", "OPTIONS"], provide_automatic_options=False)
def look():
    return jsonify(done=True)


@app.post("/api/work")
@app.post("/other/work")
def work():
    todo = request.get_json()
    with lock:
        bill["calls"] += 1
    guard = g.budget_guard
    if "stream" in todo:
        return Response(stream(todo, guard), mimetype="text/plain")
    report(todo, guard)
    if "hang" in todo:
        return Response(hang(request.environ["werkzeug.socket"]), mimetype="text/plain")
    if todo.get("fail"):
        raise RuntimeError("the handler fails")
    return jsonify(done=True)


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


def hang(client):
    yield "started\n"
    ready, _, _ = select.select([client], [], [], 30)
    # WSGI tells nobody that the client left: an app that waits without writing has to look for itself.
    if ready and not client.recv(1, socket.MSG_PEEK):
        raise ConnectionAbortedError("the client left")


class Quiet(WSGIRequestHandler):
    def log_request(self, *args):
        pass


server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Quiet)
print("ready", server.server_port, flush=True)
server.serve_forever()
