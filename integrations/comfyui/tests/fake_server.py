"""A stand-in for `omnigen2 serve`: its HTTP contract without a model. Standard library only.

Words in the prompt decide what happens: "slow" waits between steps, "fail" fails, "break" cuts the event stream once,
"busy" is refused once for want of a place, "warn" warns. `python fake_server.py PORT` runs it by itself.
"""

import base64
import json
import struct
import sys
import threading
import time
import uuid
import zlib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

ENDED = ("completed", "failed", "cancelled")


def png(width, height, colour):
    """A picture of one colour, with a dark first row so that up and down can be told apart."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"\0" + bytes((0, 0, 0)) * width + (b"\0" + bytes(colour) * width) * (height - 1)
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def png_size(data):
    return struct.unpack(">II", data[16:24])


def colour_of(seed):
    return (seed * 70 % 256, seed * 30 % 256, 128)


class Refusal(Exception):
    def __init__(self, status, message, code=None, retry_after=None, param=None):
        super().__init__(message)
        self.status, self.retry_after = status, retry_after
        self.body = {"error": {"message": message, "type": "invalid_request_error", "param": param, "code": code}}


class FakeServer(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, port=0, key="", step_seconds=0.01, slow_seconds=0.3):
        super().__init__(("127.0.0.1", port), Handler)
        self.key, self.step_seconds, self.slow_seconds = key, step_seconds, slow_seconds
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self.jobs, self.requests, self.pictures, self.chats = {}, [], {}, []
        self.busy_once, self.broken_streams, self.abandoned_chats = True, 0, 0
        self.loras = ["line-art", "style"]

    def __enter__(self):
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_):
        self.shutdown()
        self.server_close()

    def handle_error(self, request, address):
        """A client that leaves is no news."""

    # --- jobs

    def submit(self, request):
        self.requests.append(request)
        if "busy" in request["prompt"] and self.busy_once:
            self.busy_once = False
            raise Refusal(503, "the queue is full", "queue_full", retry_after=1)
        for adapter in request.get("lora", []):
            if adapter["name"] not in self.loras:
                known = ", ".join(self.loras)
                raise Refusal(400, f"there is no adapter '{adapter['name']}'; there are {known}", param="lora")
        images = [base64.b64decode(url.partition(",")[2]) for url in request.get("images", [])]
        width, height = request.get("width", 64), request.get("height", 64)
        if len(images) == 1 and request.get("align_res", "width" not in request):
            width, height = png_size(images[0])
        resolved = {"seed": 7, "n": 1, "num_inference_steps": 10, **request, "width": width, "height": height}
        if resolved["seed"] == -1:
            resolved["seed"] = 1234
        for field in ("images", "mask"):
            resolved.pop(field, None)
        progress = {"step": 0, "steps": resolved["num_inference_steps"], "seconds_per_step": None, "eta_seconds": None}
        job = {
            "id": uuid.uuid4().hex, "object": "job", "status": "queued", "position": 0, "progress": progress,
            "created_at": time.time(), "started_at": None, "finished_at": None, "request": resolved, "inputs": [],
            "mask": None, "pictures": [], "warnings": [], "error": None,
        }
        self.jobs[job["id"]] = job
        return job

    def advance(self, job):
        """Runs a job and yields its events. It runs while somebody watches, which is enough here."""
        resolved, progress = job["request"], job["progress"]
        steps, interval = progress["steps"], resolved.get("preview_interval", 0)
        yield "job.queued", {"position": 0}
        job.update(status="running", position=None, started_at=time.time())
        yield "job.started", {}
        if "warn" in resolved["prompt"]:
            job["warnings"].append("the picture is drawn smaller and stretched")
            yield "job.warning", {"message": job["warnings"][0]}
        while progress["step"] < steps and job["status"] == "running":
            time.sleep(self.slow_seconds if "slow" in resolved["prompt"] else self.step_seconds)
            progress["step"] += 1
            left = (steps - progress["step"]) * self.step_seconds
            progress.update(seconds_per_step=self.step_seconds, eta_seconds=left)
            yield "job.progress", dict(progress)
            if interval and progress["step"] % interval == 0:
                preview = base64.b64encode(png(32, 32, (progress["step"] * 20 % 256, 0, 0))).decode()
                yield "job.preview", {"step": progress["step"], "b64_json": preview}
            if "break" in resolved["prompt"] and self.broken_streams == 0:
                self.broken_streams += 1
                return
        self.finish(job)
        yield f"job.{job['status']}", job

    def finish(self, job):
        if job["status"] == "cancelled":
            return
        resolved = job["request"]
        job["finished_at"] = time.time()
        if "fail" in resolved["prompt"]:
            error = {"message": "the device has no memory left", "type": "server_error", "param": None, "code": None}
            job.update(status="failed", error=error)
            return
        for index in range(resolved["n"]):
            data = png(resolved["width"], resolved["height"], colour_of(resolved["seed"] + index))
            url = f"/v1/pictures/{job['id']}/{index}.png"
            self.pictures[url] = data
            job["pictures"].append({
                "index": index, "url": url, "width": resolved["width"], "height": resolved["height"],
                "bytes": len(data), "format": "png",
            })
        job["status"] = "completed"


class Handler(BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_GET(self):
        self.answer("GET")

    def do_POST(self):
        self.answer("POST")

    def answer(self, method):
        try:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.route(method, self.path.split("?")[0], json.loads(body) if body else {})
        except Refusal as refusal:
            headers = {"Retry-After": str(refusal.retry_after)} if refusal.retry_after else {}
            self.reply(refusal.status, refusal.body, headers)

    def route(self, method, path, body):
        if path in self.server.pictures:
            return self.reply_with(200, "image/png", self.server.pictures[path])
        if self.server.key and self.headers.get("Authorization") != f"Bearer {self.server.key}":
            raise Refusal(401, "the API key is missing or wrong", "invalid_api_key")
        if (method, path) == ("GET", "/v1/capabilities"):
            return self.reply(200, self.capabilities())
        if (method, path) == ("POST", "/v1/jobs"):
            return self.reply(202, self.server.submit(body))
        if (method, path) == ("POST", "/v1/chat/completions"):
            return self.chat(body)
        return self.route_job(path)

    def route_job(self, path):
        _, _, _, job_id, action = (path + "/").split("/")[:5]
        job = self.server.jobs.get(job_id)
        if job is None:
            raise Refusal(404, f"there is no job {job_id}", "not_found")
        if action == "events":
            return self.events(job)
        if action == "cancel" and job["status"] not in ENDED:
            job.update(status="cancelled", finished_at=time.time())
        self.reply(200, job)

    def capabilities(self):
        defaults = {
            "prompt": "", "negative_prompt": "blurry", "n": 1, "width": 64, "height": 64, "num_inference_steps": 10,
            "guidance_scale": 5, "guidance_scale_2": 2, "cfg_range": [0, 1], "scheduler": "euler", "cache": "none",
            "seed": None, "max_pixels": 1048576, "max_input_image_side_length": 2048, "max_tokens": 256,
        }
        limits = {"images": 5, "n": 4, "num_inference_steps": 200, "pixels": 4194304, "side": 8192,
                  "size_multiple": 16, "max_tokens": 4096}
        return {
            "version": "0.1.0", "model": "fake", "loaded": True,
            "tasks": ["generate", "edit", "compose", "describe", "chat"], "schedulers": ["euler", "dpmsolver++"],
            "caches": ["none", "teacache:0.05", "taylorseer:3:4"], "presets": {"fast": {}, "quality": {}},
            "loras": [{"name": name} for name in self.server.loras], "defaults": defaults, "limits": limits,
            "image_urls_allowed": False, "authentication": bool(self.server.key),
        }

    # --- streams

    def events(self, job):
        self.start_stream()
        self.event("job.snapshot", job)
        if job["status"] in ENDED:
            return self.event(f"job.{job['status']}", job)
        for name, data in self.server.advance(job):
            self.event(name, data)

    def chat(self, request):
        self.server.chats.append(request)
        content = request["messages"][-1]["content"]
        text = content if isinstance(content, str) else " ".join(part.get("text", "") for part in content)
        if "fail" in text:
            raise Refusal(400, "the question is too long", param="messages")
        self.start_stream()
        if "draw" in text:
            return self.chat_picture()
        pause = self.server.slow_seconds if "slow" in text else self.server.step_seconds
        try:
            for word in ("A ", "picture ", "of ", "one ", "colour", "."):
                time.sleep(pause)
                self.chunk({"content": word})
        except OSError:
            self.server.abandoned_chats += 1
            raise
        self.wfile.write(b"data: [DONE]\n\n")

    def chat_picture(self):
        self.chunk({"role": "assistant", "content": ""})
        self.chunk({}, {"drawing": True})
        for step in (1, 2):
            preview = base64.b64encode(png(32, 32, (0, 0, step * 100))).decode()
            self.chunk({}, {"step": step, "steps": 2, "seconds_per_step": 0.0, "eta_seconds": 0.0})
            self.chunk({}, {"step": step, "b64_json": preview})
        url = "data:image/png;base64," + base64.b64encode(png(64, 64, (0, 200, 0))).decode()
        self.chunk({"images": [{"type": "image_url", "image_url": {"url": url}}]})
        self.wfile.write(b"data: [DONE]\n\n")

    def chunk(self, delta, drawing=None):
        data = {"object": "chat.completion.chunk", "choices": [{"index": 0, "delta": delta, "finish_reason": None}]}
        if drawing:
            data["omnigen2"] = drawing
        self.wfile.write(f"data: {json.dumps(data)}\n\n".encode())

    def start_stream(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        self.wfile.write(b": keep-alive\n\n")

    def event(self, name, data):
        self.wfile.write(f"event: {name}\ndata: {json.dumps(data)}\n\n".encode())

    # --- answers

    def reply(self, status, body, headers={}):
        self.reply_with(status, "application/json", json.dumps(body).encode(), headers)

    def reply_with(self, status, kind, data, headers={}):
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(data)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)


if __name__ == "__main__":
    FakeServer(int(sys.argv[1]) if len(sys.argv) > 1 else 8080).serve_forever()
