"""Calls to the gateway over kept connections, from threads and from event loops. Every call ends within its time, whatever the gateway does."""

import asyncio
import os
import socket
import ssl
import threading
import time
import weakref
from typing import Optional

from .wire import Address, Answer, GatewayError, parse

MAX_IDLE = 64
READ_SIZE = 65_536


class GatewayClient:
    """Sends one request and reads one answer; after a kept connection that turns out to be closed it is sent again, which ids make harmless."""

    def __init__(self, url: str, api_key: Optional[str], timeout: float):
        self._address = Address(url, api_key)
        self._timeout = timeout
        self._tls = ssl.create_default_context() if self._address.is_secure else None
        self._forget()
        # Sockets must not be shared with a forked worker: two of them would read each other's answers.
        forget = weakref.WeakMethod(self._forget)
        os.register_at_fork(after_in_child=lambda: (forget() or (lambda: None))())

    def _forget(self):
        self.__del__()
        self._idle = []
        self._idle_of_loop = {}
        self._lock = threading.Lock()

    def __del__(self):
        for connection in getattr(self, "_idle", ()):
            connection.close()

    def send(self, method: str, path: str, body: Optional[str] = None) -> Answer:
        """From a thread; raises GatewayError."""
        request, deadline = self._address.request(method, path, body), time.monotonic() + self._timeout
        while True:
            kept = _pop(self._idle)
            connection = kept or self._connect(deadline)
            try:
                answer = _exchange(connection, request, deadline)
            except _Stale as stale:
                connection.close()
                if kept is not None:
                    continue
                raise GatewayError("reset", stale, sent=True) from None
            except BaseException:
                connection.close()
                raise
            if answer.is_reusable and len(self._idle) < MAX_IDLE:
                self._idle.append(connection)
            else:
                connection.close()
            return answer

    def _connect(self, deadline):
        try:
            found = _resolve(self._address.host, self._address.port, deadline)
        except OSError as error:
            raise GatewayError("unreachable", error) from None
        for at, (family, kind, protocol, _, address) in enumerate(found):
            connection = socket.socket(family, kind, protocol)
            try:
                # One dead address must not use up the time of those after it.
                connection.settimeout(_left(deadline) / (len(found) - at))
                connection.connect(address)
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                if self._tls is None:
                    return connection
                connection.settimeout(_left(deadline))
                return self._tls.wrap_socket(connection, server_hostname=self._address.host)
            except OSError as error:
                connection.close()
                failure = GatewayError("timeout" if isinstance(error, TimeoutError) else "unreachable", error)
            except BaseException:
                connection.close()
                raise
        raise failure

    async def send_async(self, method: str, path: str, body: Optional[str] = None) -> Answer:
        """From a coroutine; raises GatewayError, and CancelledError when its task is cancelled."""
        request = self._address.request(method, path, body)
        idle, writer = self._of_this_loop(), None
        has_been_sent = False
        try:
            async with asyncio.timeout(self._timeout):
                while True:
                    kept = _pop(idle)
                    reader, writer = kept or await asyncio.open_connection(
                        self._address.host, self._address.port, ssl=self._tls, limit=READ_SIZE)
                    try:
                        has_been_sent = True
                        answer = await _exchange_async(reader, writer, request)
                        break
                    except _Stale as stale:
                        writer.transport.abort()
                        if kept is None:
                            raise GatewayError("reset", stale, sent=True) from None
        except TimeoutError:
            _abort(writer)
            raise GatewayError("timeout", f"no answer within {self._timeout * 1000:.0f} ms", has_been_sent) from None
        except OSError as error:
            _abort(writer)
            raise GatewayError("unreachable", error, has_been_sent) from None
        except BaseException:
            _abort(writer)
            raise
        if answer.is_reusable and len(idle) < MAX_IDLE:
            idle.append((reader, writer))
        else:
            writer.close()
        return answer

    def _of_this_loop(self):
        loop = asyncio.get_running_loop()
        idle = self._idle_of_loop.get(loop)
        if idle is None:
            with self._lock:
                for ended in [known for known in self._idle_of_loop if known.is_closed()]:
                    del self._idle_of_loop[ended]
                idle = self._idle_of_loop.setdefault(loop, [])
        return idle


class _Stale(Exception):
    """The connection ended before the first byte of an answer."""


def _pop(idle):
    try:
        return idle.pop()
    except IndexError:
        return None


def _abort(writer):
    if writer is not None:
        writer.transport.abort()


def _left(deadline):
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError("no time is left")
    return left


def _exchange(connection, request, deadline):
    received = b""
    try:
        connection.settimeout(_left(deadline))
        connection.sendall(request)
        while True:
            connection.settimeout(_left(deadline))
            data = connection.recv(READ_SIZE)
            if not data and not received:
                raise _Stale("the gateway closed the connection")
            received += data
            answer = parse(received, not data)
            if answer is not None:
                return answer
    except TimeoutError:
        raise GatewayError("timeout", "no answer in time", sent=True) from None
    except OSError as error:
        if received:
            raise GatewayError("cut", error, sent=True) from None
        raise _Stale(error) from None
    except GatewayError as error:
        error.sent = True
        raise


async def _exchange_async(reader, writer, request):
    received = b""
    try:
        writer.write(request)
        while True:
            data = await reader.read(READ_SIZE)
            if not data and not received:
                raise _Stale("the gateway closed the connection")
            received += data
            answer = parse(received, not data)
            if answer is not None:
                return answer
    except TimeoutError:
        raise
    except OSError as error:
        if received:
            raise GatewayError("cut", error, sent=True) from None
        raise _Stale(error) from None
    except GatewayError as error:
        error.sent = True
        raise


def _resolve(host, port, deadline):
    """Name servers may be slow, and the call that asks them knows no time: a thread waits for it, and is left behind if need be."""
    try:
        return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    except socket.gaierror:
        pass
    result = []

    def ask():
        try:
            result.append(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except OSError as error:
            result.append(error)

    if not _resolvers.acquire(timeout=_left(deadline)):
        raise TimeoutError("the name servers do not answer")
    thread = threading.Thread(target=lambda: _released(ask), daemon=True)
    thread.start()
    thread.join(_left(deadline))
    if not result:
        raise TimeoutError("the name servers do not answer")
    if isinstance(result[0], OSError):
        raise result[0]
    return result[0]


_resolvers = threading.BoundedSemaphore(16)


def _released(call):
    try:
        call()
    finally:
        _resolvers.release()
