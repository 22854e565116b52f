#!/usr/bin/env python3
"""Jobs of `omnigen2 serve`: what is accepted is drawn once, whatever happens to the process.

    python3 test_jobs.py [--program .build/release/omnigen2]

Starts its own servers with the small model. Prints one line a check; exits with 1 if one fails.
"""

import os
import random
import struct
import subprocess
import sys
import tempfile
import time

from server_process import (
    Checks, Server, arguments, data_url, expect, expect_equal, expect_error, is_png, mask_png, png, png_of,
    png_text, wait_for)

PROMPT = "a large red circle in the center, on white"
ENDS = ("completed", "failed", "cancelled")
LONG = {"num_inference_steps": 200, "width": 256, "height": 256}


def keyed(server, key):
    """The same server, asked with another key."""
    twin = object.__new__(Server)
    twin.__dict__ = dict(server.__dict__, key=key)
    return twin


def listed(server, query=""):
    return server.get("/v1/jobs" + query).json["data"]


def all_jobs(server):
    """Every job, page by page, newest first."""
    jobs, before = [], ""
    while True:
        page = server.get(f"/v1/jobs?limit=7{before}").json
        jobs += page["data"]
        if not page["has_more"]:
            return jobs
        before = "&before=" + page["data"][-1]["id"]


def pictures_of(server, jobs):
    """Bytes of pictures by their address."""
    return {picture["url"]: server.get(picture["url"]).body for job in jobs for picture in job["pictures"]}


# One job

def a_job(server):
    answer = server.post("/v1/jobs", {"prompt": PROMPT, "n": 2, "seed": 9, "num_inference_steps": 6})
    expect_equal(answer.status, 202, "status")
    job = answer.json
    expect_equal(answer.headers["location"], "/v1/jobs/" + job["id"], "Location")
    expect(len(job["id"]) == 32 and set(job["id"]) <= set("0123456789abcdef"), "an id of 32 hexadecimal digits")
    expect_equal(set(job), {
        "id", "object", "status", "position", "progress", "created_at", "started_at", "finished_at", "request", "inputs",
        "mask", "pictures", "warnings", "error"}, "members of a job")
    expect(job["status"] in ("queued", "running"), f"it waits or runs, got {job['status']}")
    done = server.finished(job["id"])
    expect_equal((done["status"], done["error"], done["position"]), ("completed", None, None), "end")
    expect(done["created_at"] <= done["started_at"] <= done["finished_at"], "its times ascend")
    expect_equal((done["progress"]["step"], done["progress"]["steps"]), (6, 6), "progress")
    expect_equal((done["request"]["seed"], done["request"]["n"], done["request"]["prompt"]), (9, 2, PROMPT), "request")
    expect_equal(len(done["pictures"]), 2, "pictures")
    for index, picture in enumerate(done["pictures"]):
        data = server.get(picture["url"])
        expect(is_png(data.body), "a whole PNG")
        expect_equal(
            (picture["index"], picture["bytes"], picture["format"], picture["width"], picture["height"]),
            (index, len(data.body), "png", 48, 48), "what is said of a picture")
        expect("Seed: 9" in png_text(data.body), "the picture says its seed")
        expect("immutable" in data.headers["cache-control"], "it may be cached")


def drawn_again_by_the_command(program):
    """What the server drew, `generate --from` and `edit --from` draw, byte for byte."""
    settings = {"seed": 5, "num_inference_steps": 4, "negative_prompt": "grey", "cache": "teacache"}
    with Server(program) as server, tempfile.TemporaryDirectory() as folder:
        # White where it is opaque: its transparency counts, not its colour.
        hole = png_of(52, 44, (b"\0" + bytes((255, 255, 255, 0)) * 26 + bytes((255, 255, 255, 255)) * 26) * 44, 6)
        for job, command in ((dict(prompt=PROMPT, n=2), "generate"),
                             (dict(prompt="green", images=[data_url(png(52, 44))]), "edit"),
                             (dict(prompt="green", images=[data_url(png(52, 44))], mask=data_url(hole)), "mask")):
            done = server.finished(server.submit(**settings, **job)["id"])
            drawn = [os.path.join(folder, f"drawn-{picture['index']}.png") for picture in done["pictures"]]
            for path, picture in zip(drawn, done["pictures"]):
                write(path, server.get(picture["url"]).body)
            source, mask, again = (os.path.join(folder, name) for name in ("source.png", "mask.png", "again.png"))
            write(source, png(52, 44))
            write(mask, hole)
            sources = {"generate": [], "edit": ["--image", source], "mask": ["--image", source, "--mask", mask]}[command]
            subprocess.run(
                [program, "edit" if sources else "generate", "--from", drawn[-1], "--output", again, "--force", *sources],
                check=True, capture_output=True)
            repeated = [again] if len(drawn) == 1 else [again.replace(".png", f"_{n}.png") for n in range(2)]
            expect(list(map(pixels, repeated)) == list(map(pixels, drawn)), f"what {command} draws again")


