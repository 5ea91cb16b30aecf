"""Budgets for LLM traffic in FastAPI, Flask and Django: a client of the BudgetGuard gateway. Everything is in budgetguard.middleware."""
