"""The test app on FastAPI under uvicorn; FASTAPI_FORM=http takes the function form of the middleware."""

import asyncio
import os
import pathlib
import sys
from decimal import Decimal

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parents[4] / "samples/frameworks/python")]

import uvicorn
from budgetguard.middleware import ASGIBudgetMiddleware, BudgetMiddlewareOptions, MiddlewareConfig, create_fastapi_budget_middleware
from fastapi import FastAPI, Request
from fastapi.responses import PlainTextResponse, StreamingResponse

bill = {"calls": 0, "cost": Decimal(0)}
app = FastAPI()
config = MiddlewareConfig(budget_options=BudgetMiddlewareOptions(
    custom_user_extractor=lambda request: request.headers.get("X-Test-User"),
    custom_operation_extractor=lambda request: request.headers.get("X-Test-Operation"),
    custom_cost_extractor=lambda request: request.headers.get("X-Test-Estimate"),
    custom_model_extractor=lambda request: request.headers.get("X-Test-Model"),
    exclude_paths=None if "LEADFACTORY_EXCLUDE_PATHS" in os.environ else ["/health", "/metrics", "/status", "/bill"],
))
if os.environ.get("FASTAPI_FORM") == "http":
    app.middleware("http")(create_fastapi_budget_middleware(config))
else:
    app.add_middleware(ASGIBudgetMiddleware, config=config)


@app.get("/health")
async def health():
    return PlainTextResponse("ok")


@app.get("/bill")
async def read_bill():
    return {"calls": bill["calls"], "cost": str(bill["cost"])}


@app.api_route("/api/work", methods=["GET", "HEAD", "OPTIONS"])
async def look():
    return {"done": True}


@app.post("/api/work")
@app.post("/other/work")
async def work(request: Request):
    todo = await request.json()
    bill["calls"] += 1
    guard = request.state.budget_guard
    if "stream" in todo:
        return StreamingResponse(stream(todo, guard), media_type="text/plain")
    report(todo, guard)
    if "hang" in todo:
        return StreamingResponse(hang(), media_type="text/plain")
    if todo.get("fail"):
        raise RuntimeError("the handler fails")
    return {"done": True}


def report(todo, guard):
    if "report" in todo:
        bill["cost"] += Decimal(todo["report"])
        guard.report_cost(todo["report"])
    if "usage" in todo:
        guard.report_usage(todo["usage"], todo.get("model"))


async def stream(todo, guard):
    for number in range(1, todo["stream"] + 1):
        yield f"chunk {number}\n"
        await asyncio.sleep(0.01)
    report(todo, guard)


async def hang():
    yield "started\n"
    await asyncio.sleep(30)  # cancelled when the client leaves


class Server(uvicorn.Server):
    async def startup(self, sockets=None):
        await super().startup(sockets=sockets)
        print("ready", self.servers[0].sockets[0].getsockname()[1], flush=True)


Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning")).run()
