"""The bytes between an adapter and the gateway: JSON with exact decimals, and as much of HTTP/1.1 as that needs."""

import json
from decimal import Decimal
from typing import Any, NamedTuple, Optional
from urllib.parse import urlsplit

MAX_ANSWER_BYTES = 256 * 1024
MAX_EXPONENT = 100


class GatewayError(Exception):
    """The gateway did not answer; kind tells failures apart that are logged once each."""

    def __init__(self, kind: str, detail: object = "", sent: bool = False):
        super().__init__(f"{kind}: {detail}" if str(detail) else kind)
        self.kind = kind
        self.sent = sent


class Answer(NamedTuple):
    status: int
    body: Any
    is_reusable: bool


def to_json(value: Any) -> str:
    """JSON in which a Decimal is a number of exactly its digits; the standard encoder would need it as a float."""
    if isinstance(value, Decimal):
        if not value.is_finite():
            raise ValueError("a number in JSON is finite")
        return format(value, "f")
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(str(key))}:{to_json(member)}" for key, member in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ",".join(map(to_json, value)) + "]"
    return json.dumps(value, allow_nan=False)


def from_json(text: bytes) -> Any:
    return json.loads(text, parse_float=_decimal)


def _decimal(text):
    """A few letters must not stand for a number of gigabytes when it is written again."""
    number = Decimal(text)
    if not -MAX_EXPONENT <= number.adjusted() <= MAX_EXPONENT:
        raise ValueError("a number is out of range")
    return number


class Address:
    """Where the gateway is, and what a request to it starts with."""

    def __init__(self, url: str, api_key: Optional[str]):
        parts = urlsplit(url)
        self.is_secure = parts.scheme == "https"
        self.host = parts.hostname
        self.port = parts.port or (443 if self.is_secure else 80)
        self._base = parts.path + "/budgetguard/api"
        self._fixed = f"Host: {parts.netloc}\r\nAccept: application/json\r\nContent-Type: application/json\r\n"
        if api_key:
            self._fixed += f"Authorization: Bearer {api_key}\r\n"

    def request(self, method: str, path: str, body: Optional[str]) -> bytes:
        payload = (body or "").encode()
        return f"{method} {self._base}{path} HTTP/1.1\r\n{self._fixed}Content-Length: {len(payload)}\r\n\r\n".encode("ascii") + payload


def parse(received: bytes, is_over: bool) -> Optional[Answer]:
    """The answer in what was received so far, or None while it is not complete. Answers are small: looking again is cheaper than state."""
    head, mark, rest = received.partition(b"\r\n\r\n")
    if not mark:
        if len(received) > MAX_ANSWER_BYTES or is_over:
            raise GatewayError("cut", "the gateway closed the connection")
        return None
    try:
        status, headers = _read_head(head)
        if 100 <= status < 200:
            return parse(rest, is_over)
        payload, is_delimited = _read_body(status, headers, rest, is_over)
        if payload is None:
            if is_over or len(received) > MAX_ANSWER_BYTES:
                raise GatewayError("cut", "the gateway's answer is not complete")
            return None
        return Answer(status, _body(status, payload), is_delimited and headers.get("connection", "").lower() != "close")
    except (ValueError, IndexError, ArithmeticError, RecursionError):
        raise GatewayError("garbled", "the gateway's answer is not understood") from None


def _body(status, payload):
    """A proxy's error page is no JSON, but its status counts."""
    try:
        return from_json(payload) if payload.strip() else None
    except ValueError:
        if status < 300:
            raise
        return None


def _read_head(head):
    lines = head.decode("latin-1").split("\r\n")
    version, status = lines[0].split(" ")[:2]
    if version not in ("HTTP/1.1", "HTTP/1.0"):
        raise ValueError(version)
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
    if version == "HTTP/1.0":
        headers["connection"] = "close"
    return int(status), headers


def _read_body(status, headers, rest, is_over):
    if status in (204, 304):
        return b"", not rest
    if "transfer-encoding" in headers:
        if headers["transfer-encoding"].lower() != "chunked":
            raise ValueError("transfer-encoding")
        return _read_chunks(rest)
    if "content-length" in headers:
        length = _count(headers["content-length"], 10)
        return (rest[:length], len(rest) == length) if len(rest) >= length else (None, False)
    return (rest, False) if is_over else (None, False)


def _count(text, base):
    """int() also takes signs, with which a body would go backwards."""
    count = int(text, base)
    if not text.strip().isalnum():
        raise ValueError(text)
    return count


def _read_chunks(rest):
    payload, at = b"", 0
    while True:
        end = rest.find(b"\r\n", at)
        if end < 0:
            return None, False
        size = _count(rest[at:end].split(b";")[0].decode("ascii"), 16)
        start = end + 2
        if size == 0:
            # No trailers are expected: the body ends with an empty line.
            return (payload, rest[start:] == b"\r\n") if len(rest) >= start + 2 else (None, False)
        if len(rest) < start + size + 2:
            return None, False
        payload, at = payload + rest[start:start + size], start + size + 2
