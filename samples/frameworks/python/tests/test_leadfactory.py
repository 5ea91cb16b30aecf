"""The snippets of the LeadFactory middleware's documentation, run with nothing but the import changed."""

import os
import pathlib
import re
import sys
import types
import unittest
import unittest.mock
import warnings
from decimal import Decimal

from starlette.testclient import TestClient

from .stub import StubGateway

TEXT = (pathlib.Path(__file__).parent / "leadfactory.md").read_text(encoding="utf-8")
SNIPPETS = dict(re.findall(r"## (\w+)\n\n```python\n(.*?)```", TEXT, re.S))


def run(name, **names):
    names.setdefault("__name__", "snippet")
    exec(compile(SNIPPETS[name].replace("leadfactory.middleware", "budgetguard.middleware"), name, "exec"), names)
    return names


class Query:
    """A query of the database that the snippets assume."""

    def __init__(self, rows, **wanted):
        self.rows, self.wanted = rows, wanted

    def filter_by(self, **wanted):
        return Query(self.rows, **wanted)

    def first(self):
        return next((row for row in self.rows if all(getattr(row, key) == value for key, value in self.wanted.items())), None)


class Snippets(unittest.TestCase):
    def setUp(self):
        self.gateway = StubGateway()
        self.addCleanup(self.gateway.close)
        models = types.ModuleType("your_app.models")
        models.User = types.SimpleNamespace(query=Query([types.SimpleNamespace(id=7, api_key="k")]))
        models.PricingModel = types.SimpleNamespace(query=Query([types.SimpleNamespace(endpoint="process_data", base_cost=Decimal("0.25"))]))
        modules = {"your_app": types.ModuleType("your_app"), "your_app.models": models}
        if "pytest" not in sys.modules:
            modules["pytest"] = types.ModuleType("pytest")
        for patch in (unittest.mock.patch.dict(sys.modules, modules), unittest.mock.patch.dict(os.environ, BUDGETGUARD_URL=self.gateway.url)):
            patch.start()
            self.addCleanup(patch.stop)
        # Starlette's test client takes a new event loop for each request and closes it with the connections still kept.
        warnings.simplefilter("ignore", ResourceWarning)
        warnings.simplefilter("ignore", DeprecationWarning)

    def budget_options(self, name, **names):
        from budgetguard.middleware import BudgetMiddlewareOptions, MiddlewareConfig
        return run(name, BudgetMiddlewareOptions=BudgetMiddlewareOptions, MiddlewareConfig=MiddlewareConfig, **names)

    def test_fastapi_start(self):
        client = TestClient(run("fastapi_start")["app"])
        self.assertEqual({"message": "Hello from protected endpoint!"}, client.post("/api/chat").json())
        self.gateway.decide = 429
        self.assertEqual((429, "60"), (client.post("/api/chat").status_code, client.post("/api/chat").headers["retry-after"]))
        self.assertEqual([("POST", {"cost": Decimal("0.01")})], self.gateway.endings())

    def test_flask_start(self):
        client = run("flask_start")["app"].test_client()
        self.assertEqual({"message": "Hello from protected endpoint!"}, client.post("/api/chat").get_json())
        self.gateway.decide = 402
        self.assertEqual(402, client.post("/api/chat").status_code)
        self.assertEqual([("POST", {"cost": Decimal("0.01")})], self.gateway.endings())

    def test_configuration(self):
        middleware = run("configuration")["middleware"]
        self.assertEqual((False, ("/health", "/admin"), 120), (
            middleware.options.fail_open, middleware.options.exclude_paths, middleware.options.cache_ttl_seconds))
        from fastapi import FastAPI
        app = FastAPI()
        app.middleware("http")(middleware)
        app.get("/")(lambda: {})
        self.gateway.decide = 500
        self.assertEqual(503, TestClient(app).get("/").status_code)

    def test_extractors_on_fastapi_and_flask(self):
        from budgetguard.middleware import MiddlewareConfig, create_fastapi_budget_middleware, create_flask_budget_middleware
        import fastapi
        import flask
        names = self.budget_options("extractors", decode_jwt=lambda token: {"user_id": f"user of {token}"})
        config = MiddlewareConfig(budget_options=names["budget_options"])
        one, other = fastapi.FastAPI(), flask.Flask("other")
        one.middleware("http")(create_fastapi_budget_middleware(config))
        other.before_request(create_flask_budget_middleware(config))
        one.post("/v1/chat")(lambda body=fastapi.Body(): body)
        other.post("/v1/chat")(lambda: flask.request.get_json())
        for client in (TestClient(one), other.test_client()):
            answer = client.post("/v1/chat", json={"a": "b"}, headers={"Authorization": "Bearer t"})
            self.assertEqual(200, answer.status_code)
            asked = self.gateway.asked()[-1]
            self.assertEqual(("user of t", "chat_completion", Decimal("0.001")), (asked["user"], asked["operation"], asked["estimated_cost"]))

    def test_fastapi_advanced(self):
        names = run("fastapi_advanced", decode_jwt_token=lambda token: {"user_id": token})
        client = TestClient(names["app"])
        body = {"model": "gpt-4", "messages": [{"role": "user", "content": "x" * 4000}]}
        answer = client.post("/api/chat", json=body, headers={"authorization": "Bearer alice"})
        self.assertEqual({"response": "Chat completion response"}, answer.json())
        client.post("/api/chat", content="{not json", headers={"content-type": "application/json"})
        client.get("/docs")
        first, second = self.gateway.asked()
        self.assertEqual(("alice", Decimal("0.03")), (first["user"], first["estimated_cost"]))
        self.assertEqual(("anonymous", Decimal("0.01")), (second["user"], second["estimated_cost"]))

    def test_flask_database(self):
        app = self.budget_options("flask_database")["app"]  # the snippet forgets to import the two
        app.secret_key = "only for tests"
        client = app.test_client()
        self.assertEqual({"status": "processed"}, client.post("/api/process", headers={"X-API-Key": "k"}).get_json())
        client.post("/api/process")
        with client.session_transaction() as session:
            session["user_id"] = 42
        client.post("/api/process")
        self.assertEqual(["7", "anonymous", "42"], [asked["user"] for asked in self.gateway.asked()])
        self.assertEqual({Decimal("0.25")}, {asked["estimated_cost"] for asked in self.gateway.asked()})

    def test_options(self):
        self.assertEqual(60, self.budget_options("caching")["budget_options"].cache_ttl_seconds)
        self.assertIn("/robots.txt", self.budget_options("filtering")["budget_options"].exclude_paths)
        self.assertTrue(self.budget_options("debug")["config"].enable_request_logging)

    def test_testing_with_and_without_a_gateway(self):
        run("testing")["test_middleware_integration"]()
        self.assertEqual(1, len(self.gateway.asked()))
        with unittest.mock.patch.dict(os.environ, BUDGETGUARD_URL="http://127.0.0.1:9"):
            run("testing")["test_middleware_integration"]()
