"""What each framework can do besides the contract of test_apps: nesting, sockets, files, errors in the middle of a stream."""

import asyncio
import io
import json
import os
import unittest
import unittest.mock
import warnings
from decimal import Decimal

import fastapi
import flask
from fastapi.responses import StreamingResponse
from django.http import FileResponse, HttpResponse, StreamingHttpResponse
from django.test import RequestFactory, override_settings
from django.utils.asyncio import async_unsafe
from starlette.background import BackgroundTask
from starlette.responses import JSONResponse
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from budgetguard.lease import Lease, Outcome
from budgetguard.middleware import (
    ASGIBudgetMiddleware, BudgetGuard, BudgetMiddlewareOptions, ConfigurationError, DjangoBudgetMiddleware, MiddlewareConfig,
    create_django_budget_middleware, create_fastapi_budget_middleware, create_flask_budget_middleware, django_budget_middleware)

from .stub import StubGateway


class WithGateway(unittest.TestCase):
    def setUp(self):
        warnings.simplefilter("ignore", ResourceWarning)
        warnings.simplefilter("ignore", DeprecationWarning)
        self.gateway = StubGateway()
        self.addCleanup(self.gateway.close)

    def config(self, **options):
        return MiddlewareConfig(budget_options=BudgetMiddlewareOptions(gateway_url=self.gateway.url, timeout_ms=2000, **options))

    def assert_ended(self, *endings):
        self.gateway.wait(lambda: len(self.gateway.ended) >= len(endings))
        self.assertEqual([end if end == "released" else Decimal(end) for end in endings], list(self.gateway.ended.values()))
        self.assertEqual(({}, len(endings)), (self.gateway.held, len(self.gateway.endings())))


class FastApi(WithGateway):
    def app(self, **options):
        app = fastapi.FastAPI()
        app.add_middleware(ASGIBudgetMiddleware, config=self.config(**options))
        return app

    def both(self, **options):
        yield self.app(**options)
        app = fastapi.FastAPI()
        app.middleware("http")(create_fastapi_budget_middleware(self.config(**options)))
        self.gateway.ended.clear()
        self.gateway.calls.clear()
        yield app

    def test_one_hold_however_often_it_is_added(self):
        app = self.app()
        app.middleware("http")(create_fastapi_budget_middleware(self.config()))
        app.get("/x")(lambda: {})
        self.assertEqual(200, TestClient(app).get("/x").status_code)
        self.assertEqual(1, len(self.gateway.asked()))
        self.assert_ended("0.01")

    def test_an_extractor_may_read_the_body_and_the_app_gets_it(self):
        async def wait(request):
            return str(len(await request.body()))

        for extractor in (lambda request: request.json()["n"], lambda request: request.json["n"], wait):
            for app in self.both(custom_cost_extractor=extractor):
                @app.post("/x")
                async def echo(request: fastapi.Request):
                    return b"".join([chunk async for chunk in request.stream()]).decode()

                body = json.dumps({"n": 2})
                self.assertEqual(body, TestClient(app).post("/x", content=body, headers={"content-type": "application/json"}).json())
                self.assertIn(self.gateway.asked()[0]["estimated_cost"], (2, len(body)))

    def test_a_large_body_is_left_to_the_app(self):
        for app in self.both(custom_cost_extractor=lambda request: request.json()["n"]):
            @app.post("/x")
            async def length(request: fastapi.Request):
                return len(await request.body())

            body = json.dumps({"n": 2, "text": "x" * 3_000_000})
            headers = {"content-type": "application/json"}
            self.assertEqual(len(body), TestClient(app).post("/x", content=body, headers=headers).json())
            pieces = (piece.encode() for piece in (body[:500_000], body[500_000:1_500_000], body[1_500_000:]))
            self.assertEqual(len(body), TestClient(app).post("/x", content=pieces, headers=headers).json())
            self.assertNotIn("estimated_cost", self.gateway.asked()[0])

    def test_a_stream_that_breaks_pays_its_estimate(self):
        async def broken():
            yield b"some"
            raise RuntimeError("broken")

        for app in self.both():
            app.get("/x")(lambda: StreamingResponse(broken()))
            with self.assertRaises(RuntimeError):
                TestClient(app).get("/x")
            self.assert_ended("0.01")

    def test_an_error_answer_is_free_unless_reported(self):
        for app in self.both():
            @app.get("/x")
            def refuse(request: fastapi.Request, cost: str = ""):
                if cost:
                    request.state.budget_guard.report_cost(cost)
                raise fastapi.HTTPException(422)

            client = TestClient(app)
            self.assertEqual([422, 422], [client.get("/x").status_code, client.get("/x?cost=0.5").status_code])
            self.assert_ended("released", "0.5")

    def test_reports_after_the_answer_are_told(self):
        app = self.app()

        @app.get("/x")
        def later(request: fastapi.Request):
            return JSONResponse({}, background=BackgroundTask(request.state.budget_guard.report_cost, "1"))

        with self.assertLogs("budgetguard", "ERROR"):
            TestClient(app).get("/x")
        self.assert_ended("0.01")

    def test_under_a_root_path(self):
        for app in self.both(exclude_paths=["/health", "/base/health"]):
            app.get("/health")(lambda: {})
            self.assertEqual(200, TestClient(app, root_path="/base").get("/health").status_code)
            self.assertEqual([], self.gateway.calls)

    def test_web_sockets(self):
        app = self.app()

        @app.websocket("/ws")
        async def talk(socket: fastapi.WebSocket):
            await socket.accept()
            socket.state.budget_guard.report_cost(await socket.receive_text())
            await socket.close()

        client = TestClient(app)
        with client.websocket_connect("/ws") as session:
            session.send_text("0.25")
            session.receive()
        self.assert_ended("0.25")
        self.gateway.decide = 402
        with self.assertRaises(WebSocketDisconnect), client.websocket_connect("/ws"):
            pass

    def test_a_cancelled_request_pays_its_estimate(self):
        async def hang(scope, receive, send):
            await asyncio.sleep(30)

        async def cancel():
            app = ASGIBudgetMiddleware(hang, self.config())
            scope = {"type": "http", "method": "GET", "path": "/x", "headers": [], "query_string": b""}
            task = asyncio.ensure_future(app(scope, None, None))
            while not self.gateway.held:
                await asyncio.sleep(0.01)
            await asyncio.sleep(0.05)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

        asyncio.run(cancel())
        self.assert_ended("0.01")


