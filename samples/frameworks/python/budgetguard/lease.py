"""What the guard says to a request: a lease, on which the app reports what it spent, or a denial to send on."""

import enum
import re
import threading
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal, InvalidOperation
from typing import Any, Dict, List, Optional, Tuple

from .settling import Ending
from .wire import to_json

NANO = Decimal("0.000000001")
MAX_USD = Decimal(1_000_000_000)


def usd(value: Any) -> Decimal:
    """A cost in US dollars, exactly as written, rounded up to nano-dollars. A float is taken by the 15 digits it is sure of, never calculated with."""
    try:
        amount = Decimal(f"{value:.15g}" if isinstance(value, float) else str(value)) if isinstance(value, (Decimal, int, float, str)) and not isinstance(value, bool) else None
    except InvalidOperation:
        amount = None
    if amount is None or not amount.is_finite() or not 0 <= amount <= MAX_USD:
        raise ValueError(f"{value!r} is no cost; expected US dollars as a Decimal or a text, not negative, for example '0.012'")
    return amount.quantize(NANO, ROUND_CEILING).normalize() + 0


class Outcome(enum.Enum):
    """How a response went."""

    DONE = "done"
    FAILED = "failed"
    CUT = "cut"

    @staticmethod
    def of(status: int) -> "Outcome":
        return Outcome.FAILED if status >= 400 else Outcome.DONE


_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_FRAMING = ("connection", "content-length", "transfer-encoding")


def _is_header(name, value):
    return (isinstance(value, str) and value.isascii() and (value == "" or value.isprintable())
            and _HEADER_NAME.fullmatch(name) is not None and name.lower() not in _FRAMING)


@dataclass(frozen=True)
class Denial:
    """An answer to send instead of calling the app."""

    status: int
    headers: Dict[str, str]
    body: Dict[str, Any]

    @staticmethod
    def read(answer: Dict[str, Any]) -> Optional["Denial"]:
        """What the gateway says to send; None where it cannot be sent."""
        status, headers, body = answer.get("status"), answer.get("headers") or {}, answer.get("body")
        is_sendable = (
            answer.get("decision") in ("throttle", "reject") and type(status) is int and 400 <= status <= 599
            and isinstance(body, dict) and isinstance(headers, dict) and all(_is_header(name, value) for name, value in headers.items()))
        return Denial(status, headers, body) if is_sendable else None

    @property
    def content(self) -> bytes:
        return to_json(self.body).encode()

    @property
    def header_list(self) -> List[Tuple[str, str]]:
        headers = [(name, str(value)) for name, value in self.headers.items() if name.lower() != "content-length"]
        has_type = any(name.lower() == "content-type" for name, _ in headers)
        return headers if has_type else [*headers, ("Content-Type", "application/json")]


