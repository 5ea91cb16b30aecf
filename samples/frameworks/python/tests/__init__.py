"""Run all with: python3 -m unittest discover (from samples/frameworks/python)."""

import logging
import warnings

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    import django
    from django.conf import settings

    settings.configure(ALLOWED_HOSTS=["*"], SECRET_KEY="only for tests", LOGGING_CONFIG=None)
    django.setup()

# What the guard logs is asserted where it matters; elsewhere it would only fill the screen.
logging.getLogger("budgetguard").addHandler(logging.NullHandler())
