"""Run the gateway, then: PYTHONPATH=../python python3 app.py runserver"""

import json
import sys

from django.conf import settings
from django.core.management import execute_from_command_line
from django.http import JsonResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

if not settings.configured:
    settings.configure(
        DEBUG=True,
        SECRET_KEY="a demonstration",
        ROOT_URLCONF=__name__,
        MIDDLEWARE=["budgetguard.middleware.django_budget_middleware"],
        BUDGETGUARD={
            "trust_user_header": True,  # a demonstration: with real users, take request.user instead
            "custom_model_extractor": lambda request: json.loads(request.body).get("model"),
            "custom_cost_extractor": lambda request: "0.002",
        },
    )


@csrf_exempt
def chat(request):
    # … call the model here, then tell what it used
    request.budget_guard.report_usage({"prompt_tokens": 812, "completion_tokens": 64}, model="gpt-4o-mini")
    return JsonResponse({"message": "Hello from protected endpoint!"})


urlpatterns = [path("api/chat", chat)]

if __name__ == "__main__":
    execute_from_command_line(sys.argv)
