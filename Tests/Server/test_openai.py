#!/usr/bin/env python3
"""OpenAI's interface of `omnigen2 serve`, by OpenAI's own Python client.

    python3 test_openai.py [--program .build/release/omnigen2]

needs openai and Pillow from PyPI. Starts its own servers with the small model, whose pictures have 48x48 pixels. Prints one
line a check; exits with 1 if one fails.
"""

import base64
import io
import json
import socket
import struct
import sys
import tempfile
import threading
import time

import openai
from PIL import Image

from server_process import (
    Checks, Server, arguments, data_url, expect, expect_equal, is_png, mask_png, png, png_text, transparent_mask_png,
    wait_for)

PROMPT = "a large red circle in the center, on white"
FEW = {"num_inference_steps": 4}


def client_of(server, key="nothing-asks-for-it", **options):
    return openai.OpenAI(base_url=f"{server.url}/v1", api_key=key, max_retries=0, **options)


def decoded(text):
    return base64.b64decode(text, validate=True)


def opened(data, kind="PNG", size=(48, 48)):
    """The picture of encoded bytes; fails if it is of another kind or size."""
    picture = Image.open(io.BytesIO(data))
    expect_equal(picture.format, kind, "kind of picture")
    expect_equal(picture.size, size, "size of the picture")
    return picture.convert("RGB")


def raises(kind, action, status=None, code=..., parameter=...):
    """The error of an action, which must be of this kind."""
    try:
        action()
    except kind as error:
        if status is not None:
            expect_equal(error.status_code, status, "status")
        if code is not ...:
            expect_equal(error.code, code, f"code ({error.message})")
        if parameter is not ...:
            expect_equal(error.param, parameter, f"param ({error.message})")
        return error
    raise AssertionError(f"expected {kind.__name__}, got an answer")


def statuses(server):
    return [job["status"] for job in server.get("/v1/jobs?limit=200").json["data"]]


# Pictures from words

def generates(client):
    answer = client.images.generate(model="anything", prompt=PROMPT, extra_body=FEW)
    opened(decoded(answer.data[0].b64_json))
    expect_equal((answer.size, answer.output_format, answer.background), ("48x48", "png", "opaque"), "description")
    expect(abs(answer.created - time.time()) < 60, "created is now")
    expect(isinstance(answer.model_extra["seed"], int), "the seed is told")
    expect(answer.usage.total_tokens >= 0, "usage is told")


def draws_several(client):
    answer = client.images.generate(prompt=PROMPT, n=3, size="64x32", extra_body=FEW | {"seed": 3})
    pictures = [decoded(entry.b64_json) for entry in answer.data]
    expect_equal(len(set(pictures)), 3, "different pictures")
    for picture in pictures:
        opened(picture, size=(64, 32))


def gives_addresses(client, server):
    answer = client.images.generate(prompt=PROMPT, response_format="url", extra_body=FEW)
    entry = answer.data[0]
    expect(entry.b64_json is None, "no base64 beside an address")
    expect(entry.url.startswith(server.url + "/v1/pictures/"), f"an address of this server, got {entry.url}")
    picture = server.get(entry.url[len(server.url):])
    opened(picture.body)
    expect_equal(picture.headers["content-type"], "image/png", "type")
    expect("immutable" in picture.headers["cache-control"], "pictures may be cached")


def other_formats(client):
    for kind in ("jpeg", "webp"):
        sizes = []
        for compression in (10, 100):
            answer = client.images.generate(
                prompt=PROMPT, output_format=kind, output_compression=compression, extra_body=FEW | {"seed": 1})
            expect_equal(answer.output_format, kind, "output_format")
            sizes.append(len(decoded(answer.data[0].b64_json)))
            opened(decoded(answer.data[0].b64_json), kind.upper())
        expect(sizes[0] < sizes[1], f"{kind}: 10 is smaller than 100, got {sizes}")


def same_seed_same_bytes(client):
    def draw(seed, **more):
        body = FEW | {"seed": seed} | more
        return client.images.generate(prompt=PROMPT, extra_body=body).data[0].b64_json

    first = draw(7)
    expect_equal(draw(7), first, "the picture of the same seed")
    expect(draw(8) != first, "another seed gives another picture")
    anything = client.images.generate(prompt=PROMPT, extra_body=FEW)
    again = draw(anything.model_extra["seed"])
    expect_equal(again, anything.data[0].b64_json, "the picture of the seed that was told")


