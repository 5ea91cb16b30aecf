"""Run the gateway, then: PYTHONPATH=../python flask run"""

from budgetguard.middleware import BudgetGuard, BudgetMiddlewareOptions, MiddlewareConfig
from flask import Flask, g

app = Flask(__name__)
BudgetGuard(app, MiddlewareConfig(budget_options=BudgetMiddlewareOptions(
    trust_user_header=True,  # a demonstration: with real users, take them from the session instead
    custom_model_extractor=lambda request: request.get_json().get("model"),
    custom_cost_extractor=lambda request: "0.002",
)))


@app.post("/api/chat")
def chat():
    # … call the model here, then tell what it used
    g.budget_guard.report_usage({"prompt_tokens": 812, "completion_tokens": 64}, model="gpt-4o-mini")
    return {"message": "Hello from protected endpoint!"}
