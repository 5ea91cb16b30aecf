"""The client, the lease and the guard without a framework."""

import asyncio
import json
import os
import socket
import subprocess
import sys
import threading
import time
import types
import unittest
import unittest.mock
from decimal import Decimal

from budgetguard.client import GatewayClient
from budgetguard.lease import Denial, Lease, Outcome, usd
from budgetguard.middleware import BudgetGuardMiddleware, BudgetMiddlewareOptions, MiddlewareConfig
from budgetguard.wire import GatewayError, parse, to_json

from .stub import StubGateway


class Money(unittest.TestCase):
    def test_exact_and_rounded_up_once(self):
        for value, text in (("0.004", "0.004"), (Decimal("0.0000000001"), "0.000000001"), (1, "1"), (10, "10"), (0.1 + 0.2, "0.3"), (1000 * 0.00003, "0.03"),
                            ("0", "0"), ("-0", "0"), ("1e-3", "0.001"), (5e-324, "0.000000001")):
            self.assertEqual(text, to_json(usd(value)), repr(value))

    def test_what_is_no_cost(self):
        for value in (-1, "x", float("nan"), float("inf"), True, None, [], "1e10", Decimal("NaN"), Decimal("sNaN"), b"1", ""):
            with self.assertRaises(ValueError, msg=repr(value)):
                usd(value)

    def test_json_keeps_digits(self):
        self.assertEqual('{"a":0.10,"b":[1,"x",null,{"c":0.00000000000000000001}]}',
                         to_json({"a": Decimal("0.10"), "b": [1, "x", None, {"c": Decimal("1E-20")}]}))
        for value in (float("nan"), Decimal("Infinity")):
            with self.assertRaises(ValueError):
                to_json({"a": value})


