#!/usr/bin/env python3
"""Random requests at every route of `omnigen2 serve`, the same ones for the same seed.

    python3 fuzz.py [--program .build/release/omnigen2] [--seconds 60] [--seed 1] [--threads 4]

Fails when the server ends, answers with 5xx other than 503, does not answer what it should, takes more than 500 MB above what
it had, or draws no picture at the end. Each finding is printed once, with the bytes that were sent, cut at 600. The seed fixes
what is sent, not when the threads send it.
"""

import json
import random
import re
import socket
import struct
import sys
import threading
import time

from server_process import Server, arguments, data_url, form, mask_png, png, png_of

PROMPT = "a red circle"
MEGABYTE = 1 << 20
IDENTIFIERS = ["0" * 32, "f" * 32, "x", "..", "'", "%00", "%F0%9F%98%80"]
STATUS = re.compile(rb"HTTP/1\.[01] (\d{3})")
HEAD_END = b"\r\n\r\n"


def settings():
    return {
        "prompt": PROMPT, "negative_prompt": "blue", "n": 1, "size": "32x32", "num_inference_steps": 2, "guidance_scale": 2.0,
        "guidance_scale_2": 1.5, "cfg_range": [0.0, 0.6], "scheduler": "euler", "cache": "none", "seed": 1,
        "max_pixels": 4096, "max_input_image_side_length": 64, "align_res": True, "exact_size": False, "lora": [],
        "output_format": "png", "output_compression": 90,
    }


class Bodies:
    """Whole requests of every route, to be broken."""

    def __init__(self):
        self.picture, self.mask = png(32, 32), mask_png(32, 32)

    def valid(self, source):
        """Method, path, JSON of a request that would be served."""
        picture, mask = data_url(self.picture), data_url(self.mask)
        some = dict(source.sample(sorted(settings().items(), key=str), source.randint(3, 12)))
        some |= {"prompt": PROMPT, "num_inference_steps": 2, "size": "32x32"}
        content = [{"type": "text", "text": "what is it?"}, {"type": "image_url", "image_url": {"url": picture}}]
        return source.choice([
            ("POST", "/v1/images/generations", some | {"stream": source.random() < 0.3, "partial_images": source.randint(0, 3),
                                                       "response_format": source.choice(["url", "b64_json"])}),
            ("POST", "/v1/images/edits", some | {"images": [picture] * source.randint(1, 3), "stream": source.random() < 0.3}),
            ("POST", "/v1/images/edits", some | {"images": [picture], "mask": mask}),
            ("POST", "/v1/jobs", some | {"preview_interval": source.randint(0, 2)}),
            ("POST", "/v1/jobs", some | {"images": [picture], "mask": mask}),
            ("POST", "/v1/chat/completions", {
                "messages": [{"role": "system", "content": "be brief"}, {"role": "user", "content": content}],
                "stream": source.random() < 0.5, "stream_options": {"include_usage": True}, "max_tokens": 4,
                "temperature": 0.5, "top_p": 0.9, "top_k": 5, "repetition_penalty": 1.1, "stop": ["."], "seed": 1,
                "modalities": ["text"]}),
            ("POST", "/v1/chat/completions", {
                "messages": [{"role": "user", "content": "draw a red circle"}, {"role": "assistant", "content": "here"},
                             {"role": "user", "content": "draw a blue square"}],
                "max_tokens": 4, "num_inference_steps": 2, "size": "32x32"}),
            ("POST", "/sdapi/v1/txt2img", {"prompt": PROMPT, "steps": 2, "width": 32, "height": 32, "batch_size": 1, "n_iter": 1,
                                           "cfg_scale": 2, "sampler_name": "Euler", "seed": -1}),
            ("POST", "/sdapi/v1/img2img", {"prompt": PROMPT, "steps": 2, "init_images": [picture], "mask": mask,
                                           "inpainting_mask_invert": 1, "denoising_strength": 0.5}),
            ("POST", "/sdapi/v1/options", {"sd_model_checkpoint": "x"}),
        ])

    def read_only(self, source, known):
        identifier = source.choice(IDENTIFIERS + known)
        return source.choice([
            ("GET", "/"), ("GET", "/health"), ("GET", "/ready"), ("GET", "/metrics"), ("GET", "/v1/models"),
            ("GET", "/v1/models/" + identifier), ("GET", "/v1/capabilities"), ("GET", f"/v1/jobs?limit={source.randint(-1, 30)}"),
            ("GET", f"/v1/jobs?before={identifier}&status=completed&search={source.choice(['a', '%25', '%00', chr(39), '_'])}"),
            ("GET", f"/v1/jobs/{identifier}"), ("GET", f"/v1/jobs/{identifier}/events"), ("GET", f"/v1/jobs/{identifier}/mask"),
            ("GET", f"/v1/jobs/{identifier}/inputs/{source.randint(-1, 3)}"), ("POST", f"/v1/jobs/{identifier}/cancel"),
            ("DELETE", f"/v1/jobs/{identifier}"), ("GET", f"/v1/pictures/{identifier}/{source.choice(['0.png', '9', '-1', 'x'])}"),
            ("GET", "/sdapi/v1/progress"), ("POST", "/sdapi/v1/interrupt"), ("POST", "/sdapi/v1/skip"),
            ("GET", "/sdapi/v1/samplers"), ("GET", "/sdapi/v1/schedulers"), ("GET", "/sdapi/v1/upscalers"),
            ("GET", "/sdapi/v1/sd-models"), ("GET", "/sdapi/v1/loras"), ("GET", "/sdapi/v1/options"), ("GET", "/sdapi/v1/sd-vae"),
        ])


