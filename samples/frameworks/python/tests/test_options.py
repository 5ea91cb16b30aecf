"""Where options come from, and what is refused."""

import logging
import os
import unittest
import unittest.mock

from budgetguard.filtering import RequestFilter
from budgetguard.middleware import BudgetMiddlewareOptions, ConfigurationError, FrameworkType, MiddlewareConfig, create_budget_middleware


def environment(**variables):
    return unittest.mock.patch.dict(os.environ, variables, clear=True)


class Variables(unittest.TestCase):
    UNDERSTOOD = [
        ("LEADFACTORY_ENABLE_BUDGET_MONITORING", "false", "enable_budget_monitoring", False),
        ("LEADFACTORY_ENABLE_COST_TRACKING", "FALSE", "enable_cost_tracking", False),
        ("LEADFACTORY_ENABLE_THROTTLING", "false", "enable_throttling", False),
        ("LEADFACTORY_ENABLE_ALERTING", "false", "enable_alerting", False),
        ("LEADFACTORY_EXCLUDE_PATHS", " /a , /b/c ", "exclude_paths", ("/a", "/b/c")),
        ("LEADFACTORY_EXCLUDE_PATHS", "", "exclude_paths", ()),
        ("LEADFACTORY_INCLUDE_ONLY_PATHS", "/api,/v1", "include_only_paths", ("/api", "/v1")),
        ("LEADFACTORY_EXCLUDE_METHODS", "OPTIONS,HEAD", "exclude_methods", ("OPTIONS", "HEAD")),
        ("LEADFACTORY_ASYNC_PROCESSING", "true", "async_processing", True),
        ("LEADFACTORY_CACHE_DECISIONS", "false", "cache_decisions", False),
        ("LEADFACTORY_CACHE_TTL_SECONDS", "30", "cache_ttl_seconds", 30),
        ("LEADFACTORY_FAIL_OPEN", "false", "fail_open", False),
        ("LEADFACTORY_LOG_ERRORS", "false", "log_errors", False),
        ("BUDGETGUARD_URL", "https://guard.example/base/", "gateway_url", "https://guard.example/base"),
        ("BUDGETGUARD_KEY", "k1", "api_key", "k1"),
        ("BUDGETGUARD_KEY", "", "api_key", None),
        ("BUDGETGUARD_TIMEOUT_MS", "50", "timeout_ms", 50),
    ]
    REFUSED = [
        ("LEADFACTORY_FAIL_OPEN", "yes", "true or false"),
        ("LEADFACTORY_FAIL_OPEN", "1", "true or false"),
        ("LEADFACTORY_FAIL_OPEN", "", "true or false"),
        ("LEADFACTORY_CACHE_TTL_SECONDS", "0", "from 1 to 86400"),
        ("LEADFACTORY_CACHE_TTL_SECONDS", "1e3", "a whole number"),
        ("LEADFACTORY_EXCLUDE_PATHS", "health", "paths such as /api"),
        ("LEADFACTORY_EXCLUDE_PATHS", "/a,,/b", "paths such as /api"),
        ("LEADFACTORY_EXCLUDE_PATHS", "/", "enable_budget_monitoring=false"),
        ("LEADFACTORY_INCLUDE_ONLY_PATHS", "/api/*", "without wildcards"),
        ("LEADFACTORY_EXCLUDE_METHODS", "GET POST", "methods such as OPTIONS"),
        ("LEADFACTORY_FRAMEWORK", "rails", "django, dotnet"),
        ("LEADFACTORY_LOG_LEVEL", "LOUD", "DEBUG, INFO"),
        ("LEADFACTORY_FAIL_OPN", "false", "LEADFACTORY_FAIL_OPEN"),
        ("BUDGETGUARD_URL", "localhost:5080", "http://127.0.0.1:5080"),
        ("BUDGETGUARD_URL", "http://user:secret@host", "http://127.0.0.1:5080"),
        ("BUDGETGUARD_TIMEOUT_MS", "-1", "a whole number"),
    ]

    def test_what_is_understood(self):
        for variable, text, name, value in self.UNDERSTOOD:
            with self.subTest(variable), environment(**{variable: text}):
                self.assertEqual(value, getattr(BudgetMiddlewareOptions(), name))

    def test_what_is_refused_names_key_value_and_expectation(self):
        for variable, text, expected in self.REFUSED:
            with self.subTest(variable, text=text), environment(**{variable: text}), self.assertRaises(ConfigurationError) as caught:
                MiddlewareConfig()
            self.assertIn(variable, str(caught.exception))
            self.assertIn(expected, str(caught.exception))
            if "FAIL_OPN" not in variable:
                self.assertIn(repr(text), str(caught.exception))

    def test_all_that_is_wrong_is_said_at_once(self):
        with environment(LEADFACTORY_FAIL_OPEN="x", LEADFACTORY_CACHE_TTL_SECONDS="y"), self.assertRaisesRegex(ConfigurationError, "FAIL_OPEN.*|CACHE_TTL") as caught:
            BudgetMiddlewareOptions()
        self.assertIn("CACHE_TTL_SECONDS", str(caught.exception))

    def test_a_key_is_never_shown(self):
        with environment(BUDGETGUARD_KEY="two words"), self.assertRaises(ConfigurationError) as caught:
            BudgetMiddlewareOptions()
        self.assertNotIn("two words", str(caught.exception))

    def test_arguments_beat_variables_and_variables_beat_defaults(self):
        with environment(LEADFACTORY_FAIL_OPEN="false", LEADFACTORY_CACHE_TTL_SECONDS="30"):
            options = BudgetMiddlewareOptions(fail_open=True)
        self.assertEqual((True, 30, True), (options.fail_open, options.cache_ttl_seconds, options.log_errors))

    def test_arguments_are_checked_too(self):
        for name, value in (("fail_open", "perhaps"), ("cache_ttl_seconds", True), ("exclude_paths", [1]), ("custom_user_extractor", "text"), ("timeout_ms", 0)):
            with self.subTest(name), self.assertRaisesRegex(ConfigurationError, f"BudgetMiddlewareOptions.{name}"):
                BudgetMiddlewareOptions(**{name: value})

    def test_the_defaults(self):
        with environment():
            options = BudgetMiddlewareOptions()
        self.assertEqual((True, ("/health", "/metrics", "/status"), (), ("OPTIONS", "HEAD"), 300, False, "http://127.0.0.1:5080"), (
            options.fail_open, options.exclude_paths, options.include_only_paths, options.exclude_methods, options.timeout_ms,
            options.trust_user_header, options.gateway_url))

    def test_the_framework_chooses_the_middleware(self):
        for name, kind in (("fastapi", "FastAPIBudgetMiddleware"), ("Flask", "FlaskBudgetMiddleware"), ("django", "DjangoBudgetMiddleware"), ("express", "BudgetGuardMiddleware")):
            with environment(LEADFACTORY_FRAMEWORK=name):
                self.assertEqual(kind, type(create_budget_middleware()).__name__)
        self.assertEqual("FastAPIBudgetMiddleware", type(create_budget_middleware(MiddlewareConfig(framework=FrameworkType.STARLETTE))).__name__)

    def test_log_levels(self):
        for text, level in (("debug", logging.DEBUG), ("Information", logging.INFO), ("FATAL", logging.CRITICAL), ("None", logging.CRITICAL + 1)):
            self.assertEqual(level, MiddlewareConfig(log_level=text).log_level)