def all_settings(client):
    answer = client.images.generate(
        prompt=PROMPT, quality="high", background="opaque", moderation="low", style="vivid", user="somebody",
        extra_body={
            "seed": 5, "num_inference_steps": 6, "guidance_scale": 2.5, "cfg_range": [0.1, 0.8], "negative_prompt": "blue",
            "scheduler": "dpmsolver++", "cache": "teacache:0.1", "width": 80, "height": 48})
    data = decoded(answer.data[0].b64_json)
    opened(data, size=(80, 48))
    text = png_text(data)
    for part in (PROMPT, "Negative prompt: blue", "Steps: 6", "CFG scale: 2.5", "Seed: 5", "Size: 80x48", "DPM++ 2M",
                 "0.1-0.8", "teacache:0.1"):
        expect(part in text, f"the picture says '{part}', got {text!r}")


def low_quality_is_fast(client):
    answer = client.images.generate(prompt=PROMPT, quality="low", extra_body={"seed": 1})
    fast = client.images.generate(prompt=PROMPT, extra_body={"seed": 1, "preset": "fast"})
    expect_equal(answer.data[0].b64_json, fast.data[0].b64_json, "the picture of quality low and of the preset fast")
    expect("Steps: 30" in png_text(decoded(answer.data[0].b64_json)), "the preset's steps")
    own = client.images.generate(prompt=PROMPT, extra_body={"seed": 1, "preset": "fast", "num_inference_steps": 5})
    expect("Steps: 5" in png_text(decoded(own.data[0].b64_json)), "explicit steps win over the preset's")


def streams_a_picture(client, partials):
    plain = client.images.generate(prompt=PROMPT, extra_body={"seed": 2, "num_inference_steps": 8})
    events = list(client.images.generate(
        prompt=PROMPT, stream=True, partial_images=partials, extra_body={"seed": 2, "num_inference_steps": 8}))
    kinds = [event.type for event in events]
    wanted = ["image_generation.partial_image"] * partials + ["image_generation.completed"]
    expect_equal(kinds, wanted, "events")
    for index, event in enumerate(events[:-1]):
        expect_equal(event.partial_image_index, index, "index of a partial picture")
        opened(decoded(event.b64_json))
    expect_equal(events[-1].b64_json, plain.data[0].b64_json, "the streamed picture")
    expect_equal(events[-1].size, "48x48", "size")
    expect(events[-1].usage.total_tokens >= 0, "usage is told")


# Pictures from pictures

def edits(client):
    answer = client.images.edit(image=io.BytesIO(png()), prompt="make the red square green", extra_body=FEW)
    opened(decoded(answer.data[0].b64_json))


def edits_take_the_pictures_size(client):
    answer = client.images.edit(image=("it.png", png(96, 64)), prompt="make it green", extra_body=FEW)
    opened(decoded(answer.data[0].b64_json), size=(96, 64))
    answer = client.images.edit(image=("it.png", png(96, 64)), prompt="make it green", size="48x80", extra_body=FEW)
    opened(decoded(answer.data[0].b64_json), size=(48, 80))


def composes(client):
    pictures = [("one.png", png()), ("two.png", png(square=(0, 0, 255)))]
    answer = client.images.edit(image=pictures, prompt="put both on one picture", size="48x48", extra_body=FEW)
    opened(decoded(answer.data[0].b64_json))


def edits_other_kinds(client):
    for kind in ("JPEG", "WEBP"):
        data = io.BytesIO()
        Image.open(io.BytesIO(png())).save(data, kind)
        answer = client.images.edit(
            image=("it." + kind.lower(), data.getvalue()), prompt="make it green", extra_body=FEW)
        opened(decoded(answer.data[0].b64_json))


def keeps_what_a_mask_keeps(client, mask):
    before = Image.open(io.BytesIO(png(52, 44))).convert("RGB")
    answer = client.images.edit(
        image=("it.png", png(52, 44)), mask=("mask.png", mask), prompt="a green ground", extra_body=FEW | {"seed": 1})
    after = opened(decoded(answer.data[0].b64_json), size=(52, 44))
    right, left = (26, 0, 52, 44), (0, 0, 26, 44)
    expect_equal(after.crop(right).tobytes(), before.crop(right).tobytes(), "what the mask keeps")
    expect(after.crop(left).tobytes() != before.crop(left).tobytes(), "what the mask frees has changed")