# Breaking

def strange_value(source):
    return source.choice([
        None, True, False, 0, -1, 1, 2**31, 2**32, 2**53, 2**63 - 1, -2**63, 2**64, 1e308, -1e308, 1e-308, 0.5, 1.5, "", " ",
        "0", "-1", "1e9", "NaN", "x" * source.choice([1, 300, 40_000]), "\0", "\u202e", "\U0001f600" * 3, "a\u0301" * 50,
        "<|im_start|>", "<|image_pad|>", "../../etc/passwd", "http://127.0.0.1/", "data:image/png;base64,", "16x16", "8192x8192",
        [], {}, [[]], [None] * 9, {"a": {"b": []}}, nested(source.choice([5, 60, 200])), [0] * source.choice([3, 500]),
        {"name": "x", "scale": 1e300}, {"url": "x"}, {"type": "image_url"}, "taylorseer:1:200", "teacache:1e300",
        data_url(strange_picture(source)),
    ])


def nested(depth):
    value = 1
    for level in range(depth):
        value = [value] if level % 2 else {"a": value}
    return value


def strange_picture(source):
    kind = source.randrange(6)
    if kind == 0:
        return source.randbytes(source.randint(1, 300))
    if kind == 1:
        width, height = source.choice([(1, 1), (1, 600), (600, 1), (15, 17), (400, 400)])
        return png_of(width, height, (b"\0" + bytes(3 * width)) * height, 2)
    picture = bytearray(png(32, 32))
    if kind == 2:
        del picture[source.randrange(len(picture)):]
    elif kind == 3:
        picture[16:24] = struct.pack(">II", source.choice([0, 1, 60_000, 2**31 - 1]), source.choice([0, 1, 60_000, 2**31 - 1]))
    else:
        for _ in range(source.randint(1, 12)):
            picture[source.randrange(len(picture))] = source.randrange(256)
    return bytes(picture)


