#!/usr/bin/env python3
"""Many clients at once against `omnigen2 serve`, each with a new connection for each request.

    python3 load.py [--program .build/release/omnigen2] [--clients 200] [--seconds 60]

Every request must get an answer: 200 or 202, or 429 or 503, after which the client waits as long as Retry-After says and asks
again. Prints a line of JSON with throughput, latencies and memory. Fails when a request is lost or answered otherwise, or when
memory grows after the first third by more than 10 % and 50 MB.
"""

import asyncio
import json
import random
import re
import sys
import time

from server_process import Server, arguments, data_url, png

MEGABYTE = 1 << 20
PICTURE = data_url(png(16, 16))
SMALL = {"prompt": "a red circle", "size": "16x16", "num_inference_steps": 1, "guidance_scale": 1}


class Client:
    """Asks one thing after another until the time is over."""

    def __init__(self, server, number, end, tally):
        self.server, self.end, self.tally = server, end, tally
        self.random = random.Random(number)

    async def run(self):
        while time.monotonic() < self.end:
            kind, method, path, body = self.choice()
            began = time.monotonic()
            answer = await self.until_served(method, path, body)
            if answer is None:
                continue
            self.tally.latencies.setdefault(kind, []).append(time.monotonic() - began)
            if kind == "job":
                await self.follow(json.loads(answer)["id"])

    def choice(self):
        share = self.random.random()
        seed = self.random.randrange(2**32)
        if share < 0.35:
            return "generate", "POST", "/v1/images/generations", SMALL | {"seed": seed}
        if share < 0.45:
            return "stream", "POST", "/v1/images/generations", SMALL | {"stream": True, "partial_images": 1}
        if share < 0.55:
            return "edit", "POST", "/v1/images/edits", SMALL | {"images": [PICTURE]}
        if share < 0.65:
            message = {"role": "user", "content": "what is it?"}
            return "chat", "POST", "/v1/chat/completions", {"messages": [message], "modalities": ["text"], "max_tokens": 2}
        if share < 0.75:
            return "job", "POST", "/v1/jobs", SMALL
        if share < 0.8:
            return "txt2img", "POST", "/sdapi/v1/txt2img", {"prompt": "a red circle", "steps": 1, "width": 16, "height": 16}
        path = self.random.choice(["/v1/models", "/v1/jobs?limit=5", "/ready", "/", "/metrics", "/v1/capabilities"])
        return "read", "GET", path, None

    async def until_served(self, method, path, body):
        """The body of the answer, after as many tries as it takes; `None` when it never came."""
        while True:
            self.tally.requests += 1
            try:
                status, headers, content = await asyncio.wait_for(self.exchange(method, path, body), 120)
            except Exception as error:
                self.tally.lost[f"{method} {path.partition('?')[0]}: {type(error).__name__} {error}"[:120]] += 1
                await asyncio.sleep(1)
                return None
            if status in (429, 503):
                self.tally.refused[status] += 1
                wait = headers.get("retry-after")
                if wait is None:
                    self.tally.lost[f"{status} without Retry-After"] += 1
                    return None
                # Not all at the same moment again.
                await asyncio.sleep(int(wait) * self.random.uniform(1, 1.3))
                if time.monotonic() > self.end:
                    return None
                continue
            if status not in (200, 202) or b'"error":{' in content or b"event: error" in content:
                self.tally.lost[f"{method} {path.partition('?')[0]}: {status} {content[:200]!r}"] += 1
                return None
            return content

    async def follow(self, identifier):
        """A job that was accepted is drawn."""
        while True:
            answer = await self.until_served("GET", f"/v1/jobs/{identifier}", None)
            if answer is None:
                return
            job = json.loads(answer)
            if job["status"] == "completed" and len(job["pictures"]) == 1:
                self.tally.jobs += 1
                return
            if job["status"] not in ("queued", "running"):
                self.tally.lost[f"a job ended as {job['status']}"] += 1
                return
            await asyncio.sleep(1)

    async def exchange(self, method, path, body):
        reader, writer = await asyncio.open_connection("127.0.0.1", self.server.port)
        try:
            data = b"" if body is None else json.dumps(body).encode()
            writer.write((
                f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Type: application/json\r\n"
                f"Content-Length: {len(data)}\r\n\r\n").encode() + data)
            await writer.drain()
            got = await reader.read(-1)
        finally:
            writer.close()
        head, mark, content = got.partition(b"\r\n\r\n")
        if not mark:
            raise ConnectionError(f"{len(got)} bytes and then nothing")
        headers = dict(re.findall(r"(?m)^([a-z-]+): *(.*?)\r?$", head.decode().lower()))
        if "content-length" in headers and len(content) != int(headers["content-length"]):
            raise ConnectionError(f"{len(content)} of {headers['content-length']} bytes")
        if headers.get("transfer-encoding") == "chunked" and not content.endswith(b"0\r\n\r\n"):
            raise ConnectionError("a stream without its end")
        return int(head.split()[1]), headers, content


class Counter(dict):
    def __missing__(self, name):
        return 0


class Tally:
    def __init__(self):
        self.requests, self.jobs = 0, 0
        self.latencies, self.lost, self.refused = {}, Counter(), Counter()


def percentile(values, share):
    return round(sorted(values)[min(len(values) - 1, int(share * len(values)))], 4) if values else None


async def watch(server, seconds, memory):
    began = time.monotonic()
    while time.monotonic() < began + seconds and server.is_alive:
        memory.append((time.monotonic() - began, server.memory()))
        await asyncio.sleep(0.5)


async def load(server, clients, seconds):
    tally, memory = Tally(), []
    end = time.monotonic() + seconds
    work = [Client(server, number, end, tally).run() for number in range(clients)]
    await asyncio.gather(watch(server, seconds, memory), *work)
    return tally, memory


def main():
    options = arguments(__doc__.splitlines()[0], clients=200, seconds=60)
    with Server(options.program, "--max-queue", "150", "--max-queue-per-client", "150", "--log-level", "warning") as server:
        began = time.monotonic()
        tally, memory = asyncio.run(load(server, options.clients, options.seconds))
        took = time.monotonic() - began
        alive = server.is_alive
        last = server.memory() if alive else 0
    first = next((amount for at, amount in memory if at >= options.seconds / 3), 0)
    latencies = [value for values in tally.latencies.values() for value in values]
    lost = sum(tally.lost.values())
    grows = last - first > max(50 * MEGABYTE, first // 10)
    print(json.dumps({
        "clients": options.clients, "seconds": round(took, 1), "requests": tally.requests, "served": len(latencies),
        "served_per_second": round(len(latencies) / took, 1), "jobs_drawn": tally.jobs,
        "refused": {str(status): count for status, count in tally.refused.items()}, "lost": lost, "why_lost": dict(
            sorted(tally.lost.items(), key=lambda entry: -entry[1])[:10]),
        "latency_seconds": {f"p{int(share * 100)}": percentile(latencies, share) for share in (0.5, 0.95, 0.99)},
        "p50_by_kind": {kind: percentile(values, 0.5) for kind, values in sorted(tally.latencies.items())},
        "p99_by_kind": {kind: percentile(values, 0.99) for kind, values in sorted(tally.latencies.items())},
        "memory_mb": {"at_a_third": first // MEGABYTE, "at_the_end": last // MEGABYTE}, "alive": alive}))
    sys.exit(0 if alive and not lost and not grows else 1)


if __name__ == "__main__":
    main()