def write(path, data):
    with open(path, "wb") as file:
        file.write(data)


def pixels(path):
    """What of a PNG is picture."""
    with open(path, "rb") as file:
        data = file.read()
    at, found = 8, b""
    while at < len(data):
        length, kind = struct.unpack(">I4s", data[at:at + 8])
        if kind in (b"IHDR", b"IDAT"):
            found += data[at + 8:at + 8 + length]
        at += 12 + length
    return found


def inputs_and_mask(server):
    picture, mask = png(52, 44), mask_png(52, 44)
    job = server.submit(
        prompt="green", images=[data_url(picture), data_url(png())], mask=data_url(mask), num_inference_steps=3)
    expect_equal([(one["width"], one["height"]) for one in job["inputs"]], [(52, 44), (48, 48)], "sizes of inputs")
    expect_equal(server.get(job["inputs"][0]["url"]).body, picture, "the input as it was sent")
    expect_equal(server.get(job["mask"]["url"]).body, mask, "the mask as it was sent")
    done = server.finished(job["id"])
    expect_equal((done["pictures"][0]["width"], done["pictures"][0]["height"]), (52, 44), "size of the result")
    expect_equal(done["request"]["exact_size"], True, "a mask implies exact_size")
    for reused in (done["pictures"][0]["url"], job["inputs"][0]["url"]):
        again = server.finished(server.submit(prompt="blue", images=[reused], num_inference_steps=2)["id"])
        expect_equal(again["status"], "completed", f"a job from {reused}")


def warns_of_unknown_fields(server):
    job = server.finished(server.submit(prompt=PROMPT, num_inference_steps=2, nonsense=1)["id"])
    expect(any("nonsense" in warning for warning in job["warnings"]), f"a warning, got {job['warnings']}")


def many_unknown_fields_stay_small(server):
    fields = {f"unknown-{number}": 0 for number in range(5000)}
    job = server.submit(prompt=PROMPT, num_inference_steps=2, **fields)
    server.finished(job["id"])
    size = len(server.get(f"/v1/jobs/{job['id']}").body)
    server.request("DELETE", f"/v1/jobs/{job['id']}")
    expect(size < 20_000, f"a job's warnings are bounded, got a job of {size} bytes")


# Events

def events(server):
    job = server.submit(prompt=PROMPT, num_inference_steps=40, preview_interval=10, seed=1)
    seen = server.events(job["id"])
    names = [name for name, _ in seen]
    expect_equal((names[0], names[-1]), ("job.snapshot", "job.completed"), "first and last event")
    expect(set(names) <= {
        "job.snapshot", "job.queued", "job.started", "job.progress", "job.preview", "job.completed"}, f"names: {set(names)}")
    steps = [data["step"] for name, data in seen if name == "job.progress"]
    expect(steps == sorted(steps) and steps[-1] == 40, f"steps ascend to 40, got {steps}")
    expect(all(set(data) >= {"step", "steps", "seconds_per_step", "eta_seconds"}
               for name, data in seen if name == "job.progress"), "members of progress")
    previews = [data for name, data in seen if name == "job.preview"]
    expect(previews and all(data["b64_json"].startswith("iVBOR") for data in previews), "previews are PNG")
    expect_equal(seen[-1][1], server.job(job["id"]), "the last event has the job")
    without = server.events(server.submit(prompt=PROMPT, num_inference_steps=20, preview_interval=0)["id"])
    expect("job.preview" not in [name for name, _ in without], "no previews unless asked for")


