#!/usr/bin/env python3
"""AUTOMATIC1111's interface of `omnigen2 serve`.

    python3 test_automatic1111.py [--program .build/release/omnigen2]

needs Pillow from PyPI. Starts its own servers with the small model. Prints one line a check; exits with 1 if one fails.
"""

import base64
import io
import json
import sys
import tempfile
import threading
import time
from pathlib import Path

from PIL import Image

from server_process import (
    Checks, Server, arguments, data_url, expect, expect_equal, expect_error, mask_png, png, png_text, wait_for)

PROMPT = "a large red circle in the center, on white"
LONG = {"prompt": PROMPT, "steps": 200, "width": 256, "height": 256}


def draw(server, route, **body):
    """What is answered, its pictures, and its info."""
    answer = server.post(f"/sdapi/v1/{route}", {"prompt": PROMPT, "steps": 4} | body)
    expect_equal(answer.status, 200, f"status ({answer.text[:300]})")
    document = answer.json
    expect_equal(set(document), {"images", "parameters", "info"}, "members of the answer")
    expect(isinstance(document["info"], str), "info is text")
    return [base64.b64decode(text, validate=True) for text in document["images"]], json.loads(document["info"])


def opened(data, size=(48, 48)):
    picture = Image.open(io.BytesIO(data))
    expect_equal((picture.format, picture.size), ("PNG", size), "the picture")
    return picture.convert("RGB")


def txt2img(server):
    pictures, info = draw(server, "txt2img", seed=11)
    expect_equal(len(pictures), 1, "pictures")
    opened(pictures[0])
    expect_equal(info["seed"], 11, "seed")
    expect_equal((info["all_seeds"], info["all_prompts"]), ([11], [PROMPT]), "lists")
    expect_equal((info["width"], info["height"], info["steps"]), (48, 48, 4), "what was drawn")
    expect_equal(info["infotexts"], [png_text(pictures[0])], "infotext and the text of the picture")
    again, _ = draw(server, "txt2img", seed=11)
    expect_equal(again, pictures, "the same seed")
    free, info = draw(server, "txt2img", seed=-1)
    expect(info["seed"] >= 0, "a drawn seed is told")
    expect_equal(draw(server, "txt2img", seed=info["seed"])[0], free, "and gives the same picture")


def settings(server):
    pictures, info = draw(
        server, "txt2img", seed=1, width=64, height=32, cfg_scale=2.5, negative_prompt="blue, green",
        sampler_name="DPM++ 2M", batch_size=2, n_iter=2, restore_faces=True, denoising_strength=0.5, tiling=False,
        override_settings={"sd_model_checkpoint": "any"}, send_images=True, save_images=False, script_args=[])
    expect_equal(len(set(pictures)), 4, "batch_size times n_iter different pictures")
    for picture in pictures:
        opened(picture, (64, 32))
    expect_equal((info["cfg_scale"], info["sampler_name"]), (2.5, "DPM++ 2M"), "settings")
    expect_equal((len(info["infotexts"]), len(info["all_seeds"])), (4, 4), "one text for each picture")
    for part in ("Negative prompt: blue, green", "Sampler: DPM++ 2M", "CFG scale: 2.5", "Seed: 1", "Size: 64x32"):
        expect(part in info["infotexts"][0], f"the infotext says '{part}', got {info['infotexts'][0]!r}")
    expect(any("restore_faces" in warning for warning in info["warnings"]), f"a warning, got {info['warnings']}")


def samplers(server):
    listed = server.get("/sdapi/v1/samplers").json
    expect(len(listed) >= 2 and all({"name", "aliases", "options"} <= set(one) for one in listed), f"samplers: {listed}")
    for sampler in listed:
        for name in [sampler["name"], *sampler["aliases"]]:
            _, info = draw(server, "txt2img", sampler_name=name, steps=2)
            expect_equal(info["sampler_name"], sampler["name"], f"the sampler of {name}")
    expect_error(
        server.post("/sdapi/v1/txt2img", {"prompt": PROMPT, "sampler_name": "magic"}), 400, parameter="sampler_name")


def usual_samplers(server):
    """Tools send the names they have by default."""
    for name in ("Euler a", "DPM++ 2M Karras", "DDIM", "UniPC"):
        answer = server.post("/sdapi/v1/txt2img", {"prompt": PROMPT, "sampler_name": name, "steps": 1})
        expect(answer.status in (200, 400), f"{name}: drawn or refused, got {answer.status}")


def img2img(server):
    for picture in (data_url(png(96, 64)), base64.b64encode(png(96, 64)).decode()):
        pictures, info = draw(server, "img2img", init_images=[picture], denoising_strength=0.7)
        opened(pictures[0], (96, 64))
        expect_equal((info["width"], info["height"]), (96, 64), "size in info")
    sized, _ = draw(server, "img2img", init_images=[data_url(png(96, 64))], width=48, height=32)
    opened(sized[0], (48, 32))
    expect_error(server.post("/sdapi/v1/img2img", {"prompt": PROMPT}), 400, parameter="init_images")
    expect_error(server.post("/sdapi/v1/img2img", {"prompt": PROMPT, "init_images": ["no picture"]}), 400)


