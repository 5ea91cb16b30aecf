"""A scripted gateway: the decision API of one budget, with a ledger that counts and switches that break it."""

import json
import socket
import struct
import threading
import time
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

DENIALS = {
    402: {"decision": "reject", "status": 402, "retry_after": None, "headers": {"x-should-retry": "false", "X-BudgetGuard-Budget": "team"},
          "body": {"error": "Budget limit exceeded", "decision": "reject", "user_id": "üser", "model": None, "retry_after": None, "limit_usd": "RAW"}},
    429: {"decision": "throttle", "status": 429, "retry_after": 60, "headers": {"Content-Type": "application/problem+json", "Retry-After": "60"},
          "body": {"error": "Budget limit exceeded", "decision": "throttle", "user_id": "u", "model": "gpt-4", "retry_after": 60, "limit_usd": "RAW"}},
}


class StubGateway:
    """How it answers is in decide and settle: ok, a status, hang, late (takes the hold first), reset, garbage or close (answers, then closes the connection unasked)."""

    def __init__(self, limit=None, key=None):
        self.limit, self.key = limit, key
        self.decide = self.settle = "ok"
        self.settled, self.held = Decimal(0), {}
        self.ended, self.calls = {}, []
        self.connections = 0
        self.lock = threading.Condition()
        stub = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def setup(self):
                super().setup()
                with stub.lock:
                    stub.connections += 1

            def do_POST(self):
                text = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                stub.answer(self, text)

            do_DELETE = do_POST

            def log_message(self, *args):
                pass

        class Server(ThreadingHTTPServer):
            request_queue_size = 256
            daemon_threads = True

            def handle_error(self, *args):
                pass

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def answer(self, http, text):
        assert http.path.startswith("/budgetguard/api/"), http.path
        route = http.path[len("/budgetguard/api/"):].split("/")
        body = json.loads(text, parse_float=Decimal) if text else None
        with self.lock:
            self.calls.append((http.command, "/".join(route), body, text.decode()))
            self.lock.notify_all()
        mode = self.decide if route == ["decisions"] else self.settle
        if mode == "hang":
            time.sleep(2)
        elif mode == "late":
            self.held["h-" + body["id"]] = body.get("estimated_cost", Decimal("0.01"))
            time.sleep(2)
        elif mode == "reset":
            http.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            http.connection.close()
            http.close_connection = True
        elif mode == "garbage":
            self.reply(http, 200, '{"decision":"perhaps"}')
        elif self.key and http.headers.get("Authorization") != f"Bearer {self.key}":
            self.reply(http, 401, "{}")
        elif isinstance(mode, int) and mode in DENIALS and route == ["decisions"]:
            self.deny(http, mode)
        elif isinstance(mode, int):
            self.reply(http, mode, '{"title":"no"}' if mode != 502 else "<html>bad gateway</html>")
        elif route == ["decisions"]:
            self.hold(http, body)
        else:
            self.end(http, route, body)
        if mode == "close":
            http.close_connection = True

    def deny(self, http, status):
        self.reply(http, 200, json.dumps(DENIALS[status]).replace('"RAW"', "0.10000000000000000001"))

    def hold(self, http, body):
        cost = body.get("estimated_cost", Decimal("0.01"))
        hold_id = "h-" + body["id"]
        with self.lock:
            if hold_id not in self.held:
                if self.limit is not None and self.settled + sum(self.held.values()) + cost > self.limit:
                    return self.deny(http, 402)
                self.held[hold_id] = Decimal(cost)
        return self.reply(http, 200, '{"decision":"allow","hold_id":"%s","estimated_cost":%s,"expires_at":"2030-01-01T00:00:00Z","budget":"team","remaining":1.5}'
                          % (hold_id, cost), is_chunked=True)

    def end(self, http, route, body):
        hold_id = route[1]
        with self.lock:
            self.lock.notify_all()
            is_known = hold_id in self.held or hold_id in self.ended
            if http.command == "DELETE":
                if self.held.pop(hold_id, None) is not None:
                    self.ended[hold_id] = "released"
                return self.reply(http, 204, "")
            if not is_known:
                return self.reply(http, 404, "{}")
            cost = Decimal(body["cost"]) if "cost" in body else Decimal("0.03")
            if self.ended.setdefault(hold_id, cost) != cost:
                return self.reply(http, 409, "{}")
            if self.held.pop(hold_id, None) is not None:
                self.settled += cost
        return self.reply(http, 200, '{"cost":%s}' % cost)

    def reply(self, http, status, text, is_chunked=False):
        payload = text.encode()
        http.send_response(status)
        http.send_header("Content-Type", "application/json")
        if is_chunked:
            http.send_header("Transfer-Encoding", "chunked")
            payload = b"%x\r\n%s\r\n%x\r\n%s\r\n0\r\n\r\n" % (5, payload[:5], len(payload) - 5, payload[5:])
        elif status != 204:
            http.send_header("Content-Length", str(len(payload)))
        http.end_headers()
        http.wfile.write(payload)

    def wait(self, condition, seconds=5):
        """Waits until the condition holds; the assertion is the caller's."""
        deadline = time.monotonic() + seconds
        with self.lock:
            while not condition() and time.monotonic() < deadline:
                self.lock.wait(0.02)
            return condition()

    def endings(self):
        """What was asked after decisions, as (method, body)."""
        return [(method, body) for method, route, body, _ in self.calls if route != "decisions"]

    def asked(self):
        return [body for _, route, body, _ in self.calls if route == "decisions"]