def events_afterwards(server):
    job = server.finished(server.submit(prompt=PROMPT, num_inference_steps=2)["id"])
    expect_equal(
        server.events(job["id"]), [("job.snapshot", job), ("job.completed", job)], "events of a finished job")


def positions(server):
    jobs = [server.submit(prompt=f"{PROMPT} {n}", num_inference_steps=60) for n in range(4)]
    followed = server.events(jobs[-1]["id"])
    places = [data["position"] for name, data in followed if name == "job.queued"]
    expect(places == sorted(places, reverse=True), f"the place in line descends, got {places}")
    expect([server.finished(job["id"])["status"] for job in jobs] == ["completed"] * 4, "all are drawn")
    starts = [server.job(job["id"])["started_at"] for job in jobs]
    expect_equal(starts, sorted(starts), "drawn in their order")


# Ends

def cancels(server):
    running = server.submit(prompt=PROMPT, **LONG)
    waiting = server.submit(prompt=PROMPT, **LONG)
    wait_for(lambda: server.job(running["id"])["status"] == "running", "it runs", 20)
    answer = server.post(f"/v1/jobs/{waiting['id']}/cancel")
    expect_equal((answer.status, answer.json["status"]), (200, "cancelled"), "a waiting job ends at once")
    server.post(f"/v1/jobs/{running['id']}/cancel")
    done = server.finished(running["id"], 10)
    expect_equal((done["status"], done["pictures"]), ("cancelled", []), "a running job ends after its step")
    expect(done["finished_at"] is not None, "its end has a time")
    for job in (running, waiting):
        expect_equal(server.events(job["id"])[-1][0], "job.cancelled", "its last event")
        expect_equal(server.post(f"/v1/jobs/{job['id']}/cancel").json["status"], "cancelled", "once more")
    expect_equal(
        {job["id"] for job in listed(server, "?status=cancelled")}, {running["id"], waiting["id"]}, "the list of them")
    finished = server.finished(server.submit(prompt=PROMPT, num_inference_steps=2)["id"])
    expect_equal(
        server.post(f"/v1/jobs/{finished['id']}/cancel").json["status"], "completed", "what is done stays done")


def cancel_says_so_to_listeners(server):
    job = server.submit(prompt=PROMPT, **LONG)
    names = []
    for name, _ in server.follow(f"/v1/jobs/{job['id']}/events", seconds=60):
        names.append(name)
        if names.count("job.progress") == 1 and name == "job.progress":
            server.post(f"/v1/jobs/{job['id']}/cancel")
    expect_equal(names[-1], "job.cancelled", "the last event")


def deletes(server):
    done = server.finished(server.submit(prompt=PROMPT, images=[data_url(png())], num_inference_steps=2)["id"])
    running = server.submit(prompt=PROMPT, **LONG)
    for job in (done, running):
        answer = server.request("DELETE", f"/v1/jobs/{job['id']}")
        expect_equal(answer.json, {"id": job["id"], "object": "job", "deleted": True}, "answer")
        for path in ("", "/events", "/inputs/0", "/mask"):
            expect_error(server.get(f"/v1/jobs/{job['id']}{path}"), 404)
        expect_error(server.request("DELETE", f"/v1/jobs/{job['id']}"), 404)
        expect(job["id"] not in [one["id"] for one in listed(server)], "it is in no list")
    expect_error(server.get(done["pictures"][0]["url"]), 404)
    expect_equal(server.get("/ready").json["running"], 0, "the deleted job does not run on")


# Lists

def pages_and_search(program):
    with Server(program) as server:
        prompts = [f"circle number {n}" for n in range(23)] + ["100% of a_square", "1000 of a square", "Ünïcode ↔ 圆"]
        made = [server.submit(prompt=prompt, num_inference_steps=1)["id"] for prompt in prompts]
        for job in made:
            expect_equal(server.finished(job)["status"], "completed", "status")
        expect_equal([job["id"] for job in all_jobs(server)], made[::-1], "all pages, the newest first")
        page = server.get("/v1/jobs?limit=5").json
        expect_equal((page["object"], len(page["data"]), page["has_more"]), ("list", 5, True), "a page")
        for text, wanted in (("number%201", 11), ("NUMBER%2022", 1), ("100%25", 1), ("a_square", 1), ("%E5%9C%86", 1),
                             ("nothing", 0), ("'%20OR%201=1--", 0), ("%25", 1), ("_", 1), ("%5C", 0)):
            expect_equal(len(listed(server, "?search=" + text)), wanted, f"jobs found by {text}")
        expect_equal(len(listed(server, "?status=completed&search=circle&limit=200")), 23, "status and search together")
        expect_equal(listed(server, "?status=failed"), [], "failed jobs")
        for query, field in (("limit=0", "limit"), ("limit=201", "limit"), ("limit=x", "limit"), ("status=new", "status")):
            expect_error(server.get("/v1/jobs?" + query), 400, parameter=field)