def edits_exactly(client):
    answer = client.images.edit(image=("it.png", png(50, 37)), prompt="green", extra_body=FEW | {"exact_size": "true"})
    opened(decoded(answer.data[0].b64_json), size=(50, 37))


def streams_an_edit(client):
    events = list(client.images.edit(
        image=("it.png", png()), prompt="make it green", stream=True, partial_images=2, extra_body=FEW))
    expect_equal(
        [event.type for event in events], ["image_edit.partial_image"] * 2 + ["image_edit.completed"], "events")
    opened(decoded(events[-1].b64_json))


def edits_by_address(client, server):
    first = client.images.generate(prompt=PROMPT, response_format="url", extra_body=FEW).data[0].url
    for address in (first, first[len(server.url):]):
        answer = server.post("/v1/images/edits", {"prompt": "make it green", "images": [address]} | FEW)
        expect_equal(answer.status, 200, f"status ({answer.text[:200]})")
        opened(decoded(answer.json["data"][0]["b64_json"]))


# Conversations

def asks(client, question="what is on this picture?", **options):
    content = [{"type": "text", "text": question}, {"type": "image_url", "image_url": {"url": data_url(png())}}]
    return client.chat.completions.create(
        model="anything", messages=[{"role": "user", "content": content}], temperature=0, seed=1, **options)


def describes(client):
    reply = asks(client, max_tokens=40)
    message = reply.choices[0].message
    expect("square" in message.content, f"an answer about the picture, got {message.content!r}")
    expect_equal(message.role, "assistant", "role")
    expect("images" not in (message.model_extra or {}), "an answer in words has no pictures")
    usage = reply.usage
    expect(usage.prompt_tokens > 0 and usage.completion_tokens > 0, f"tokens are counted, got {usage}")
    expect_equal(usage.total_tokens, usage.prompt_tokens + usage.completion_tokens, "all tokens")
    expect_equal(asks(client, max_tokens=40).choices[0].message.content, message.content, "the same once more")


def stops_at_a_length(client):
    reply = asks(client, "describe this image", max_tokens=2)
    expect_equal(reply.choices[0].finish_reason, "length", "finish_reason")
    expect_equal(reply.usage.completion_tokens, 2, "tokens of the reply")
    newer = asks(client, "describe this image", max_completion_tokens=2)
    expect_equal(newer.choices[0].message.content, reply.choices[0].message.content, "max_completion_tokens does the same")


def stops_at_a_word(client):
    whole = asks(client, max_tokens=40).choices[0].message.content
    word = whole.split()[2]
    for stop in (word, [word, "never"]):
        reply = asks(client, max_tokens=40, stop=stop)
        expect_equal(reply.choices[0].finish_reason, "stop", "finish_reason")
        expect_equal(reply.choices[0].message.content.strip(), whole.split(word)[0].strip(), "the reply before the word")


def talks_on(client):
    picture = {"type": "image_url", "image_url": {"url": data_url(png())}}
    messages = [
        {"role": "system", "content": "You answer questions about pictures."},
        {"role": "user", "content": [{"type": "text", "text": "what is on this picture?"}, picture]},
        {"role": "assistant", "content": "a red square"},
        {"role": "user", "content": "how many objects are there?"},
    ]
    reply = client.chat.completions.create(
        model="anything", messages=messages, temperature=0, max_tokens=20, modalities=["text"])
    expect(reply.choices[0].message.content, "a second answer")
    alone = client.chat.completions.create(
        model="anything", messages=messages[:1] + messages[3:], temperature=0, max_tokens=20, modalities=["text"])
    expect(reply.usage.prompt_tokens > alone.usage.prompt_tokens, "the past is read")


def streams_words(client):
    plain = asks(client, max_tokens=40)
    chunks = list(asks(client, max_tokens=40, stream=True, stream_options={"include_usage": True}))
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    expect_equal(text, plain.choices[0].message.content, "the streamed reply")
    expect_equal(chunks[0].choices[0].delta.role, "assistant", "the first piece says who speaks")
    reasons = [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices]
    expect_equal([reason for reason in reasons if reason], ["stop"], "one finish_reason")
    expect_equal(chunks[-1].choices, [], "the piece of usage has no choices")
    expect_equal(chunks[-1].usage, plain.usage, "usage")
    expect_equal(len({chunk.id for chunk in chunks}), 1, "one id for all pieces")
    without = list(asks(client, max_tokens=40, stream=True))
    expect(all(chunk.choices and chunk.usage is None for chunk in without), "no usage unless it is asked for")


