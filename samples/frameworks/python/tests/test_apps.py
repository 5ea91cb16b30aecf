"""The same contract on every framework, over real servers."""

import json
import re
import unittest
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

from .apps import App
from .stub import StubGateway


class Contract:
    """What each form of each adapter keeps; the classes below name them."""

    app = ""
    variables = {}

    @classmethod
    def setUpClass(cls):
        cls.gateway = StubGateway()
        cls.server = App(cls.app, cls.gateway.url, **cls.variables)

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()
        cls.gateway.close()

    def setUp(self):
        gateway = self.gateway
        gateway.decide = gateway.settle = "ok"
        gateway.limit = None
        gateway.settled, gateway.held, gateway.ended, gateway.calls = Decimal(0), {}, {}, []
        self.billed = Decimal(self.server.bill()["cost"])

    def assert_settled(self, cost):
        self.gateway.wait(lambda: self.gateway.ended and not self.gateway.held)
        self.assertEqual([Decimal(cost)], list(self.gateway.ended.values()))
        self.assertEqual({}, self.gateway.held)
        self.assertEqual(1, len(self.gateway.endings()), self.gateway.calls)

    def test_who_what_and_how_much_is_asked(self):
        self.server.call({}, X_Test_User="alice", X_Test_Operation="chat", X_Test_Model="gpt-4o", X_Test_Estimate="0.123456789")
        self.server.call({})
        first, second = self.gateway.asked()
        self.assertRegex(first.pop("id"), r"^[0-9a-f-]{36}$")
        self.assertEqual({"user": "alice", "operation": "chat", "model": "gpt-4o", "estimated_cost": Decimal("0.123456789")}, first)
        self.assertEqual({"user": "anonymous", "operation": "api_call"}, {key: second[key] for key in second if key != "id"})

    def test_nothing_reported_settles_the_estimate_before_the_answer_ends(self):
        answer = self.server.call({}, X_Test_Estimate="0.02")
        self.assertEqual((200, {"done": True}), (answer.status, json.loads(answer.text)))
        self.assertEqual([Decimal("0.02")], list(self.gateway.ended.values()))

    def test_the_default_estimate_is_the_gateways(self):
        self.server.call({})
        self.assert_settled("0.01")

    def test_a_reported_cost_is_settled(self):
        answer = self.server.call({"report": "0.004"})
        self.assertEqual(200, answer.status)
        self.assert_settled("0.004")
        self.assertEqual(Decimal("0.004"), Decimal(self.server.bill()["cost"]) - self.billed)

    def test_usage_goes_on_as_it_came(self):
        usage = {"prompt_tokens": 12, "completion_tokens": 5, "prompt_tokens_details": {"cached_tokens": 3}}
        self.assertEqual(200, self.server.call({"usage": usage, "model": "gpt-4o"}).status)
        self.assertEqual([("POST", {"model": "gpt-4o", "usage": usage})], self.gateway.endings())

    def test_a_failing_handler_releases(self):
        self.assertEqual(500, self.server.call({"fail": True}).status)
        self.gateway.wait(lambda: self.gateway.ended)
        self.assertEqual([("DELETE", None)], self.gateway.endings())

    def test_a_handler_that_fails_after_spending_settles(self):
        self.assertEqual(500, self.server.call({"report": "0.004", "fail": True}).status)
        self.assert_settled("0.004")

    def test_an_unknown_path_releases(self):
        self.assertEqual(404, self.server.call({}, path="/api/nothing").status)
        self.gateway.wait(lambda: self.gateway.ended)
        self.assertEqual([("DELETE", None)], self.gateway.endings())

    def test_a_stream_is_settled_when_it_is_over(self):
        answer = self.server.call({"stream": 5, "report": "0.004"})
        self.assertEqual("".join(f"chunk {number}\n" for number in range(1, 6)), answer.text)
        self.assertEqual([Decimal("0.004")], list(self.gateway.ended.values()))
        self.assert_settled("0.004")

    def test_a_client_that_leaves_pays_what_was_reported(self):
        self.server.leave_after({"hang": True, "report": "0.004"}, b"started\n", X_Test_Estimate="0.02")
        self.assert_settled("0.004")

    def test_a_client_that_leaves_pays_the_estimate_otherwise(self):
        self.server.leave_after({"hang": True}, b"started\n", X_Test_Estimate="0.02")
        self.assert_settled("0.02")

    def test_denials_are_sent_on_as_they_are(self):
        for status, header in ((402, ("x-should-retry", "false")), (429, ("Retry-After", "60"))):
            self.gateway.decide = status
            calls = self.server.bill()["calls"]
            answer = self.server.call({})
            self.assertEqual(status, answer.status)
            self.assertEqual(header[1], answer.headers[header[0]])
            self.assertEqual(["application/json" if status == 402 else "application/problem+json"], answer.headers.get_all("Content-Type"))
            self.assertEqual(str(len(answer.text.encode())), answer.headers["Content-Length"])
            self.assertIn('"limit_usd":0.10000000000000000001', answer.text)
            self.assertEqual("throttle" if status == 429 else "reject", json.loads(answer.text)["decision"])
            self.assertEqual(calls, self.server.bill()["calls"])
        self.assertEqual([], self.gateway.endings())

    def test_paths_and_methods_that_are_let_off(self):
        self.assertEqual("ok", self.server.call(path="/health", method="GET").text)
        for method in ("HEAD", "OPTIONS"):
            self.assertEqual(200, self.server.call(path="/api/work", method=method).status)
        self.assertEqual([], self.gateway.calls)
        self.assertEqual(200, self.server.call(path="/api/work", method="GET").status)
        for path in ("/healthy", "/health/../api", "/health//x", "/health%5c..", "/health;a", "/health%252e"):
            self.server.call(path=path, method="GET")
        self.assertEqual(7, len(self.gateway.asked()))

    def test_money_for_ten_lets_ten_of_a_hundred_run(self):
        self.gateway.limit = Decimal("0.04")
        with ThreadPoolExecutor(100) as pool:
            answers = list(pool.map(lambda _: self.server.call({"report": "0.004"}, X_Test_Estimate="0.004").status, range(100)))
        self.assertEqual((10, 90), (answers.count(200), answers.count(402)))
        self.assertEqual(Decimal("0.04"), self.gateway.settled)
        self.assertEqual(Decimal("0.04"), Decimal(self.server.bill()["cost"]) - self.billed)

    def test_money_comes_back_after_failures(self):
        self.gateway.limit = Decimal("0.01")
        for _ in range(3):
            self.assertEqual(500, self.server.call({"fail": True}).status)
        self.assertEqual(200, self.server.call({}).status)

    def test_a_gateway_that_fails_lets_pass(self):
        for mode in (500, 503, 502, 401):
            self.gateway.decide = mode
            self.assertEqual(200, self.server.call({"report": "0.004"}).status, mode)
        self.gateway.decide = "ok"
        self.assertEqual(4, len(self.gateway.calls))

    def test_a_decision_whose_answer_is_lost_is_counted_later(self):
        for mode in ("reset", "garbage"):
            self.gateway.decide = mode
            self.assertEqual(200, self.server.call({"report": "0.004"}).status, mode)
        self.gateway.decide = "ok"
        self.assertTrue(self.gateway.wait(lambda: len(self.gateway.ended) == 2, 15))
        self.assertEqual((Decimal("0.008"), 2), (self.gateway.settled, len({body["id"] for body in self.gateway.asked()})))

    def test_what_a_client_sends_does_not_pass_uncounted(self):
        self.gateway.decide = 400
        answer = self.server.call({})
        self.assertEqual((400, {"error": "Budget guard refused the request"}), (answer.status, json.loads(answer.text)))

    def test_a_failing_estimate_is_the_gateways(self):
        self.assertEqual(200, self.server.call({}, X_Test_Estimate="-1").status)
        self.assertNotIn("estimated_cost", self.gateway.asked()[0])

    def test_a_settlement_that_fails_is_tried_again(self):
        self.gateway.settle = 500
        self.assertEqual(200, self.server.call({"report": "0.004"}).status)
        self.gateway.wait(lambda: len(self.gateway.endings()) > 1)
        self.gateway.settle = "ok"
        self.assertTrue(self.gateway.wait(lambda: self.gateway.ended))
        self.assertEqual(Decimal("0.004"), self.gateway.settled)

    def test_connections_are_kept_and_replaced(self):
        self.server.call({})
        opened = self.gateway.connections
        for _ in range(10):
            self.server.call({})
        self.assertLessEqual(self.gateway.connections - opened, 2)
        self.gateway.decide = self.gateway.settle = "close"
        for _ in range(10):
            self.assertEqual(200, self.server.call({"report": "0.001"}).status)
        self.assertEqual(Decimal("0.12"), self.gateway.settled)