def mutated(source, value, depth=0):
    """The document with one to three places changed."""
    if isinstance(value, dict) and value and (depth == 0 or source.random() < 0.6):
        value = dict(value)
        for _ in range(source.choice([1, 1, 1, 2, 3]) if depth == 0 else 1):
            name = source.choice(sorted(value) or ["x"])
            action = source.randrange(6)
            if action == 0:
                value.pop(name, None)
            elif action == 1:
                value[source.choice(["extra", "", "\0", "prompt", "n", "images", "mask", "x" * 2000])] = strange_value(source)
            elif action < 4 or name not in value:
                value[name] = strange_value(source)
            else:
                value[name] = mutated(source, value[name], depth + 1)
        return value
    if isinstance(value, list) and value and source.random() < 0.7:
        value = list(value)
        place = source.randrange(len(value))
        action = source.randrange(4)
        if action == 0:
            del value[place]
        elif action == 1:
            value = value * source.randint(2, 6)
        else:
            value[place] = mutated(source, value[place], depth + 1)
        return value
    return strange_value(source)


def broken_bytes(source, data):
    data = bytearray(data)
    for _ in range(source.randint(1, 6)):
        if not data:
            break
        place = source.randrange(len(data))
        action = source.randrange(4)
        if action == 0:
            data[place] = source.randrange(256)
        elif action == 1:
            del data[place:place + source.randint(1, 40)]
        elif action == 2:
            data[place:place] = source.choice([b"\0", b"\xff", b"[" * 600, b"{\"a\":" * 100, b"\r\n", b"--", b"1e999", b'"', b"\\u"])
        else:
            data[place:place] = data[max(0, place - 50):place]
    return bytes(data)


def encoded(source, document):
    """Bytes and type of a document: JSON, or a form where it can be one."""
    if source.random() < 0.3:
        fields = [(k, v if isinstance(v, str) else json.dumps(v)) for k, v in document.items() if k not in ("images", "mask")] \
            if isinstance(document, dict) else [("x", "y")]
        files = [("image", "a.png", source.choice([png(32, 32), strange_picture(source)]))] if source.random() < 0.6 else []
        if files and source.random() < 0.3:
            files.append(("mask", "m.png", source.choice([mask_png(32, 32), strange_picture(source)])))
        fields = [(re.sub(r'[\r\n"]', "_", k), v.encode("utf-8", "surrogatepass")) for k, v in fields]
        return form(fields, files)
    return json.dumps(document).encode(), "application/json"