class Flask(WithGateway):
    def both(self):
        for form in (lambda app: app.before_request(create_flask_budget_middleware(self.config())), lambda app: BudgetGuard(config=self.config()).init_app(app)):
            app = flask.Flask("app")
            self.gateway.ended.clear()
            self.gateway.calls.clear()
            form(app)
            yield app, app.test_client()

    def test_exceptions_that_propagate_release(self):
        for app, client in self.both():
            app.testing = True
            app.get("/x")(lambda: 1 / 0)
            for _ in range(2):
                with self.assertRaises(ZeroDivisionError):
                    client.get("/x")
            self.assert_ended("released", "released")

    def test_exceptions_that_propagate_after_a_report_settle(self):
        def spend():
            flask.g.budget_guard.report_cost("0.5")
            raise KeyError("x")

        for app, client in self.both():
            app.testing = True
            app.get("/x")(spend)
            with self.assertRaises(KeyError):
                client.get("/x")
            self.assert_ended("0.5")

    def test_another_hook_may_answer(self):
        for app, client in self.both():
            app.before_request(lambda: ("no", 403))
            self.assertEqual(403, client.get("/x").status_code)
            self.assert_ended("released")

    def test_streams_and_their_errors(self):
        def broken():
            yield "some"
            raise RuntimeError("broken")

        def reporting():
            yield "some"
            flask.g.budget_guard.report_cost("0.7")

        for app, client in self.both():
            app.get("/broken", endpoint="broken")(lambda: flask.Response(broken()))
            app.get("/reporting", endpoint="reporting")(lambda: flask.Response(flask.stream_with_context(reporting())))
            with self.assertRaises(RuntimeError):
                client.get("/broken").data
            self.assert_ended("0.01")
            self.assertEqual(b"some", client.get("/reporting").data)
            self.assert_ended("0.01", "0.7")

    def test_a_stream_that_is_closed_unread(self):
        closed = []

        def chunks():
            try:
                yield "one"
                yield "two"
            finally:
                closed.append(True)

        for app, client in self.both():
            app.get("/x")(lambda: flask.Response(chunks()))
            response = client.get("/x", buffered=False)
            next(response.iter_encoded())
            response.close()
            self.assert_ended("0.01")
        self.assertEqual([True, True], closed)

    def test_files(self):
        for app, client in self.both():
            app.get("/x")(lambda: flask.send_file(io.BytesIO(b"data"), mimetype="text/plain"))
            self.assertEqual(b"data", client.get("/x").data)
            self.assert_ended("0.01")

    def test_one_hold_however_often_it_is_added(self):
        for app, client in self.both():
            app.before_request(create_flask_budget_middleware(self.config()))
            app.get("/x")(lambda: "x")
            client.get("/x")
            self.assert_ended("0.01")

    def test_extractors_may_take_no_argument(self):
        app = flask.Flask("app")
        app.before_request(create_flask_budget_middleware(self.config(
            custom_user_extractor=lambda: flask.request.headers["U"], custom_operation_extractor=lambda request: request.endpoint)))
        app.get("/x", endpoint="look")(lambda: "x")
        app.test_client().get("/x", headers={"U": "me"})
        self.assertEqual(("me", "look"), (self.gateway.asked()[0]["user"], self.gateway.asked()[0]["operation"]))


