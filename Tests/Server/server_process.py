"""A server process of a test, requests to it, pictures to send, and the lines that a test prints."""

import argparse
import base64
import http.client
import json
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import traceback
import zlib
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]


def arguments(description, **options):
    """The command line of a test: --program, and one option for each of `options`, by its default."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--program", default=str(REPOSITORY / ".build/release/omnigen2"), help="the built program")
    for name, default in options.items():
        flag = "--" + name.replace("_", "-")
        if default is False:
            parser.add_argument(flag, action="store_true")
        else:
            parser.add_argument(flag, type=type(default), default=default)
    return parser.parse_args()


class Server:
    """`omnigen2 serve` on a free port, with what it wrote; ended at the end of a `with` block."""

    def __init__(self, program, *options, key=None, wait=True):
        self.key = key
        self.folder = Path(tempfile.mkdtemp(prefix="omnigen2-server-test-"))
        self.log_path = self.folder / "log"
        self.port = None
        # A process that crashes would go on for seconds to write where it was.
        environment = {"SWIFT_BACKTRACE": "enable=no"} | os.environ
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen(
                [program, "serve", "--port", "0", *options], cwd=REPOSITORY, env=environment,
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=log)
        if wait:
            try:
                self.wait_until_ready()
            except BaseException:
                self.close()
                raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """Ends it the hard way if it has not ended, and forgets what it wrote."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def log(self):
        return self.log_path.read_text(errors="replace")

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def wait_until_listening(self, seconds=60):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            found = re.search(r"listening on http://\S+?:(\d+)\s", self.log)
            if found:
                self.port = int(found[1])
                return
            if self.process.poll() is not None:
                raise AssertionError(f"the server ended with {self.process.returncode}: {self.log[-2000:]}")
            time.sleep(0.02)
        raise AssertionError(f"not listening within {seconds} s: {self.log[-2000:]}")

    def wait_until_ready(self, seconds=120):
        self.wait_until_listening(seconds)
        wait_for(lambda: self.get("/ready").status == 200, "the server is ready", seconds)

    def ended(self, seconds=60):
        """Its exit code; fails if it goes on."""
        return self.process.wait(seconds)

    def kill(self):
        """As the kernel does it when memory runs out."""
        self.process.kill()
        self.process.wait()

    def terminate(self):
        self.process.send_signal(signal.SIGTERM)

    @property
    def is_alive(self):
        return self.process.poll() is None

    def memory(self, name="VmRSS"):
        """Bytes of memory: VmRSS is what it has now, VmHWM the most it ever had."""
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith(name + ":"):
                return int(line.split()[1]) * 1024
        raise AssertionError(f"/proc has no {name}")

    def forget_peak_memory(self):
        """Lets VmHWM start again from what it has now."""
        Path(f"/proc/{self.process.pid}/clear_refs").write_text("5")

    # Requests

    def request(self, method, path, body=None, headers=None, key=..., timeout=300):
        """Sends a request on its own connection. A body that is not bytes is sent as JSON."""
        headers = dict(headers or {})
        if body is not None and not isinstance(body, (bytes, bytearray)):
            body = json.dumps(body).encode()
            headers.setdefault("Content-Type", "application/json")
        key = self.key if key is ... else key
        if key:
            headers.setdefault("Authorization", f"Bearer {key}")
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            return Answer(response.status, dict((k.lower(), v) for k, v in response.getheaders()), response.read())
        finally:
            connection.close()

    def get(self, path, **more):
        return self.request("GET", path, **more)

    def post(self, path, body=None, **more):
        return self.request("POST", path, {} if body is None else body, **more)

    def raw(self, data, seconds=30, half_close=False):
        """Sends bytes as they are; what came back until the server closed or fell silent."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=seconds) as connection:
            received = b""
            try:
                connection.sendall(data)
                if half_close:
                    connection.shutdown(socket.SHUT_WR)
                while part := connection.recv(65536):
                    received += part
            except (TimeoutError, ConnectionError):
                pass
            return received

    def submit(self, **settings):
        """Asks for a job, and gives what the server says of it."""
        answer = self.post("/v1/jobs", settings)
        expect_equal(answer.status, 202, f"status of a new job ({answer.text[:300]})")
        return answer.json

    def job(self, identifier):
        return self.get(f"/v1/jobs/{identifier}").json

    def finished(self, identifier, seconds=120):
        """The job once it has ended."""
        return wait_for(
            lambda: (lambda job: job if job["status"] in ("completed", "failed", "cancelled") else None)(
                self.job(identifier)), f"job {identifier} ends", seconds, pause=0.05)

    def events(self, identifier, seconds=120):
        """All events of a job, as pairs of name and data, until its last."""
        return list(self.follow(f"/v1/jobs/{identifier}/events", seconds=seconds))

    def follow(self, path, method="GET", body=None, seconds=120):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=seconds)
        headers = {"Authorization": f"Bearer {self.key}"} if self.key else {}
        if body is not None:
            headers["Content-Type"] = "application/json"
            body = json.dumps(body)
        connection.request(method, path, body, headers)
        response = connection.getresponse()
        expect_equal(response.status, 200, f"status of {path}")
        kind = response.getheader("content-type")
        expect(kind.startswith("text/event-stream"), f"events have the type text/event-stream, got {kind}")
        try:
            yield from events_in(response)
        finally:
            connection.close()


class Answer:
    """Status, headers by lower-case name, and body."""

    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def text(self):
        return self.body.decode("utf-8", "replace")

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def error(self):
        return self.json["error"]

    @property
    def code(self):
        return self.error["code"]


def events_in(lines):
    """Server-sent events: name (`None` without one) and data, which is JSON or `[DONE]`."""
    name, data = None, []
    for line in lines:
        line = line.decode().rstrip("\r\n")
        if line.startswith("event:"):
            name = line[6:].strip()
        elif line.startswith("data:"):
            data.append(line[5:].strip())
        elif not line and (name or data):
            text = "\n".join(data)
            yield name, text if text == "[DONE]" else json.loads(text) if text else None
            name, data = None, []


# Checks

def expect(condition, message):
    if not condition:
        raise AssertionError(message)


def expect_equal(got, wanted, what):
    if got != wanted:
        raise AssertionError(f"{what}: expected {wanted!r}, got {got!r}"[:1500])


def expect_error(answer, status, code=..., parameter=...):
    """An answer that is an error as all are: one line, with its type, and its code and field where they are given."""
    expect_equal(answer.status, status, f"status ({answer.text[:300]})")
    error = answer.error
    expect_equal(set(error), {"message", "type", "param", "code"}, "members of an error")
    expect(error["message"] and "\n" not in error["message"], f"one line for a person, got {error['message']!r}")
    families = (
        "invalid_request_error", "authentication_error", "not_found_error", "rate_limit_error", "server_error")
    expect(error["type"] in families, f"a known family of errors, got {error['type']!r}")
    if code is not ...:
        expect_equal(error["code"], code, f"code ({error['message']})")
    if parameter is not ...:
        expect_equal(error["param"], parameter, f"param ({error['message']})")


def wait_for(condition, what, seconds=60, pause=0.02):
    """The first value of `condition` that is true."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if value := condition():
            return value
        time.sleep(pause)
    raise AssertionError(f"not within {seconds} s: {what}")