def request_bytes(source, method, path, body=None, kind=None):
    """A request as it goes over the wire, now and then with odd headers."""
    headers = [("Host", "127.0.0.1")]
    if body is not None and kind:
        headers.append(("Content-Type", kind))
    if source.random() < 0.15:
        headers.append(source.choice([
            ("Authorization", "Bearer x"), ("Authorization", "Basic !!!"), ("Origin", "null"), ("Expect", "100-continue"),
            ("Accept-Encoding", "gzip"), ("Range", "bytes=0-1"), ("If-None-Match", "*"), ("X-A", "b" * 3000),
            ("Content-Type", "multipart/form-data; boundary=\"\""), ("Content-Type", ";;;"), ("Upgrade", "websocket"),
            ("Connection", "keep-alive, x"), ("Cookie", "a=b"), ("X-Forwarded-For", "1.2.3.4")]))
    if body is not None:
        if source.random() < 0.15:
            headers.append(("Transfer-Encoding", "chunked"))
            chunks, at = b"", 0
            while at < len(body):
                part = body[at:at + source.randint(1, max(2, len(body) // 3))]
                chunks += b"%x\r\n" % len(part) + part + b"\r\n"
                at += len(part)
            body = chunks + b"0\r\n\r\n"
        else:
            headers.append(("Content-Length", str(len(body))))
    head = f"{method} {path} HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in headers) + "\r\n"
    return head.encode("utf-8", "surrogatepass") + (body or b"")


def malformed(source, whole):
    """Bytes that are hardly HTTP."""
    return source.choice([
        lambda: source.randbytes(source.randint(1, 2000)),
        lambda: broken_bytes(source, whole),
        lambda: whole[:source.randrange(len(whole))],
        lambda: whole + whole,
        lambda: whole + source.randbytes(100),
        lambda: b"GET / HTTP/9.9\r\n\r\n", lambda: b"GET /\r\n\r\n", lambda: b"\r\n" * 500, lambda: b"GET " + b"/" * 20_000,
        lambda: b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 3000 + b"\r\n",
        lambda: b"POST /v1/jobs HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: " + source.choice([b"-1", b"99999999999999999999", b"x", b"1, 2"])
        + b"\r\n\r\nx",
        lambda: b"POST /v1/jobs HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n" + source.choice(
            [b"zz\r\n", b"ffffffffffffffff\r\nx", b"5\r\nab", b"-5\r\n", b"0\r\n\r\n", b"1;" + b"x" * 20_000 + b"\r\nx\r\n"]),
        lambda: b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", lambda: b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + source.randbytes(300),
        lambda: b"GET /\xff\xfe HTTP/1.1\r\nHost: \xff\r\n\r\n", lambda: b"G\0T / HTTP/1.1\r\n\r\n",
    ])()


class Plan:
    """What to send next: bytes, whether an answer is due, and after how long to leave."""

    def __init__(self, seed, thread):
        self.source = random.Random(f"{seed}-{thread}")
        self.bodies = Bodies()

    def next(self, known):
        source = self.source
        kind = source.random()
        if kind < 0.2:
            method, path = self.bodies.read_only(source, known)
            if source.random() < 0.2:
                method = source.choice(["GET", "POST", "PUT", "DELETE", "OPTIONS", "HEAD", "PATCH", "TRACE", "QUERY"])
            return request_bytes(source, method, path, b"" if method == "POST" else None), True, None
        method, path, document = self.bodies.valid(source)
        if kind < 0.65:
            document = mutated(source, document)
        body, media = encoded(source, document)
        if 0.55 < kind < 0.75:
            body = broken_bytes(source, body)
        whole = request_bytes(source, method, path, body, media)
        if kind < 0.75:
            return whole, True, None
        if kind < 0.85:
            return malformed(source, whole), False, None
        return whole, False, source.choice([0, 0.001, 0.01, 0.05])


class Fuzzer:
    def __init__(self, server, seed, seconds):
        self.server, self.seed = server, seed
        self.end = time.monotonic() + seconds
        self.lock = threading.Lock()
        self.counts, self.findings, self.known = {}, {}, []
        self.sent = 0
        self.stopped = False

    def run(self, threads):
        workers = [threading.Thread(target=self.work, args=(number,)) for number in range(threads)]
        watcher = threading.Thread(target=self.watch)
        for thread in [*workers, watcher]:
            thread.start()
        for thread in workers:
            thread.join()
        self.stopped = True
        watcher.join()

    def watch(self):
        """Looks at the memory while requests come."""
        start = self.server.memory()
        self.most = 0
        while not self.stopped and self.server.is_alive:
            self.most = max(self.most, self.server.memory() - start)
            time.sleep(0.2)
        if self.most > 500 * MEGABYTE:
            self.find(f"memory grew by {self.most // MEGABYTE} MB", b"")

    def work(self, number):
        plan = Plan(self.seed, number)
        while time.monotonic() < self.end and self.server.is_alive and not self.stopped:
            with self.lock:
                known = self.known[-5:]
            data, due, leave = plan.next(known)
            self.exchange(data, due, leave, plan.source.random() < 0.5)

    def exchange(self, data, due, leave, resets):
        with self.lock:
            self.sent += 1
        try:
            with socket.create_connection(("127.0.0.1", self.server.port), timeout=60) as connection:
                if leave is not None and resets:
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                connection.sendall(data)
                if leave is not None:
                    time.sleep(leave)
                    return self.count("left")
                if not due:
                    connection.settimeout(0.3)
                got = self.answer(connection, data)
        except TimeoutError:
            if not due:
                return self.count("silence")
            self.stopped = True
            return self.find(f"no answer within 60 s, {self.state()}", data)
        except OSError as error:
            if not self.server.is_alive:
                return self.find(f"the server ended with {self.server.process.poll()}", data)
            return self.find(f"no answer: {error}", data) if due else self.count("closed")
        status = STATUS.match(got)
        if status is None:
            time.sleep(0.2)
            if not self.server.is_alive:
                self.find(f"the server ended with {self.server.process.poll()}", data)
            elif due:
                self.find(f"closed without an answer, or no HTTP: {got[:60]!r}", data)
            else:
                self.count("closed")
            return
        code = int(status[1])
        self.count(code)
        if code >= 500 and code != 503:
            self.find(f'{code} {got.partition(HEAD_END)[2][:200]!r}', data)
        elif b'"code":"internal_error"' in got:
            self.find(f"an error of the server's own within {code}", data)
        for identifier in re.findall(rb'"id":"([0-9a-f]{32})"', got)[:1]:
            with self.lock:
                self.known.append(identifier.decode())

    def state(self):
        """What the server says of its line, if it says anything."""
        try:
            return "/ready says " + self.server.get("/ready", timeout=5).text
        except OSError as error:
            return f"/ready says nothing: {error}"

    @staticmethod
    def answer(connection, data):
        """What came until the answer was whole, or as much as decides it."""
        got = b""
        while True:
            part = connection.recv(65536)
            got += part
            if not part or len(got) > 8 * MEGABYTE:
                return got
            head, mark, rest = got.partition(HEAD_END)
            if not mark or got.startswith(b"HTTP/1.1 100"):
                continue
            length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
            if data.startswith(b"HEAD") or length and len(rest) >= int(length[1]) or rest.endswith(b"0\r\n\r\n"):
                return got

    def count(self, what):
        with self.lock:
            self.counts[what] = self.counts.get(what, 0) + 1

    def find(self, what, data):
        with self.lock:
            if what not in self.findings:
                self.findings[what] = 0
                print(f"FAIL  {what}\n      {data[:600]!r}", flush=True)
            self.findings[what] += 1


def draws(server):
    """Whether a picture comes of a request, once the line has room."""
    for _ in range(60):
        try:
            answer = server.post("/v1/images/generations", {"prompt": PROMPT, "num_inference_steps": 2}, timeout=60)
        except OSError:
            return False
        if answer.status not in (429, 503):
            return answer.status == 200
        time.sleep(1)
    return False


def main():
    options = arguments(__doc__.splitlines()[0], seconds=60, seed=1, threads=4)
    findings, totals, sent, most = {}, {}, 0, 0
    end = time.monotonic() + options.seconds
    round_number = 0
    drawn = False
    # A server that ends is a finding; the rest of the time goes to a new one.
    while time.monotonic() < end and round_number < 200:
        with Server(options.program) as server:
            fuzzer = Fuzzer(server, options.seed * 1000 + round_number, end - time.monotonic())
            fuzzer.run(options.threads)
            round_number += 1
            sent += fuzzer.sent
            most = max(most, fuzzer.most)
            for table, more in ((findings, fuzzer.findings), (totals, fuzzer.counts)):
                for name, count in more.items():
                    table[name] = table.get(name, 0) + count
            drawn = server.is_alive and draws(server)
    print(json.dumps({
        "seconds": options.seconds, "seed": options.seed, "sent": sent, "servers": round_number,
        "answers": {str(name): totals[name] for name in sorted(totals, key=str)}, "findings": findings,
        "memory_grew_mb": most // MEGABYTE, "draws_at_the_end": drawn}))
    sys.exit(1 if findings or not drawn else 0)


if __name__ == "__main__":
    main()
