"""Starts the test apps, each in its own process, and talks to them."""

import http.client
import json
import os
import pathlib
import socket
import subprocess
import sys

APPS = pathlib.Path(__file__).resolve().parents[4] / "tests/BudgetGuard.Frameworks.Tests/Apps"


class App:
    def __init__(self, name, gateway_url, **variables):
        environment = {key: value for key, value in os.environ.items() if not key.startswith(("LEADFACTORY_", "BUDGETGUARD_"))}
        environment |= {"BUDGETGUARD_URL": gateway_url, "BUDGETGUARD_TIMEOUT_MS": "3000"} | variables
        self.process = subprocess.Popen(
            [sys.executable, str(APPS / name / "app.py")], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        if not line.startswith("ready "):
            self.process.kill()
            raise RuntimeError(f"{name} did not start: {line}{self.process.communicate()[1]}")
        self.port = int(line.split()[1])

    def stop(self):
        self.process.terminate()
        try:
            return self.process.communicate(timeout=10)[1]
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.communicate()[1]

    def call(self, todo=None, path="/api/work", method="POST", **headers):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request(method, path, None if todo is None else json.dumps(todo),
                               {"Content-Type": "application/json", **{name.replace("_", "-"): value for name, value in headers.items()}})
            answer = connection.getresponse()
            answer.text = answer.read().decode()
            return answer
        finally:
            connection.close()

    def bill(self):
        return json.loads(self.call(path="/bill", method="GET").text)

    def leave_after(self, todo, awaited, **headers):
        """Reads until the text came, then closes the connection."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=20) as client:
            body = json.dumps(todo)
            lines = [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
            client.sendall("\r\n".join(["POST /api/work HTTP/1.1", "Host: app", "Content-Type: application/json", f"Content-Length: {len(body)}", *lines, "", body]).encode())
            received = b""
            while awaited not in received:
                data = client.recv(4096)
                assert data, received
                received += data