def draws_in_a_reply(client):
    def ask(**options):
        return client.chat.completions.create(
            model="anything", messages=[{"role": "user", "content": "draw a large red circle in the center, on white"}],
            seed=4, extra_body=FEW, **options)

    message = ask().choices[0].message
    images = message.model_extra["images"]
    expect_equal(message.content, "", "content beside a picture")
    head, data = images[0]["image_url"]["url"].split(",", 1)
    expect_equal((images[0]["type"], head), ("image_url", "data:image/png;base64"), "the picture's form")
    opened(decoded(data))
    expect_equal(ask().choices[0].message.model_extra["images"], images, "the picture of the same seed")

    chunks = list(ask(stream=True))
    streamed = [chunk.choices[0].delta.model_extra["images"] for chunk in chunks
                if "images" in (chunk.choices[0].delta.model_extra or {})]
    expect_equal(streamed, [images], "the streamed picture")
    steps = [chunk.model_extra["omnigen2"].get("step") for chunk in chunks if "omnigen2" in (chunk.model_extra or {})]
    expect_equal([step for step in dict.fromkeys(steps) if step], [1, 2, 3, 4], "steps that are told")

    again = client.chat.completions.create(
        model="anything", seed=4, extra_body=FEW, messages=[
            {"role": "user", "content": "draw a large red circle in the center, on white"},
            {"role": "assistant", "content": "", "images": images},
            {"role": "user", "content": "make the red circle green"}])
    expect(again.choices[0].message.content or again.choices[0].message.model_extra.get("images"), "an answer to a drawing")


def words_only(client):
    reply = client.chat.completions.create(
        model="anything", messages=[{"role": "user", "content": "draw a large red circle in the center, on white"}],
        modalities=["text"], max_tokens=12, temperature=0)
    message = reply.choices[0].message
    expect("images" not in (message.model_extra or {}), "modalities of text alone never draw")


# Models and errors

def models(client):
    listed = client.models.list().data
    expect_equal(len(listed), 1, "models")
    expect_equal(client.models.retrieve(listed[0].id).id, listed[0].id, "the model by its name")
    raises(openai.NotFoundError, lambda: client.models.retrieve("gpt-4"), 404, "model_not_found", "model")


def bad_requests(client):
    def generate(**options):
        return lambda: client.images.generate(**{"prompt": PROMPT} | options)

    for field, action in {
        "n": generate(n=99), "size": generate(size="huge"), "output_format": generate(output_format="gif"),
        "partial_images": generate(stream=True, partial_images=4), "seed": generate(extra_body={"seed": 2**40}),
        "num_inference_steps": generate(extra_body={"num_inference_steps": 100_000}),
        "scheduler": generate(extra_body={"scheduler": "magic"}), "cache": generate(extra_body={"cache": "magic"}),
        "cfg_range": generate(extra_body={"cfg_range": [0.9, 0.1]}), "preset": generate(extra_body={"preset": "magic"}),
        "image": lambda: client.images.edit(image=("no.png", b"no picture"), prompt="x"),
        "mask": lambda: client.images.edit(image=("a.png", png()), mask=("m.png", mask_png(20, 20)), prompt="x"),
        "messages": lambda: client.chat.completions.create(model="m", messages=[]),
        "max_tokens": lambda: client.chat.completions.create(
            model="m", messages=[{"role": "user", "content": "hi"}], max_tokens=0),
    }.items():
        raises(openai.BadRequestError, action, 400, parameter=field)
    raises(openai.BadRequestError, lambda: client.images.edit(image=("no.png", b"no picture"), prompt="x"), 400,
           "invalid_image", "image")
    raises(openai.BadRequestError, generate(extra_body={"lora": [{"name": "none"}]}), 400, "lora_not_found", "lora")


def errors_of_the_engine_name_their_field(client):
    def generate(**body):
        return lambda: client.images.generate(prompt=PROMPT, extra_body=body)

    raises(openai.BadRequestError, lambda: client.images.generate(prompt=" "), 400, parameter="prompt")
    raises(openai.BadRequestError, generate(guidance_scale=-1), 400, parameter="guidance_scale")
    raises(openai.BadRequestError, generate(max_pixels=1), 400, parameter="max_pixels")