class Answers(unittest.TestCase):
    def test_no_answer_is_read_before_it_is_complete(self):
        for whole in (b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n{\"a\":1}",
                      b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\n{\"a\r\n4\r\n\":1}\r\n0\r\n\r\n",
                      b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length:7\r\n\r\n{\"a\":1}"):
            for end in range(len(whole)):
                self.assertIsNone(parse(whole[:end], False), whole[:end])
                with self.assertRaises(GatewayError):
                    parse(whole[:end], True)
            self.assertEqual((200, {"a": 1}, True), parse(whole, False))
            self.assertFalse(parse(whole + b"x", False).is_reusable)

    def test_until_the_connection_ends(self):
        self.assertIsNone(parse(b"HTTP/1.1 200 OK\r\n\r\n{}", False))
        self.assertEqual((200, {}, False), parse(b"HTTP/1.1 200 OK\r\n\r\n{}", True))
        self.assertEqual((204, None, True), parse(b"HTTP/1.1 204 No Content\r\n\r\n", False))
        self.assertFalse(parse(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n", False).is_reusable)

    def test_what_is_no_answer(self):
        for text in (b"SSH-2.0\r\n\r\n", b"HTTP/1.1 x\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n{a}",
                     b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", b"x" * 300_000,
                     # A size below nothing would lead back to the same chunk for ever.
                     b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-6\r\nabcdefgh", b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n{} ",
                     b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n1e9999999"):
            with self.assertRaises(GatewayError, msg=text[:40]):
                parse(text, False)
        self.assertEqual((502, None, True), parse(b"HTTP/1.1 502 No\r\nContent-Length: 6\r\n\r\n<html>", False))


class Drip:
    """A gateway that sends one byte now and then, so that no single wait is ever long."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        self.is_over = threading.Event()
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        connection, _ = self.listener.accept()
        with connection:
            connection.recv(65_536)
            for byte in b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n" + b" " * 100:
                if self.is_over.wait(0.02):
                    return
                try:
                    connection.sendall(bytes([byte]))
                except OSError:
                    return

    def close(self):
        self.is_over.set()
        self.listener.close()


class Client(unittest.TestCase):
    def test_time_is_bounded_in_total(self):
        for way in (lambda client: client.send("GET", "/x"), lambda client: asyncio.run(client.send_async("GET", "/x"))):
            drip = Drip()
            started = time.monotonic()
            with self.assertRaises(GatewayError) as caught:
                way(GatewayClient(drip.url, None, 0.2))
            self.assertEqual(("timeout", True), (caught.exception.kind, caught.exception.sent))
            self.assertLess(time.monotonic() - started, 0.5)
            drip.close()

    def test_nobody_listens(self):
        for way in (lambda client: client.send("GET", "/x"), lambda client: asyncio.run(client.send_async("GET", "/x"))):
            for address in ("http://127.0.0.1:9", "http://localhost:9", "https://127.0.0.1:9", "http://no-such-host.invalid"):
                with self.assertRaises(GatewayError) as caught:
                    way(GatewayClient(address, None, 2))
                self.assertFalse(caught.exception.sent)

    def test_a_forked_worker_takes_its_own_connection(self):
        gateway = StubGateway()
        client = GatewayClient(gateway.url, None, 2)
        client.send("POST", "/decisions", '{"id":"1","user":"a"}')
        if (child := os.fork()) == 0:
            os._exit(0 if client.send("POST", "/decisions", '{"id":"2","user":"a"}').status == 200 else 1)
        self.assertEqual(0, os.waitpid(child, 0)[1])
        self.assertEqual(2, gateway.connections)
        gateway.close()

    def test_a_cancelled_call_leaves_no_connection_behind(self):
        gateway = StubGateway()
        gateway.decide = "hang"
        client = GatewayClient(gateway.url, None, 2)

        async def cancel():
            task = asyncio.ensure_future(client.send_async("POST", "/decisions", "{}"))
            while not gateway.calls:
                await asyncio.sleep(0.01)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            gateway.decide = "ok"
            answer = await client.send_async("POST", "/decisions", '{"id":"mine","user":"a"}')
            self.assertEqual("h-mine", answer.body["hold_id"])

        asyncio.run(cancel())
        gateway.close()


class Guard(unittest.TestCase):
    def setUp(self):
        self.gateway = StubGateway()
        self.addCleanup(self.gateway.close)
        self.request = types.SimpleNamespace(path="/api/x", method="POST", headers={"X-User-ID": "header"})

    def guard(self, **options):
        config = MiddlewareConfig(budget_options=BudgetMiddlewareOptions(**{"gateway_url": self.gateway.url, "timeout_ms": 2000, **options}))
        return BudgetGuardMiddleware(config)

    def begin(self, **options):
        return self.guard(**options).begin(self.request, "POST", "/api/x")

    def test_without_a_framework(self):
        guard = self.guard()
        self.assertIsNone(guard.process_request(self.request))
        self.request.budget_guard.report_cost("0.002")
        guard.process_response(self.request)
        guard.process_response(self.request)
        self.assertEqual([("POST", {"cost": Decimal("0.002")})], self.gateway.endings())
        self.gateway.decide = 402
        self.assertEqual(402, guard.process_request(self.request).status)

    def test_the_user_header_is_believed_only_when_asked(self):
        self.begin()
        self.begin(trust_user_header=True)
        self.begin(trust_user_header=True, custom_user_extractor=lambda: None)
        self.assertEqual(["anonymous", "header", "anonymous"], [asked["user"] for asked in self.gateway.asked()])

    def test_ids_are_fresh(self):
        guard = self.guard()
        for _ in range(20):
            guard.begin(self.request, "POST", "/x")
        self.assertEqual(20, len({asked["id"] for asked in self.gateway.asked()}))

    def test_extractors_that_fail(self):
        def fail(request):
            raise KeyError("secret")

        async def later(request):
            return "u"

        options = dict(custom_user_extractor=later, custom_operation_extractor=fail, custom_model_extractor=fail, custom_cost_extractor=lambda request: "much")
        with self.assertLogs("budgetguard", "ERROR") as logs:
            self.assertIsInstance(self.begin(**options), Lease)
        self.assertEqual(4, len(logs.output))
        self.assertNotIn("secret", "".join(logs.output))
        self.assertIn("KeyError at " + __file__, "".join(logs.output))
        self.assertEqual({"user": "anonymous", "operation": "api_call"}, {key: value for key, value in self.gateway.asked()[0].items() if key != "id"})
        with self.assertLogs("budgetguard", "ERROR"):
            self.assertEqual(503, self.begin(fail_open=False, **options).status)
        self.assertEqual(1, len(self.gateway.asked()))

    def test_extractors_may_be_asynchronous(self):
        async def user(request):
            await asyncio.sleep(0)
            return 42

        lease = asyncio.run(self.guard(custom_user_extractor=user).begin_async(self.request, "POST", "/x"))
        self.assertEqual(("42", Decimal("0.01")), (lease.user, lease.estimated_cost))

    def test_reports_add_up(self):
        lease = self.begin()
        for cost in ("0.1", 0.2, Decimal("0.000000001")):
            lease.report_cost(cost)
        lease.finish(Outcome.FAILED)
        self.assertEqual(Decimal("0.300000001"), self.gateway.settled)

    def test_usage_adds_up_for_one_model(self):
        lease = self.begin()
        lease.report_usage({"input": 1, "details": {"cached": 2}, "list": [1], "tier": "a"}, "m")
        lease.report_usage({"input": 3, "details": {"cached": 4, "audio": 1}, "list": [2], "tier": "b", "new": 1}, "m")
        for wrong in (lambda: lease.report_usage({"input": 1}, "other"), lambda: lease.report_cost(1), lambda: lease.report_usage("text", "m"),
                      lambda: lease.report_usage({"input": 1})):
            self.assertRaises(ValueError, wrong)
        lease.finish(Outcome.DONE)
        self.assertEqual({"model": "m", "usage": {"input": 4, "details": {"cached": 6, "audio": 1}, "list": [1, 2], "tier": "b", "new": 1}}, self.gateway.endings()[0][1])

    def test_usage_the_gateway_cannot_price_settles_the_estimate(self):
        lease = self.begin()
        lease.report_usage({"x": 1}, "m")
        refused = []

        def end(http, route, body):
            if "usage" in body:
                refused.append(body)
                return self.gateway.reply(http, 400, "{}")
            return StubGateway.end(self.gateway, http, route, body)

        self.gateway.end = end
        with self.assertLogs("budgetguard", "ERROR"):
            lease.finish(Outcome.DONE)
        self.assertEqual((1, Decimal("0.01")), (len(refused), self.gateway.settled))

    def test_a_settlement_that_may_pass_is_tried_again(self):
        for status in (408, 429, 503):
            lease = self.begin()
            self.gateway.settle = status
            with self.assertLogs("budgetguard", "ERROR"):
                lease.finish(Outcome.DONE)
            self.gateway.settle = "ok"
            self.assertTrue(self.gateway.wait(lambda: lease.hold_id in self.gateway.ended))

    def test_a_late_report_is_told(self):
        lease = self.begin()
        lease.finish(Outcome.DONE)
        with self.assertLogs("budgetguard", "ERROR"):
            lease.report_cost(1)

    def test_a_decision_whose_answer_is_lost_is_ended(self):
        for fail_open, ended in ((True, Decimal("0.004")), (False, "released")):
            self.gateway.decide = "late"
            self.gateway.ended.clear()
            lease = self.begin(timeout_ms=100, fail_open=fail_open)
            self.assertEqual(1, len(self.gateway.held))
            self.gateway.decide = "ok"
            if fail_open:
                self.assertFalse(lease.is_counted)
                lease.report_cost("0.004")
                lease.finish(Outcome.DONE)
            else:
                self.assertEqual(503, lease.status)
            self.assertTrue(self.gateway.wait(lambda: self.gateway.ended and not self.gateway.held))
            self.assertEqual([ended], list(self.gateway.ended.values()))

    def test_a_decision_that_is_denied_when_it_is_asked_again_is_left(self):
        self.gateway.decide = "hang"
        lease = self.begin(timeout_ms=100)
        self.gateway.decide = 402
        lease.report_cost("0.004")
        lease.finish(Outcome.DONE)
        self.assertTrue(self.gateway.wait(lambda: len(self.gateway.asked()) == 2))
        self.assertEqual(1, len({text for *_, text in self.gateway.calls}))

    def test_a_hang_costs_no_more_than_the_timeout(self):
        self.gateway.decide = "hang"
        guard = self.guard(timeout_ms=300)
        for way in (lambda: guard.begin(self.request, "POST", "/x"), lambda: asyncio.run(guard.begin_async(self.request, "POST", "/x"))):
            started = time.monotonic()
            self.assertIsInstance(way(), Lease)
            self.assertLess(time.monotonic() - started, 2)

    def test_an_outage_is_logged_once_and_its_end_too(self):
        guard = self.guard()
        with self.assertLogs("budgetguard", "WARNING") as logs:
            for mode in (503, 503, 503, "ok", "ok", 503):
                self.gateway.decide = mode
                guard.begin(self.request, "POST", "/x")
        self.assertEqual(["ERROR", "WARNING", "ERROR"], [record.levelname for record in logs.records])
        with self.assertNoLogs("budgetguard"):
            self.begin(log_errors=False)

    def test_a_denial_that_cannot_be_sent_is_no_answer(self):
        for denial in ('"status":200', '"status":true', '"status":99999', '"status":402,"headers":[1]', '"status":402,"headers":{"X":1}',
                       '"status":402,"headers":{"X":"a\\r\\nSet-Cookie: b"}', '"status":402,"headers":{"a b":"c"}', '"status":402,"headers":{"X":"\\u2603"}',
                       '"status":402,"headers":{"Transfer-Encoding":"chunked"}'):
            self.gateway.hold = lambda http, body: self.gateway.reply(http, 200, f'{{"decision":"reject","body":{{}},{denial}}}')
            self.assertEqual(503, self.begin(fail_open=False, log_errors=False).status, denial)
            self.assertIsInstance(self.begin(log_errors=False), Lease, denial)

    def test_usage_that_is_no_JSON_is_refused_where_it_is_reported(self):
        lease = self.begin()
        for usage in ({"prompt_tokens": float("nan")}, {"at": object()}):
            with self.assertRaises(ValueError):
                lease.report_usage(usage, "gpt-4")
        lease.finish(Outcome.DONE)
        self.assertEqual(1, len(self.gateway.endings()))

    def test_degraded_passes(self):
        self.gateway.hold = lambda http, body: self.gateway.reply(http, 200, '{"decision":"allow","degraded":true}')
        lease = self.begin()
        lease.report_cost("0.1")
        lease.finish(Outcome.DONE)
        self.assertEqual((False, True, []), (lease.is_counted, lease.answer["degraded"], self.gateway.endings()))

    def test_throttling_off_logs_and_passes(self):
        self.gateway.decide = 402
        with self.assertLogs("budgetguard", "ERROR"):
            self.assertIsInstance(self.begin(enable_throttling=False), Lease)

    def test_requests_are_logged_when_asked(self):
        config = MiddlewareConfig(budget_options=BudgetMiddlewareOptions(gateway_url=self.gateway.url), enable_request_logging=True)
        self.request.headers = {}
        with self.assertLogs("budgetguard", "INFO") as logs:
            BudgetGuardMiddleware(config).begin(self.request, "POST", "/x\ninjected")
        self.assertEqual(1, len(logs.output))
        self.assertNotIn("\n", logs.output[0])

    def test_what_waits_is_settled_when_the_process_ends(self):
        self.gateway.settle = 500
        program = ("import types; from budgetguard.middleware import *; from budgetguard.lease import Outcome; guard = BudgetGuardMiddleware();"
                   "lease = guard.begin(types.SimpleNamespace(headers={}), 'POST', '/x'); lease.report_cost('0.5'); lease.finish(Outcome.DONE); input()")
        with subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                              env={**os.environ, "BUDGETGUARD_URL": self.gateway.url}) as process:
            self.assertTrue(self.gateway.wait(lambda: len(self.gateway.endings()) >= 2))
            self.gateway.settle = "ok"
            process.communicate("\n", timeout=10)
        self.assertEqual(Decimal("0.5"), self.gateway.settled)