class Lease:
    """A request that may run. Reports add up until its response ends; then the hold is settled, once."""

    def __init__(self, settler=None, hold_id=None, estimated_cost=None, user=None, model=None, answer=None, ask=None, is_metered=True):
        self.hold_id: Optional[str] = hold_id
        self.estimated_cost: Optional[Decimal] = estimated_cost
        self.user: Optional[str] = user
        self.model: Optional[str] = model
        self.answer: Dict[str, Any] = answer or {}
        self._settler, self._ask, self._is_metered = settler, ask, is_metered
        self._lock = threading.Lock()
        self._is_open = True
        self._cost: Optional[Decimal] = None
        self._usage: Optional[Tuple[str, Dict[str, Any]]] = None

    @property
    def is_counted(self) -> bool:
        """False where the request is not guarded or the gateway did not answer."""
        return self.hold_id is not None

    def report_cost(self, cost: Any) -> None:
        """Tells what the request cost in US dollars: a Decimal, a text or a whole number."""
        amount = usd(cost)
        with self._lock:
            self._check(self._usage is None)
            self._cost = amount if self._cost is None else self._cost + amount

    def report_usage(self, usage: Any, model: Optional[str] = None) -> None:
        """Tells what a model used: the usage block of its answer as it came. The gateway prices it."""
        if not isinstance(usage, dict) and hasattr(usage, "model_dump"):
            usage = usage.model_dump(mode="json", exclude_none=True)
        model = model or self.model
        if not isinstance(usage, dict) or not model:
            raise ValueError("expected the usage block as a dict, and the name of the model")
        try:
            to_json(usage)
        except (TypeError, ValueError, RecursionError):
            raise ValueError("the usage block is no JSON") from None
        with self._lock:
            self._check(self._cost is None and (self._usage is None or self._usage[0] == model))
            self._usage = (model, usage if self._usage is None else _sum(self._usage[1], usage))

    def _check(self, fits):
        if not fits:
            raise ValueError("a request reports either costs or the usage of one model; where it has several, report their costs")
        if not self._is_open and self._settler is not None:
            self._settler.late_report()

    def finish(self, outcome: Outcome) -> None:
        """Ends the hold now; the second time it does nothing."""
        ending = self._end(outcome)
        if ending is not None:
            self._settler.end(ending)

    async def finish_async(self, outcome: Outcome) -> None:
        ending = self._end(outcome)
        if ending is not None:
            await self._settler.end_async(ending)

    def hand_over(self, outcome: Outcome) -> None:
        """Ends the hold in the background: for places that must not wait."""
        ending = self._end(outcome)
        if ending is not None:
            self._settler.later(ending)

    def _end(self, outcome) -> Optional[Ending]:
        with self._lock:
            if not self._is_open:
                return None
            self._is_open = False
        if self.hold_id is None and self._ask is None:
            return None
        ending = self._ending(outcome)
        if ending is not None and self._ask is not None:
            # Nobody knows whether the gateway took the decision; nobody waits until it is found out.
            self._settler.later(ending)
            return None
        return ending

    def _ending(self, outcome):
        estimate = None if self.estimated_cost is None else self._settlement({"cost": self.estimated_cost})
        if self._is_metered and self._usage is not None:
            model, usage = self._usage
            return self._settlement({"model": model, "usage": usage}, estimate)
        if self._is_metered and self._cost is not None:
            return self._settlement({"cost": self._cost})
        return Ending("DELETE", self.hold_id, ask=self._ask) if outcome is Outcome.FAILED else estimate

    def _settlement(self, members, otherwise=None):
        return Ending("POST", self.hold_id, to_json(members), otherwise, self._ask)


def _sum(first, second):
    """Two usage blocks as one: numbers and details add up, of everything else the later stands."""
    if isinstance(first, dict) and isinstance(second, dict):
        return {key: _sum(first[key], second[key]) if key in first and key in second else first.get(key, second.get(key)) for key in {**first, **second}}
    if isinstance(first, list) and isinstance(second, list):
        return first + second
    is_number = all(isinstance(each, (int, Decimal)) and not isinstance(each, bool) for each in (first, second))
    return first + second if is_number else second


class EndingIterator:
    """The chunks of a streamed response; its hold ends before the client has the last byte, or when the server closes the stream."""

    def __init__(self, chunks, lease: Lease, outcome: Outcome, length: Optional[int] = None):
        self._chunks, self._iterator, self._lease, self._outcome, self._left = chunks, iter(chunks), lease, outcome, length

    def __iter__(self):
        return self

    def __next__(self):
        try:
            chunk = next(self._iterator)
        except StopIteration:
            self._lease.finish(self._outcome)
            raise
        except BaseException:
            self._lease.hand_over(Outcome.CUT)
            raise
        if self._left is not None:
            self._left -= len(chunk)
            if self._left <= 0:
                self._lease.finish(self._outcome)
        return chunk

    def close(self):
        try:
            getattr(self._chunks, "close", lambda: None)()
        finally:
            self._lease.hand_over(Outcome.CUT)