# What survives

def survives_a_kill(program):
    """Thirty jobs; the process is killed in the middle, twice."""
    with tempfile.TemporaryDirectory() as folder:
        with Server(program, "--data", folder) as server:
            made = [server.submit(prompt=f"circle {n}", seed=n, num_inference_steps=30)["id"] for n in range(30)]
            wait_for(lambda: len(listed(server, "?status=completed")) >= 5, "some are drawn", 60)
            before = {job["id"]: job for job in listed(server, "?status=completed")}
            kept = pictures_of(server, before.values())
            server.kill()
        with Server(program, "--data", folder) as server:
            wait_for(lambda: len(listed(server, "?status=completed")) >= len(before) + 5, "more are drawn", 60)
            server.kill()
        with Server(program, "--data", folder) as server:
            for identifier in made:
                expect_equal(server.finished(identifier)["status"], "completed", "status")
            jobs = all_jobs(server)
            expect_equal([job["id"] for job in jobs], made[::-1], "each job is there once, in its order")
            expect_equal([len(job["pictures"]) for job in jobs], [1] * 30, "each has one picture")
            for identifier, job in before.items():
                expect_equal(server.job(identifier), job, "a job that was finished before")
            after = pictures_of(server, jobs)
            expect({url: after[url] for url in kept} == kept, "pictures that were there before are the same bytes")
            expect(all(is_png(data) for data in after.values()), "all pictures are whole")
            same = server.finished(server.submit(prompt="circle 29", seed=29, num_inference_steps=30)["id"])
            last = next(job for job in jobs if job["request"]["prompt"] == "circle 29")
            expect_equal(
                server.get(same["pictures"][0]["url"]).body, after[last["pictures"][0]["url"]],
                "what was drawn after a restart is what is drawn anyway")


def survives_with_its_inputs(program):
    with tempfile.TemporaryDirectory() as folder:
        with Server(program, "--data", folder) as server:
            server.submit(prompt=PROMPT, **LONG)
            job = server.submit(
                prompt="green", images=[data_url(png(52, 44))], mask=data_url(mask_png(52, 44)), num_inference_steps=3)
            server.kill()
        with Server(program, "--data", folder) as server:
            server.post(f"/v1/jobs/{listed(server)[-1]['id']}/cancel")
            done = server.finished(job["id"])
            expect_equal(done["status"], "completed", "status")
            expect_equal((done["pictures"][0]["width"], done["pictures"][0]["height"]), (52, 44), "size")


def cancelled_stays_cancelled(program):
    with tempfile.TemporaryDirectory() as folder:
        with Server(program, "--data", folder) as server:
            jobs = [server.submit(prompt=PROMPT, **LONG)["id"] for _ in range(3)]
            wait_for(lambda: server.job(jobs[0])["status"] == "running", "it runs", 20)
            for identifier in jobs:
                server.post(f"/v1/jobs/{identifier}/cancel")
            wait_for(lambda: server.get("/ready").json["running"] == 0, "nothing runs", 10)
            server.kill()
        with Server(program, "--data", folder) as server:
            expect_equal([server.job(one)["status"] for one in jobs], ["cancelled"] * 3, "status after a restart")
            expect_equal(server.get("/ready").json["running"], 0, "nothing is drawn again")