def unknown_paths(client):
    raises(openai.NotFoundError, lambda: client.moderations.create(input="x"), 404)
    raises(openai.NotFoundError, lambda: client.embeddings.create(input="x", model="m"), 404)


def keys(program):
    with tempfile.NamedTemporaryFile("w", suffix=".keys") as file:
        file.write("# two people\nanna:key-of-anna-0123456789\nkey-without-a-name-0123456789\n")
        file.flush()
        with Server(program, "--key-file", file.name) as server:
            raises(openai.AuthenticationError, client_of(server, "key-of-nobody-0123456789").models.list, 401,
                   "invalid_api_key")
            for key in ("key-of-anna-0123456789", "key-without-a-name-0123456789"):
                client = client_of(server, key)
                expect_equal(len(client.models.list().data), 1, "models with a key")
                url = client.images.generate(prompt=PROMPT, response_format="url", extra_body=FEW).data[0].url
                expect(is_png(server.get(url[len(server.url):], key=None).body), "a picture's address needs no key")


def too_many(program):
    with Server(program, "--max-queue-per-client", "1") as server:
        client = client_of(server)
        for _ in range(2):
            server.submit(prompt=PROMPT, num_inference_steps=200, width=128, height=128)
            time.sleep(0.2)
        error = raises(
            openai.RateLimitError, lambda: client.images.generate(prompt=PROMPT), 429, "queue_full_for_client")
        expect(int(error.response.headers["retry-after"]) > 0, "Retry-After is told")
        patient = client.with_options(max_retries=8)
        patient.images.generate(prompt=PROMPT, extra_body=FEW)


# Clients that leave

def leave(program, action):
    """A client that leaves ends its work, and the server goes on."""
    with Server(program) as server:
        thread = threading.Thread(target=action, args=(client_of(server),), daemon=True)
        thread.start()
        wait_for(lambda: server.get("/ready").json["running"] == 1, "the work runs", 20)
        thread.join(30)
        expect(not thread.is_alive(), "the client has left")
        time.sleep(0.5)
        expect(server.is_alive, f"the server goes on, it ended with {server.process.poll()}")
        wait_for(lambda: server.get("/ready").json["running"] == 0, "the work ends before its time", 5)
        wait_for(lambda: set(statuses(server)) <= {"cancelled"}, f"the job is cancelled, got {statuses(server)}", 5)
        client_of(server).images.generate(prompt=PROMPT, extra_body=FEW)


def long_settings():
    return {"num_inference_steps": 200, "width": 256, "height": 256}


def loses_patience(client):
    raises(openai.APITimeoutError, lambda: client.images.generate(
        prompt=PROMPT, timeout=1, extra_body=long_settings()))


def loses_patience_with_an_edit(client):
    raises(openai.APITimeoutError, lambda: client.images.edit(
        image=("it.png", png()), prompt=PROMPT, size="256x256", timeout=1, extra_body={"num_inference_steps": 200}))


def loses_patience_with_a_reply(client):
    raises(openai.APITimeoutError, lambda: client.chat.completions.create(
        model="m", messages=[{"role": "user", "content": PROMPT}], timeout=1,
        extra_body=long_settings()))


def closes_a_stream(client):
    with client.images.generate(prompt=PROMPT, stream=True, partial_images=3, extra_body=long_settings()) as stream:
        next(iter(stream))


def closes_a_reply(client):
    with client.chat.completions.create(
        model="m", messages=[{"role": "user", "content": "draw " + PROMPT}], stream=True, extra_body=long_settings()
    ) as stream:
        for chunk in stream:
            if (chunk.model_extra or {}).get("omnigen2", {}).get("step"):
                return