def masks(server):
    before = Image.open(io.BytesIO(png(52, 44))).convert("RGB")
    left, right = (0, 0, 26, 44), (26, 0, 52, 44)
    for inverts, kept, free in ((0, right, left), (1, left, right)):
        pictures, _ = draw(
            server, "img2img", prompt="a green ground", init_images=[data_url(png(52, 44))], mask=data_url(mask_png(52, 44)),
            inpainting_mask_invert=inverts, seed=1, inpainting_fill=1, mask_blur=4, inpaint_full_res=False)
        after = opened(pictures[0], (52, 44))
        expect_equal(after.crop(kept).tobytes(), before.crop(kept).tobytes(), f"kept pixels with invert {inverts}")
        expect(after.crop(free).tobytes() != before.crop(free).tobytes(), f"free pixels with invert {inverts}")


def progress(server):
    idle = server.get("/sdapi/v1/progress").json
    expect_equal((idle["progress"], idle["current_image"], idle["state"]["job"]), (0, None, ""), "when nothing is drawn")
    answers = []
    thread = threading.Thread(target=lambda: answers.append(server.post("/sdapi/v1/txt2img", LONG | {"steps": 60})))
    thread.start()
    shares, images = [], []
    while thread.is_alive():
        now = server.get("/sdapi/v1/progress?skip_current_image=false").json
        shares.append(now["progress"])
        images.append(now["current_image"])
        if now["progress"] > 0:
            expect_equal(now["state"]["sampling_steps"], 60, "steps")
            expect(now["eta_relative"] >= 0, "a time that is left")
        time.sleep(0.1)
    thread.join()
    expect_equal(answers[0].status, 200, "status")
    between = [share for share in shares if 0 < share < 1]
    expect(len(set(between)) >= 2 and between == sorted(between), f"progress ascends, got {shares}")
    previews = [image for image in images if image]
    expect(previews, "a preview is shown")
    Image.open(io.BytesIO(base64.b64decode(previews[-1]))).verify()


def interrupt(server, route, **more):
    answers = []
    thread = threading.Thread(target=lambda: answers.append(server.post(f"/sdapi/v1/{route}", LONG | more)))
    thread.start()
    wait_for(lambda: server.get("/sdapi/v1/progress").json["state"]["sampling_step"] > 0, "it runs", 30)
    expect_equal(server.post("/sdapi/v1/interrupt").status, 200, "status of the interrupt")
    began = time.monotonic()
    thread.join(30)
    expect(time.monotonic() - began < 10, "it ends soon")
    expect_equal(answers[0].status, 200, f"an interrupted request is answered ({answers[0].text[:200]})")
    expect_equal(answers[0].json["images"], [], "without pictures")
    expect_equal(server.post("/sdapi/v1/interrupt").status, 200, "an interrupt of nothing")
    expect_equal(server.get("/v1/jobs?limit=1").json["data"][0]["status"], "cancelled", "its job")


def lists(server):
    model = server.get("/sdapi/v1/sd-models").json[0]
    expect({"title", "model_name", "hash", "filename"} <= set(model), f"a model: {model}")
    options = server.get("/sdapi/v1/options").json
    expect_equal(options["sd_model_checkpoint"], model["title"], "the model of the options")
    expect_equal(server.post("/sdapi/v1/options", {"sd_model_checkpoint": model["title"]}).status, 200, "set options")
    for name in ("schedulers", "upscalers", "sd-vae", "loras"):
        expect(isinstance(server.get(f"/sdapi/v1/{name}").json, list), f"{name} is a list")
    expect_equal(server.get("/sdapi/v1/loras").json, [], "LoRA files of a server without a folder")
    expect_error(server.get("/sdapi/v1/nothing"), 404)


def wrong_values(server):
    for body, field in (
        ({"batch_size": 0}, "batch_size"), ({"batch_size": 99}, "batch_size"), ({"batch_size": 64, "n_iter": 64}, "n"),
        ({"steps": 0}, "num_inference_steps"), ({"steps": "many"}, "steps"), ({"width": 0}, "size"),
        ({"seed": 1.5}, "seed"), ({"cfg_scale": "x"}, "cfg_scale"),
    ):
        expect_error(server.post("/sdapi/v1/txt2img", {"prompt": PROMPT} | body), 400, parameter=field)


def loras(program):
    """Files are listed by their names, and never by where they lie."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "style.safetensors").write_bytes(b"")
        (Path(folder) / "readme.txt").write_text("no LoRA")
        with Server(program, "--lora-folder", folder) as server:
            listed = server.get("/sdapi/v1/loras")
            expect_equal([entry["name"] for entry in listed.json], ["style"], "LoRA files")
            expect(folder not in listed.text, "no path of the machine")
            expect_equal(server.get("/v1/capabilities").json["loras"], [{"name": "style"}], "in capabilities")
            answer = server.post(
                "/v1/images/generations", {"prompt": PROMPT, "num_inference_steps": 1, "lora": [{"name": "style"}]})
            expect(answer.status in (400, 500), f"a file that is none is refused, got {answer.status}")
            expect(folder not in answer.text, f"the answer has no path of the machine, got {answer.text[:300]}")
            pictures, _ = draw(server, "txt2img")
            opened(pictures[0])


def main():
    options = arguments(__doc__.splitlines()[0])
    checks = Checks()
    with Server(options.program) as server:
        for check in (txt2img, settings, samplers, usual_samplers, img2img, masks, progress, lists, wrong_values):
            checks.run(check.__name__.replace("_", " "), check, server)
        checks.run("interrupt of txt2img", interrupt, server, "txt2img")
        checks.run("interrupt of img2img", lambda: interrupt(server, "img2img", init_images=[data_url(png())]))
    checks.run("loras", loras, options.program)
    sys.exit(checks.end())


if __name__ == "__main__":
    main()
