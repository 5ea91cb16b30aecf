"""Run all with: python3 -m unittest discover (from samples/frameworks/python)."""

import logging

# What the guard logs is asserted where it matters; elsewhere it would only fill the screen.
logging.getLogger("budgetguard").addHandler(logging.NullHandler())
