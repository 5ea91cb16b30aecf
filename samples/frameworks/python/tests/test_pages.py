"""The pages say what is so: their Python runs, their tables have every option, the sample apps start."""

import dataclasses
import importlib.util
import os
import pathlib
import re
import subprocess
import sys
import types
import unittest
import unittest.mock
import warnings

from starlette.testclient import TestClient

from budgetguard.middleware import BudgetMiddlewareOptions, MiddlewareConfig

from .stub import StubGateway

ROOT = pathlib.Path(__file__).resolve().parents[4]
SAMPLES = ROOT / "samples/frameworks"
PAGES = {name: (ROOT / f"docs/frameworks/{name}.md").read_text(encoding="utf-8") for name in ("fastapi", "flask", "django")}


class Pages(unittest.TestCase):
    def setUp(self):
        warnings.simplefilter("ignore", ResourceWarning)
        self.gateway = StubGateway()
        self.addCleanup(self.gateway.close)
        patch = unittest.mock.patch.dict(os.environ, BUDGETGUARD_URL=self.gateway.url)
        patch.start()
        self.addCleanup(patch.stop)

    def run_blocks(self, name):
        names = {"__name__": "page"}
        for block in re.findall(r"```python\n(.*?)```", PAGES[name], re.S):
            exec(compile(block, name, "exec"), names)
        return types.SimpleNamespace(**names)

    def call(self, client):
        answer = client.post("/api/chat", json={"model": "gpt-4o-mini"}, headers={"X-Team-Member": "ann", "X-User-ID": "ann"})
        self.assertEqual({"message": "Hello from protected endpoint!"}, answer.json() if isinstance(client, TestClient) else answer.get_json())
        self.assertEqual("ann", self.gateway.asked()[-1]["user"])
        self.assertEqual({"model": "gpt-4o-mini", "usage": {"prompt_tokens": 812, "completion_tokens": 64}}, self.gateway.endings()[-1][1])

    def test_fastapi(self):
        page = self.run_blocks("fastapi")
        self.call(TestClient(page.app))
        self.assertEqual("0.01", page.cost(types.SimpleNamespace(json=lambda: {"model": "gpt-4o"})))

    def test_flask(self):
        page = self.run_blocks("flask")
        self.call(page.app.test_client())

    def test_django(self):
        page = self.run_blocks("django")
        self.assertEqual("budgetguard.middleware.django_budget_middleware", page.MIDDLEWARE[-1])
        self.assertEqual({"custom_user_extractor"}, set(page.BUDGETGUARD))
        request = types.SimpleNamespace(user=types.SimpleNamespace(pk=3, is_authenticated=True), budget_guard=unittest.mock.Mock())
        self.assertEqual(3, page.user(request))
        self.assertEqual(200, page.chat(request).status_code)

    def test_the_tables_have_every_option_and_no_other(self):
        known = {each.name: each.metadata["variable"] for kind in (BudgetMiddlewareOptions, MiddlewareConfig) for each in dataclasses.fields(kind)}
        del known["budget_options"]
        for name, page in PAGES.items():
            rows = re.findall(r"^\| (`.*?) \|(.*?)\|", page, re.M)
            with self.subTest(name):
                self.assertEqual(set(known), {option for options, _ in rows for option in re.findall(r"`(\w+)`", options)})
                self.assertEqual(set(filter(None, known.values())), {variable for _, variables in rows for variable in re.findall(r"`(\w+)`", variables)})

    def test_the_samples(self):
        for name in ("fastapi", "flask"):
            spec = importlib.util.spec_from_file_location(f"sample_{name}", SAMPLES / name / "app.py")
            sample = importlib.util.module_from_spec(spec)
            with unittest.mock.patch.object(sys, "dont_write_bytecode", True):
                spec.loader.exec_module(sample)
            self.call(TestClient(sample.app) if name == "fastapi" else sample.app.test_client())
        done = subprocess.run([sys.executable, str(SAMPLES / "django/app.py"), "check"], capture_output=True, text=True, timeout=60,
                              env={**os.environ, "PYTHONPATH": str(SAMPLES / "python")})
        self.assertIn("no issues", done.stdout + done.stderr)