class FastApi(Contract, unittest.TestCase):
    app = "fastapi"


class FastApiHttpForm(Contract, unittest.TestCase):
    app, variables = "fastapi", {"FASTAPI_FORM": "http"}


class Flask(Contract, unittest.TestCase):
    app = "flask"


class FlaskExtension(Contract, unittest.TestCase):
    app, variables = "flask", {"FLASK_FORM": "extension"}


class DjangoWsgi(Contract, unittest.TestCase):
    app, variables = "django", {"DJANGO_MODE": "wsgi"}


class DjangoAsgi(Contract, unittest.TestCase):
    app, variables = "django", {"DJANGO_MODE": "asgi"}


class Variables(unittest.TestCase):
    """Apps whose environment says something else."""

    apps = (("fastapi", {}), ("flask", {}), ("django", {}), ("django", {"DJANGO_MODE": "asgi"}))

    def each(self, **variables):
        """The gateway and the server of each app in turn; afterwards its errors are in self.errors."""
        for name, own in self.apps:
            with self.subTest(app=name, **own):
                gateway = StubGateway(key="secret")
                server = App(name, gateway.url, **variables, **own)
                try:
                    yield gateway, server
                finally:
                    self.errors = server.stop()
                    gateway.close()

    def test_closed_and_bounded(self):
        for gateway, server in self.each(LEADFACTORY_FAIL_OPEN="false", BUDGETGUARD_KEY="secret", BUDGETGUARD_TIMEOUT_MS="300"):
            for mode in ("ok", 500, "hang", "reset"):
                gateway.decide = mode
                answer = server.call({"report": "0.004"})
                if mode == "ok":
                    self.assertEqual(200, answer.status)
                else:
                    self.assertEqual((503, {"error": "Budget guard unavailable"}), (answer.status, json.loads(answer.text)), mode)
            self.assertEqual({"calls": 1, "cost": "0.004"}, server.bill())

    def test_nobody_listens(self):
        for fail_open, status in (("true", 200), ("false", 503)):
            for _, server in self.each(LEADFACTORY_FAIL_OPEN=fail_open, BUDGETGUARD_URL="http://localhost:9"):
                self.assertEqual(status, server.call({"report": "0.004"}).status)

    def test_open_logs_an_outage_once(self):
        for gateway, server in self.each(BUDGETGUARD_KEY="secret", BUDGETGUARD_TIMEOUT_MS="300"):
            gateway.decide = 503
            self.assertEqual([200] * 5, [server.call({"report": "0.004"}).status for _ in range(5)])
        self.assertEqual(1, len(re.findall("pass uncounted", self.errors)), self.errors)

    def test_filters_of_the_environment(self):
        for gateway, server in self.each(LEADFACTORY_INCLUDE_ONLY_PATHS="/API", LEADFACTORY_EXCLUDE_PATHS="/api/x", LEADFACTORY_EXCLUDE_METHODS="get", BUDGETGUARD_KEY="secret"):
            self.assertEqual(200, server.call({}, path="/other/work").status)
            self.assertEqual(200, server.call(method="GET").status)
            self.assertEqual([], gateway.calls)
            self.assertEqual(200, server.call({}).status)
            self.assertEqual(1, len(gateway.asked()))

    def test_off(self):
        for gateway, server in self.each(LEADFACTORY_ENABLE_BUDGET_MONITORING="false"):
            self.assertEqual(200, server.call({"report": "0.004"}).status)
            self.assertEqual([], gateway.calls)

    def test_throttling_off_asks_and_lets_pass(self):
        for gateway, server in self.each(LEADFACTORY_ENABLE_THROTTLING="false", BUDGETGUARD_KEY="secret"):
            gateway.decide = 402
            self.assertEqual(200, server.call({"report": "0.004"}).status)
            self.assertEqual(1, len(gateway.asked()))

    def test_cost_tracking_off_settles_estimates(self):
        for gateway, server in self.each(LEADFACTORY_ENABLE_COST_TRACKING="false", BUDGETGUARD_KEY="secret"):
            server.call({"report": "0.004"}, X_Test_Estimate="0.02")
            gateway.wait(lambda: gateway.ended)
            self.assertEqual(Decimal("0.02"), gateway.settled)
