"""How a hold ends: once, with what was reported, else at its estimate, else released. What the gateway does not take at once is tried again."""

import atexit
import queue
import threading
import time
from dataclasses import dataclass, replace
from typing import Optional
from urllib.parse import quote

from .wire import GatewayError

MAX_WAITING = 1_000
PAUSES = (0.1, 0.4, 1.6, 6.4)
FLUSH_SECONDS = 2.0


@dataclass(frozen=True)
class Ending:
    """A settlement or, as DELETE, a release. Otherwise is done instead when the gateway cannot price what was reported; ask is the decision to
    repeat, under its id, where its answer was lost and with it the hold's id."""

    method: str
    hold_id: Optional[str]
    body: Optional[str] = None
    otherwise: Optional["Ending"] = None
    ask: Optional[str] = None

    @property
    def call(self):
        path = "/holds/" + quote(self.hold_id, safe="")
        return self.method, path if self.method == "DELETE" else path + "/settle", self.body


class Settler:
    """Ends holds while the response waits; what fails goes to a thread that tries again a bounded number of times."""

    def __init__(self, client, log):
        self._client, self._log = client, log
        self._waiting = queue.Queue(MAX_WAITING)
        self._thread = None
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._deadline = None

    def end(self, ending: Ending) -> None:
        while ending is not None:
            try:
                answer = self._client.send(*ending.call)
            except GatewayError as error:
                self.later(ending, error)
                return
            ending = self._after(ending, answer)

    async def end_async(self, ending: Ending) -> None:
        while ending is not None:
            try:
                answer = await self._client.send_async(*ending.call)
            except GatewayError as error:
                self.later(ending, error)
                return
            except BaseException:  # the task is cancelled, the money is spent
                self.later(ending)
                raise
            ending = self._after(ending, answer)

    def later(self, ending: Ending, error: object = None) -> None:
        """Leaves the call to the thread. When too many wait, the hold's expiry charges its estimate instead."""
        if error is not None:
            self._log.once("settle", "A settlement failed and is tried again: %s", error)
        try:
            self._waiting.put_nowait(ending)
        except queue.Full:
            self._log.once("settle-full", "Too many settlements wait for the gateway; holds that are not settled are charged at their estimate when they expire")
            return
        with self._lock:
            # A forked worker inherits the object but not the thread.
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._work, name="budgetguard-settle", daemon=True)
                self._thread.start()
                atexit.unregister(self.close)
                atexit.register(self.close)

    def late_report(self) -> None:
        self._log.once("late", "A cost was reported after the response had ended and is not counted; report before the last byte is sent")

    def close(self) -> None:
        """Tries what still waits once more, within two seconds."""
        self._deadline = time.monotonic() + FLUSH_SECONDS
        self._closing.set()
        thread = self._thread
        if thread is not None and thread.is_alive():
            try:
                self._waiting.put_nowait(None)
            except queue.Full:
                pass
            thread.join(FLUSH_SECONDS)

    def _work(self):
        while True:
            ending = self._waiting.get()
            if ending is None or (self._closing.is_set() and time.monotonic() > self._deadline):
                return
            self._persist(ending)

    def _persist(self, ending):
        for pause in (*PAUSES, None):
            is_last = pause is None or self._closing.is_set()
            try:
                if ending.ask is not None:
                    ending = self._found(ending)
                    if ending is None:
                        return
                answer = self._client.send(*ending.call)
                if not _may_pass(answer.status):
                    ending = self._after(ending, answer)
                    if ending is None:
                        return
                    continue
            except GatewayError:
                pass
            if is_last:
                break
            self._closing.wait(pause)
        self._log.once("settle-lost", "A settlement was given up; its hold is charged at its estimate when it expires")

    def _found(self, ending):
        """The ending with the id of its hold: the one that was taken, else one that is taken now. None where the gateway denies."""
        answer = self._client.send("POST", "/decisions", ending.ask)
        if _may_pass(answer.status):
            raise GatewayError(f"status {answer.status}")
        body = answer.body if isinstance(answer.body, dict) else {}
        if isinstance(body.get("hold_id"), str):
            return replace(ending, hold_id=body["hold_id"], ask=None)
        if answer.status == 200 and body.get("decision") not in ("allow", "throttle", "reject"):
            raise GatewayError("garbled")
        return None

    def _after(self, ending, answer):
        """What is still to be called, or None."""
        if answer.status < 300:
            return None
        if _may_pass(answer.status):
            self.later(ending, f"status {answer.status}")
            return None
        self._log.once(f"settle-{answer.status}", "The gateway refused a settlement with status %s", answer.status)
        return ending.otherwise if answer.status not in (401, 403, 404, 409) else None


def _may_pass(status):
    """Failures that may be over the next time."""
    return status >= 500 or status in (408, 429)