def several_leave_at_once(program):
    """Clients that leave while they wait in the line leave no place behind."""
    with Server(program) as server:
        def short():
            try:
                with client_of(server, timeout=0.05).images.generate(
                    prompt=PROMPT, stream=True, extra_body=long_settings()
                ) as stream:
                    next(iter(stream))
            except Exception as error:
                # The client's own word for a time-out while it reads depends on its version.
                expect("time" in f"{type(error).__name__} {error}".lower(), f"it ran out of patience, got {error!r}")

        threads = [threading.Thread(target=short) for _ in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        time.sleep(0.5)
        expect(server.is_alive, f"the server goes on, it ended with {server.process.poll()}")
        wait_for(lambda: server.get("/ready").json["queued"] == 0, "the line is empty", 20)
        client_of(server).images.generate(prompt=PROMPT, extra_body=FEW)
        expect(set(statuses(server)) <= {"cancelled", "completed"}, f"jobs have ended, got {set(statuses(server))}")


def leave_at_once(program, path, body):
    """Clients that have gone when their work is taken leave no place behind, which nobody would ever call up."""
    data = json.dumps(body).encode()
    request = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {len(data)}\r\n\r\n".encode() + data
    with Server(program) as server:
        for number in range(40):
            with socket.create_connection(("127.0.0.1", server.port)) as connection:
                # The connection is reset, not closed.
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                connection.sendall(request)
                time.sleep(number % 4 / 1000)
        wait_for(lambda: server.get("/ready").json["queued"] == 0, "the line is empty", 10)
        client_of(server, timeout=20).images.generate(prompt=PROMPT, extra_body=FEW)
        expect(set(statuses(server)) <= {"cancelled", "completed"}, f"jobs have ended, got {set(statuses(server))}")


def main():
    options = arguments(__doc__.splitlines()[0])
    checks = Checks()
    with Server(options.program) as server:
        client = client_of(server)
        checks.run("images.generate", generates, client)
        checks.run("images.generate: several, with a size", draws_several, client)
        checks.run("images.generate: by address", gives_addresses, client, server)
        checks.run("images.generate: jpeg and webp", other_formats, client)
        checks.run("images.generate: the same seed gives the same bytes", same_seed_same_bytes, client)
        checks.run("images.generate: settings by extra_body stand in the picture", all_settings, client)
        checks.run("images.generate: quality and preset", low_quality_is_fast, client)
        for partials in range(4):
            checks.run(f"images.generate: streamed, {partials} partial pictures", streams_a_picture, client, partials)
        checks.run("images.edit", edits, client)
        checks.run("images.edit: the size of the picture, or that asked for", edits_take_the_pictures_size, client)
        checks.run("images.edit: several pictures", composes, client)
        checks.run("images.edit: jpeg and webp", edits_other_kinds, client)
        checks.run("images.edit: black and white mask", keeps_what_a_mask_keeps, client, mask_png(52, 44))
        checks.run("images.edit: transparent mask", keeps_what_a_mask_keeps, client, transparent_mask_png(52, 44))
        checks.run("images.edit: exact size", edits_exactly, client)
        checks.run("images.edit: streamed", streams_an_edit, client)
        checks.run("images.edit: JSON with the address of a picture", edits_by_address, client, server)
        checks.run("chat: describes a picture", describes, client)
        checks.run("chat: max_tokens", stops_at_a_length, client)
        checks.run("chat: stop", stops_at_a_word, client)
        checks.run("chat: several turns", talks_on, client)
        checks.run("chat: streamed, with usage", streams_words, client)
        checks.run("chat: draws", draws_in_a_reply, client)
        checks.run("chat: modalities of text never draw", words_only, client)
        checks.run("models", models, client)
        checks.run("errors: BadRequestError with its field", bad_requests, client)
        checks.run("errors: the engine's name their field, too", errors_of_the_engine_name_their_field, client)
        checks.run("errors: NotFoundError", unknown_paths, client)
    checks.run("errors: AuthenticationError", keys, options.program)
    checks.run("errors: RateLimitError", too_many, options.program)
    for action in (loses_patience, loses_patience_with_an_edit, loses_patience_with_a_reply, closes_a_stream, closes_a_reply):
        checks.run(f"leaving: {action.__name__.replace('_', ' ')}", leave, options.program, action)
    checks.run("leaving: several at once", several_leave_at_once, options.program)
    words = {"messages": [{"role": "user", "content": "hi"}], "modalities": ["text"], "max_tokens": 4}
    for path, body in (("/v1/chat/completions", words), ("/v1/images/generations", {"prompt": PROMPT} | long_settings()),
                       ("/sdapi/v1/txt2img", {"prompt": PROMPT, "steps": 200})):
        for streams in (False, True):
            if streams and path.startswith("/sdapi"):
                continue
            checks.run(f"leaving: {path} before it begins, streamed: {streams}", leave_at_once, options.program, path,
                       body | ({"stream": True} if streams else {}))
    sys.exit(checks.end())


if __name__ == "__main__":
    main()