def drains(program):
    with tempfile.TemporaryDirectory() as folder:
        with Server(program, "--data", folder) as server:
            jobs = [server.submit(prompt=PROMPT, num_inference_steps=200, width=96, height=96)["id"] for _ in range(4)]
            wait_for(lambda: server.job(jobs[0])["status"] == "running", "the first runs", 20)
            server.terminate()
            seen, refused = set(), None
            while server.is_alive:
                try:
                    ready = server.get("/ready")
                    seen.add((ready.status, ready.json["status"]))
                    if ready.status == 503:
                        refused = refused or server.post("/v1/jobs", {"prompt": PROMPT})
                except OSError:
                    pass
                time.sleep(0.05)
            expect_equal(server.ended(), 0, "exit code")
            expect((503, "draining") in seen, f"/ready says draining, got {seen}")
            expect(refused is not None, "new work was asked for")
            expect_error(refused, 503, "draining")
            expect(int(refused.headers["retry-after"]) > 0, "Retry-After")
        with Server(program, "--data", folder) as server:
            first = server.job(jobs[0])
            expect_equal((first["status"], len(first["pictures"])), ("completed", 1), "the running job was finished")
            expect([server.finished(one)["status"] for one in jobs] == ["completed"] * 4, "the others are drawn now")
            starts = [server.job(one)["started_at"] for one in jobs]
            expect_equal(starts, sorted(starts), "in their order")


def drains_only_so_long(program):
    with tempfile.TemporaryDirectory() as folder:
        with Server(program, "--data", folder, "--drain", "1") as server:
            job = server.submit(prompt=PROMPT, num_inference_steps=200, width=512, height=512)["id"]
            wait_for(lambda: server.job(job)["status"] == "running", "it runs", 20)
            began = time.monotonic()
            server.terminate()
            expect_equal(server.ended(30), 0, "exit code")
            expect(time.monotonic() - began < 15, f"ended in time, took {time.monotonic() - began:.1f} s")
        with Server(program, "--data", folder) as server:
            expect(server.job(job)["status"] in ("queued", "running"), "the job waits for the restart, and is taken up")


def ends_at_once_when_idle(program):
    """A server that draws nothing has nothing to wait for."""
    with Server(program) as server:
        began = time.monotonic()
        server.terminate()
        expect_equal(server.ended(20), 0, "exit code")
        expect(time.monotonic() - began < 5, f"ended at once, took {time.monotonic() - began:.1f} s")


def servers_share_a_folder(program):
    """Each draws its own jobs, both show all, and what a killed one leaves the other takes over."""
    with tempfile.TemporaryDirectory() as folder:
        with Server(program, "--data", folder) as first, Server(program, "--data", folder) as second:
            made = [server.submit(prompt=f"circle {n}", num_inference_steps=4)["id"] for n in range(8)
                    for server in (first, second)]
            for identifier in made:
                for server in (first, second):
                    job = server.finished(identifier)
                    expect_equal((job["status"], len(job["pictures"])), ("completed", 1), "a job, seen by each")
            for server in (first, second):
                expect_equal({job["id"] for job in all_jobs(server)}, set(made), "the list of each")
            left = [second.submit(prompt=f"left {n}", num_inference_steps=100)["id"] for n in range(5)]
            second.kill()
            for identifier in left:
                expect_equal(first.finished(identifier)["status"], "completed", "a job that was left behind")
            expect_equal(len(all_jobs(first)), 21, "each is there once")


def folder_is_private(program):
    with tempfile.TemporaryDirectory() as outside:
        folder = os.path.join(outside, "jobs")
        with Server(program, "--data", folder):
            expect_equal(oct(os.stat(folder).st_mode & 0o777), "0o700", "who may read the folder")


# What is kept

def keeps_a_count(program):
    with tempfile.TemporaryDirectory() as folder:
        with Server(program, "--data", folder, "--keep-count", "3") as server:
            made = []
            for number in range(8):
                made.append(server.submit(prompt=f"circle {number}", num_inference_steps=1)["id"])
                server.finished(made[-1])
            # The store is looked through every few seconds, at the end of a job.
            time.sleep(5.5)
            made.append(server.submit(prompt="last", num_inference_steps=1)["id"])
            server.finished(made[-1])
            wait_for(lambda: len(all_jobs(server)) <= 3, "three jobs are left", 10)
            expect_equal([job["id"] for job in all_jobs(server)], made[::-1][:3], "the newest")
            expect_error(server.get(f"/v1/jobs/{made[0]}"), 404)
            expect_error(server.get(f"/v1/pictures/{made[0]}/0.png"), 404)


