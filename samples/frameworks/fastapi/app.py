"""Run the gateway, then: PYTHONPATH=../python uvicorn app:app"""

from budgetguard.middleware import ASGIBudgetMiddleware, BudgetMiddlewareOptions, MiddlewareConfig
from fastapi import FastAPI, Request

app = FastAPI()
app.add_middleware(ASGIBudgetMiddleware, config=MiddlewareConfig(budget_options=BudgetMiddlewareOptions(
    trust_user_header=True,  # a demonstration: with real users, take them from the token instead
    custom_model_extractor=lambda request: request.json().get("model"),
    custom_cost_extractor=lambda request: "0.002",
)))


@app.post("/api/chat")
async def chat(request: Request):
    # … call the model here, then tell what it used
    request.state.budget_guard.report_usage({"prompt_tokens": 812, "completion_tokens": 64}, model="gpt-4o-mini")
    return {"message": "Hello from protected endpoint!"}