class Checks:
    """Runs checks one after another; each prints a line."""

    def __init__(self):
        self.failed = []
        self.count = 0

    def run(self, title, check, *parameters):
        self.count += 1
        began = time.monotonic()
        try:
            check(*parameters)
            print(f"ok    {title} ({time.monotonic() - began:.2f} s)", flush=True)
        except Exception as error:
            self.failed.append(title)
            test = Path(sys.argv[0]).name
            frames = traceback.extract_tb(error.__traceback__)
            line = next((frame.lineno for frame in reversed(frames) if Path(frame.filename).name == test), 0)
            text = " ".join(f"{type(error).__name__}: {error}".split())
            print(f"FAIL  {title}: line {line}: {text[:1200]}", flush=True)

    def run_all(self, checks, start):
        """Runs checks on one server, titled by their names. One that ends the server fails, and the next has a new one."""
        server = start()
        try:
            for check in checks:
                title = check.__name__.replace("_", " ")
                self.run(title, check, server)
                if not server.is_alive:
                    code = server.process.poll()
                    self.run(f"the server lives after '{title}'", expect, False, f"it ended with {code}")
                    server.close()
                    server = start()
        finally:
            server.close()

    def end(self):
        """Says how many passed; the exit code."""
        print(f"{self.count - len(self.failed)} of {self.count} checks passed", flush=True)
        return 1 if self.failed else 0


def in_parallel(count, work):
    """Runs `work(number)` in threads; results in order, the first error is raised."""
    results, errors = [None] * count, []

    def run(number):
        try:
            results[number] = work(number)
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
    return results


# Pictures

def png_of(width, height, rows, colour_kind):
    """A PNG of 8 bits a sample from filtered rows."""

    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, colour_kind, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def png(width=48, height=48, colour=(255, 255, 255), square=(255, 0, 0)):
    """A square in the middle of a ground."""
    rows = bytearray()
    for y in range(height):
        rows.append(0)
        for x in range(width):
            inside = width // 4 <= x < 3 * width // 4 and height // 4 <= y < 3 * height // 4
            rows += bytes(square if inside else colour)
    return png_of(width, height, bytes(rows), 2)


def mask_png(width=48, height=48, white_from=0, white_to=None):
    """A grey mask that is white in columns `white_from..<white_to`, and black elsewhere."""
    white_to = width // 2 if white_to is None else white_to
    row = b"\0" + bytes(255 if white_from <= x < white_to else 0 for x in range(width))
    return png_of(width, height, row * height, 0)


def transparent_mask_png(width=48, height=48):
    """A mask as OpenAI describes it: transparent in the left half, black and opaque in the right."""
    row = b"\0" + b"".join(bytes((0, 0, 0, 0 if x < width // 2 else 255)) for x in range(width))
    return png_of(width, height, row * height, 6)


def data_url(picture, kind="png"):
    return f"data:image/{kind};base64," + base64.b64encode(picture).decode()


def is_png(data):
    return data[:8] == b"\x89PNG\r\n\x1a\n" and data[-8:-4] == b"IEND"


def png_text(data):
    """The `parameters` text of a PNG."""
    at = 8
    while at < len(data):
        length, kind = struct.unpack(">I4s", data[at:at + 8])
        body = data[at + 8:at + 8 + length]
        if kind == b"tEXt" and body.startswith(b"parameters\0"):
            return body[11:].decode("latin-1")
        if kind == b"iTXt" and body.startswith(b"parameters\0"):
            return body[11:].split(b"\0", 4)[-1].decode()
        at += 12 + length
    return None


def form(fields, files=(), boundary="boundary-of-this-form"):
    """The body and the type of a form; `files` are name, file name, bytes."""
    lines = bytearray()
    for name, value in fields:
        lines += f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'.encode()
        lines += (value if isinstance(value, bytes) else str(value).encode()) + b"\r\n"
    for name, file, body in files:
        lines += (
            f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"; filename="{file}"\r\n'
            "Content-Type: image/png\r\n\r\n").encode()
        lines += body + b"\r\n"
    lines += f"--{boundary}--\r\n".encode()
    return bytes(lines), f"multipart/form-data; boundary={boundary}"