def keeps_a_size(program):
    with tempfile.TemporaryDirectory() as folder:
        with Server(program, "--data", folder, "--keep-size", "30KB") as server:
            for number in range(12):
                # A picture of a few kilobytes: what was sent counts, too.
                job = server.submit(prompt=f"{number}", images=[data_url(noise(64, number))], num_inference_steps=1)
                server.finished(job["id"])
        with Server(program, "--data", folder, "--keep-size", "30KB") as server:
            jobs = all_jobs(server)
            total = sum(picture["bytes"] for job in jobs for picture in job["pictures"])
            expect(0 < len(jobs) < 12, f"old ones went, {len(jobs)} are left")
            expect(total <= 30_000, f"what is left is small, {total} bytes")
            expect_equal(jobs[0]["request"]["prompt"], "11", "the newest is there")


def noise(side, seed):
    """A PNG of noise, which does not get smaller."""
    source = random.Random(seed)
    return png_of(side, side, b"".join(b"\0" + source.randbytes(3 * side) for _ in range(side)), 2)


def clients_are_apart(program):
    with tempfile.NamedTemporaryFile("w", suffix=".keys") as file:
        file.write("anna:key-of-anna-0123456789\nbert:key-of-bert-0123456789\n")
        file.flush()
        with Server(program, "--key-file", file.name) as server:
            anna, bert = keyed(server, "key-of-anna-0123456789"), keyed(server, "key-of-bert-0123456789")
            job = anna.finished(anna.submit(prompt=PROMPT, num_inference_steps=2)["id"])
            expect_equal([one["id"] for one in listed(anna)], [job["id"]], "the list of its owner")
            expect_equal(listed(bert), [], "the list of another")
            for method, path in (("GET", ""), ("GET", "/events"), ("POST", "/cancel"), ("DELETE", "")):
                expect_error(bert.request(method, f"/v1/jobs/{job['id']}{path}"), 404)
            expect_equal(listed(bert, f"?before={job['id']}"), [], "pages of another")
            running = anna.submit(prompt=PROMPT, **LONG)
            wait_for(lambda: anna.job(running["id"])["status"] == "running", "it runs", 20)
            expect_equal(bert.get("/sdapi/v1/progress").json["state"]["job"], "", "progress of another")
            bert.post("/sdapi/v1/interrupt")
            time.sleep(0.3)
            expect_equal(anna.job(running["id"])["status"], "running", "another's interrupt does nothing")
            anna.request("DELETE", f"/v1/jobs/{running['id']}")


def turns_are_fair(program):
    """One who asks for many does not keep another waiting."""
    with tempfile.NamedTemporaryFile("w", suffix=".keys") as file:
        file.write("anna:key-of-anna-0123456789\nbert:key-of-bert-0123456789\n")
        file.flush()
        with Server(program, "--key-file", file.name) as server:
            anna, bert = keyed(server, "key-of-anna-0123456789"), keyed(server, "key-of-bert-0123456789")
            many = [anna.submit(prompt=PROMPT, num_inference_steps=60)["id"] for _ in range(12)]
            one = bert.finished(bert.submit(prompt=PROMPT, num_inference_steps=2)["id"])
            before = sum(1 for job in many if (anna.job(job)["finished_at"] or 1e18) < one["finished_at"])
            expect(before < 8, f"the other's job came soon, {before} of 12 were drawn before")


def main():
    options = arguments(__doc__.splitlines()[0])
    checks = Checks()
    checks.run_all(
        (a_job, inputs_and_mask, warns_of_unknown_fields, many_unknown_fields_stay_small, events, events_afterwards,
         positions, cancels, cancel_says_so_to_listeners, deletes),
        lambda: Server(options.program))
    for check in (drawn_again_by_the_command, pages_and_search, survives_a_kill, survives_with_its_inputs, cancelled_stays_cancelled, drains,
                  drains_only_so_long, ends_at_once_when_idle, servers_share_a_folder, folder_is_private,
                  keeps_a_count, keeps_a_size, clients_are_apart, turns_are_fair):
        checks.run(check.__name__.replace("_", " "), check, options.program)
    sys.exit(checks.end())


if __name__ == "__main__":
    main()