def user_of(request):
    return request.headers.get("U")


class Django(WithGateway):
    def both(self, view, **options):
        """The middleware around a view, synchronous and asynchronous."""
        request = RequestFactory().get("/x")
        yield lambda: create_django_budget_middleware(self.config(**options))(view)(request)
        self.gateway.ended.clear()
        self.gateway.calls.clear()

        async def asynchronous(request):
            return view(request)

        other = RequestFactory().get("/x")
        yield lambda: asyncio.run(create_django_budget_middleware(self.config(**options))(asynchronous)(other))

    def test_both_ways_are_declared(self):
        for middleware in (DjangoBudgetMiddleware, django_budget_middleware):
            self.assertTrue(middleware.sync_capable and middleware.async_capable)

    def test_exceptions_that_propagate_release(self):
        for call in self.both(lambda request: 1 / 0):
            self.assertRaises(ZeroDivisionError, call)
            self.assert_ended("released")

    def test_files(self):
        for call in self.both(lambda request: FileResponse(io.BytesIO(b"data"))):
            response = call()
            self.assertIsNotNone(response.file_to_stream)
            self.assert_ended("0.01")

    def test_streams(self):
        def reporting(request):
            def chunks():
                yield b"a"
                request.budget_guard.report_cost("0.7")
            return StreamingHttpResponse(chunks())

        for call in self.both(reporting):
            response = call()
            self.assertEqual({}, self.gateway.ended)
            self.assertEqual(b"a", b"".join(response))
            self.assert_ended("0.7")
            response.close()
            self.assert_ended("0.7")

    def test_a_stream_that_is_closed_unread(self):
        for call in self.both(lambda request: StreamingHttpResponse(iter([b"a", b"b"]))):
            call().close()
            self.assert_ended("0.01")

    def test_asynchronous_streams(self):
        from budgetguard.django import _AsyncEndingIterator

        async def chunks(fails):
            yield b"a"
            if fails:
                raise RuntimeError("broken")

        async def read(fails):
            lease = unittest.mock.Mock(finish_async=unittest.mock.AsyncMock())
            with self.assertRaises(RuntimeError) if fails else unittest.mock.MagicMock():
                self.assertEqual([b"a"], [chunk async for chunk in _AsyncEndingIterator(chunks(fails), lease, Outcome.DONE)])
            (lease.hand_over if fails else lease.finish_async).assert_called_once_with(Outcome.CUT if fails else Outcome.DONE)

        asyncio.run(read(False))
        asyncio.run(read(True))

    def test_extractors_may_query_both_ways(self):
        @async_unsafe
        def query():
            return 7

        for call in self.both(lambda request: HttpResponse(), custom_user_extractor=lambda request: query()):
            call()
            self.assertEqual("7", self.gateway.asked()[0]["user"])

    def test_settings(self):
        with override_settings(BUDGETGUARD={"GATEWAY_URL": self.gateway.url, "custom_user_extractor": f"{__name__}.user_of", "log_level": "ERROR"}):
            django_budget_middleware(lambda request: HttpResponse())(RequestFactory().get("/x", HTTP_U="me"))
        self.assertEqual("me", self.gateway.asked()[0]["user"])
        with override_settings(BUDGETGUARD={"fail_opn": False}), self.assertRaisesRegex(ConfigurationError, "fail_opn"):
            django_budget_middleware(lambda request: HttpResponse())

    def test_a_request_that_is_not_guarded_may_report(self):
        request = RequestFactory().get("/health")
        with unittest.mock.patch.dict(os.environ, BUDGETGUARD_URL=self.gateway.url):
            django_budget_middleware(lambda request: HttpResponse(request.budget_guard.report_cost("1")))(request)
        self.assertIsInstance(request.budget_guard, Lease)
        self.assertEqual([], self.gateway.calls)