class Filter(unittest.TestCase):
    def test_whole_segments_ignoring_case(self):
        judged = RequestFilter(["/health", "/A/b/"], [], ["OPTIONS"])
        for path, is_guarded in (("/health", False), ("/HEALTH/x", False), ("/healthy", True), ("/", True), ("", True), ("/a/B", False), ("/a/b/c", False),
                                 ("/a/bc", True), ("/health/", False)):
            self.assertEqual(is_guarded, judged.guards("GET", path), path)
        self.assertFalse(judged.guards("options", "/x"))

    def test_inclusion(self):
        judged = RequestFilter(["/api/open"], ["/api"], [])
        for path, is_guarded in (("/api", True), ("/API/x", True), ("/apiary", False), ("/other", False), ("/api/open", False), ("/api/opening", True)):
            self.assertEqual(is_guarded, judged.guards("GET", path), path)

    def test_only_plain_paths_are_let_off(self):
        judged = RequestFilter(["/health"], [], [])
        for path in ("//health", "/health//x", "/health/../api", "/health/./x", "/health\\x", "/health;x", "/health/%2e", "/health/a?b", "/health/a#b",
                     "/health/x.", "/health/ x", "/health/x ", "/health/\n", "/health/\u200b", "/health/\udcff"):
            self.assertTrue(judged.guards("GET", path), repr(path))

    def test_folding_is_ascii_only(self):
        self.assertTrue(RequestFilter(["/strasse"], [], []).guards("GET", "/straße"))
        self.assertTrue(RequestFilter(["/k"], [], []).guards("GET", "/\u212a"))

    def test_under_a_base_both_spellings_are_let_off(self):
        judged = RequestFilter(["/health", "/app/health"], [], [])
        self.assertFalse(judged.guards("GET", "/health", "/app"))
        self.assertTrue(RequestFilter(["/health"], [], []).guards("GET", "/health", "/app"))
        self.assertTrue(RequestFilter(["/health"], ["/api"], []).guards("GET", "/other", "/api"))
        self.assertTrue(RequestFilter([], ["/v1"], []).guards("GET", "/other", "/a//b"))
