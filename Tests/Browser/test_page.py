#!/usr/bin/env python3
"""Tests of the web page of `omnigen2 serve` in a browser, against a running server.

    python3 test_page.py --url http://127.0.0.1:8080 [--key KEY] [--keyed-url http://127.0.0.1:8081]

needs playwright (from PyPI) and a Chromium. The server should have a small model, as every test draws. `--keyed-url` is a
second server that asks for `--key`; without it the question for a key is tested by refusing requests in the browser.
Prints one line a test; exits with 1 if one fails.
"""

import argparse
import base64
import json
import re
import struct
import sys
import tempfile
import time
import traceback
import zlib
from pathlib import Path

from playwright.sync_api import expect, sync_playwright

tests = []


def test(function):
    tests.append(function)
    return function


def png(width, height, colour):
    """The bytes of a picture of one colour with a darker square in its middle."""

    def pixel(x, y):
        inside = width // 4 <= x < 3 * width // 4 and height // 4 <= y < 3 * height // 4
        return bytes(value // 2 for value in colour) if inside else bytes(colour)

    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    rows = b"".join(b"\0" + b"".join(pixel(x, y) for x in range(width)) for y in range(height))
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def grey_rows(data):
    """The samples of a PNG that Chromium wrote, one list of first channels a row."""
    width, height, depth, kind = struct.unpack(">IIBB", data[16:26])
    assert depth == 8, f"8 bits a sample expected, got {depth}"
    channels = {0: 1, 2: 3, 6: 4}[kind]
    body, at = b"", 8
    while at < len(data):
        length = struct.unpack(">I", data[at : at + 4])[0]
        if data[at + 4 : at + 8] == b"IDAT":
            body += data[at + 8 : at + 8 + length]
        at += 12 + length
    raw, stride = zlib.decompress(body), width * channels
    rows, above = [], bytearray(stride)
    for y in range(height):
        filter_kind = raw[y * (stride + 1)]
        row = bytearray(raw[y * (stride + 1) + 1 : (y + 1) * (stride + 1)])
        for x in range(stride):
            left = row[x - channels] if x >= channels else 0
            corner = above[x - channels] if x >= channels else 0
            row[x] = (row[x] + predicted(filter_kind, left, above[x], corner)) & 255
        rows.append(list(row[::channels]))
        above = row
    return rows


def predicted(filter_kind, left, up, corner):
    if filter_kind == 3:
        return (left + up) // 2
    if filter_kind == 4:
        estimate = left + up - corner
        return min((left, up, corner), key=lambda value: abs(estimate - value))
    return (0, left, up)[filter_kind]


class Browser:
    """What a test is given: fresh windows, and files to choose."""

    def __init__(self, chromium, options, folder):
        self.chromium, self.options, self.folder = chromium, options, folder
        self.contexts, self.complaints = [], []

    def window(self, width=1280, height=860, context=None, url=None, key=True, wait=True, **more):
        context = context or self.context(width, height, key=key, **more)
        page = context.new_page()
        page.set_default_timeout(self.options.timeout * 1000)
        page.on("pageerror", lambda error: self.complaints.append(f"error in the page: {error}"))
        page.on("console", self.listen)
        page.goto(url or self.options.url)
        if wait:
            page.wait_for_selector("html[data-ready]")
        return page

    def context(self, width=1280, height=860, key=True, **more):
        context = self.chromium.new_context(viewport={"width": width, "height": height}, **more)
        if key and self.options.key:
            context.add_init_script(f"localStorage.setItem('omnigen2.key', {json.dumps(json.dumps(self.options.key))})")
        self.contexts.append(context)
        return context

    def listen(self, message):
        if "Content Security Policy" in message.text:
            self.complaints.append(message.text)

    def file(self, name, width=64, height=64, colour=(200, 60, 40)):
        path = self.folder / name
        path.write_bytes(png(width, height, colour))
        return str(path)

    def close(self):
        for context in self.contexts:
            context.close()


def add_pictures(page, *paths, tray="create"):
    before = page.locator(f"#{tray}-tray .tray-item").count()
    page.set_input_files(f"#{tray}-tray input", list(paths))
    expect(page.locator(f"#{tray}-tray .tray-item")).to_have_count(before + len(paths))


def set_steps(page, steps):
    summary = page.locator("#settings summary", has_text="Sampling")
    if not page.locator("#settings [data-field=num_inference_steps]").is_visible():
        summary.click()
    page.fill("#settings [data-field=num_inference_steps] input[type=number]", str(steps))


def take_long(page):
    """As many steps and pictures as the server allows, so that there is time to look at a job under way."""
    page.locator("#settings [data-field=n] label").last.click()
    if not page.locator("#settings [data-field=num_inference_steps]").is_visible():
        page.locator("#settings summary", has_text="Sampling").click()
    steps = page.locator("#settings [data-field=num_inference_steps] input[type=number]")
    steps.fill(steps.get_attribute("max"))
    return steps.input_value()


def run(page, prompt, steps=None):
    """Sends a job and gives back its card, told by the job's id, and what was sent."""
    page.fill("#prompt", prompt)
    if steps:
        set_steps(page, steps)
    with page.expect_response(lambda response: response.url.endswith("/v1/jobs") and response.request.method == "POST") as sent:
        page.click("#run")
    job = sent.value.json()
    assert sent.value.status == 202, f"202 expected, got {sent.value.status}: {job}"
    return page.locator(f".card[data-job='{job['id']}']"), json.loads(sent.value.request.post_data), job["id"]


def finished(card):
    expect(card).to_have_attribute("data-status", "completed")
    image = card.locator(".picture-frame img").first
    expect(image).to_be_visible()
    image.evaluate("(image) => image.decode()")
    return image.evaluate("(image) => [image.naturalWidth, image.naturalHeight]")


# The four tasks


@test
def draws_from_text(browser):
    page = browser.window()
    expect(page.locator("#run")).to_have_text("Draw")
    card, sent, _ = run(page, "a red circle", steps=6)
    assert min(finished(card)) > 0
    assert set(sent) == {"prompt", "preview_interval", "num_inference_steps"}, f"more was sent than was changed: {sorted(sent)}"
    card.locator("summary").click()
    expect(card.locator("dt", has_text="Seed")).to_be_visible()


@test
def edits_and_compares(browser):
    page = browser.window()
    add_pictures(page, browser.file("one.png"))
    expect(page.locator("#run")).to_have_text("Edit")
    card, sent, _ = run(page, "make the circle blue", steps=6)
    assert len(sent["images"]) == 1 and sent["images"][0].startswith("data:image/png;base64,")
    finished(card)
    card.locator(".compare-toggle").click()
    slider = card.locator(".compare input")
    slider.focus()
    page.keyboard.press("Home")
    expect(card.locator(".compare")).to_have_attribute("style", re.compile(r"--part: 0%"))


@test
def composes_in_the_order_of_the_tray(browser):
    page = browser.window()
    add_pictures(page, browser.file("one.png", colour=(200, 0, 0)), browser.file("two.png", colour=(0, 0, 200)))
    expect(page.locator("#run")).to_have_text("Compose")
    first, second = (item.get_attribute("title") for item in page.locator(".tray-item").all())
    page.locator(".tray-item").nth(1).locator(".move-left").click()
    assert [item.get_attribute("title") for item in page.locator(".tray-item").all()] == [second, first]
    card, sent, _ = run(page, "put both together", steps=6)
    assert base64.b64decode(sent["images"][0].split(",")[1]) == png(64, 64, (0, 0, 200))
    finished(card)
    expect(card.locator(".card-title img")).to_have_count(2)


@test
def describes_in_the_chat(browser):
    page = browser.window(url=f"{browser.options.url}/#chat")
    add_pictures(page, browser.file("one.png"), tray="chat")
    page.locator("#chat-options label", has_text="Text only").click()
    page.fill("#chat-text", "What is in the picture?")
    with page.expect_request("**/v1/chat/completions") as request:
        page.keyboard.press("Enter")
    sent = json.loads(request.value.post_data)
    assert sent["stream"] is True and sent["modalities"] == ["text"]
    assert [part["type"] for part in sent["messages"][0]["content"]] == ["image_url", "text"]
    expect(page.locator("#chat-send")).to_be_visible()
    expect(page.locator(".message.assistant .message-words")).not_to_be_empty()
    expect(page.locator(".message .field-error:visible")).to_have_count(0)


@test
def chat_survives_a_reload_and_begins_anew(browser):
    page = browser.window(url=f"{browser.options.url}/#chat")
    page.locator("#chat-options label", has_text="Text only").click()
    page.fill("#chat-text", "What can you do?")
    page.click("#chat-send")
    expect(page.locator("#chat-send")).to_be_visible()
    answer = page.locator(".message.assistant .message-words").inner_text()
    page.wait_for_timeout(300)
    page.reload()
    page.wait_for_selector("html[data-ready]")
    assert page.locator(".message.assistant .message-words").inner_text() == answer
    page.click("#chat-new")
    expect(page.locator(".message")).to_have_count(0)


# Jobs


@test
def cancels_a_job(browser):
    page = browser.window()
    take_long(page)
    card, _, _ = run(page, "a green square")
    card.locator(".cancel").click()
    expect(card).to_have_attribute("data-status", "cancelled")
    expect(card).to_contain_text("Cancelled")


@test
def shows_progress_and_previews(browser):
    page = browser.window()
    steps = take_long(page)
    card, _, _ = run(page, "a yellow triangle")
    expect(card.locator(".card-line")).to_contain_text(re.compile(rf"Step \d+ of {steps}"))
    expect(card.locator("img.preview")).to_be_visible()
    card.locator(".cancel").click()
    expect(card).to_have_attribute("data-status", "cancelled")


@test
def a_reload_goes_on_with_the_job(browser):
    page = browser.window()
    steps = take_long(page)
    _, _, job = run(page, "a purple square")
    page.reload()
    page.wait_for_selector("html[data-ready]")
    card = page.locator(f".card[data-job='{job}']")
    finished(card)
    assert page.input_value("#prompt") == "a purple square"
    assert page.input_value("#settings [data-field=num_inference_steps] input[type=number]") == steps


@test
def several_jobs_wait_in_line(browser):
    page = browser.window()
    cards = [run(page, f"a circle of number {number}", steps=20)[0] for number in range(3)]
    finished(cards[-1])
    for number in range(3):
        expect(page.locator("#history .tile", has_text=f"a circle of number {number}").first).to_be_visible()


@test
def two_tabs_do_not_disturb_each_other(browser):
    context = browser.context()
    first, second = browser.window(context=context), browser.window(context=context)
    first.fill("#prompt", "a blue circle in the first tab")
    second.fill("#prompt", "a red square in the second tab")
    card_of_first, _, job_of_first = run(first, "a blue circle in the first tab", steps=30)
    card_of_second, _, job_of_second = run(second, "a red square in the second tab", steps=30)
    finished(card_of_first)
    finished(card_of_second)
    assert first.locator(f".card[data-job='{job_of_second}']").count() == 0
    assert second.locator(f".card[data-job='{job_of_first}']").count() == 0
    first.reload()
    first.wait_for_selector("html[data-ready]")
    assert first.input_value("#prompt") == "a blue circle in the first tab"


# History


@test
def history_gives_back_settings_and_pictures(browser):
    page = browser.window()
    add_pictures(page, browser.file("one.png", colour=(10, 120, 90)))
    page.fill("#settings [data-field=seed] input", "1234")
    prompt = f"history test {time.time()}"
    card, _, job = run(page, prompt, steps=7)
    finished(card)
    # A tab that opens while the job is among the unfinished would show it as its own, and not in the history.
    page.wait_for_function("job => !JSON.stringify(localStorage).includes(job)", arg=job)
    other = browser.window(context=page.context)
    other.fill("#history-search", prompt)
    expect(other.locator("#history .tile")).to_have_count(1)
    other.locator("#history .tile-open").click()
    other.locator(f".card[data-job='{job}']").get_by_text("Re-use").click()
    expect(other.locator("#create-tray .tray-item")).to_have_count(1)
    assert other.input_value("#prompt") == prompt
    _, sent, _ = run(other, prompt)
    assert (sent["seed"], sent["num_inference_steps"]) == (1234, 7), sent
    assert base64.b64decode(sent["images"][0].split(",")[1]) == png(64, 64, (10, 120, 90))


@test
def history_deletes(browser):
    page = browser.window()
    prompt = f"to be deleted {time.time()}"
    card, _, job = run(page, prompt, steps=5)
    finished(card)
    tile = page.locator(f"#history .tile[data-job='{job}']")
    tile.hover()
    tile.locator(".quiet").click()
    page.click("#confirm-yes")
    expect(tile).to_have_count(0)
    page.reload()
    page.wait_for_selector("html[data-ready]")
    expect(tile).to_have_count(0)


@test
def large_view_by_keyboard(browser):
    page = browser.window()
    for prompt in ("large view one", "large view two"):
        finished(run(page, prompt, steps=5)[0])
    page.locator(".card .picture-button").click()
    expect(page.locator("#viewer")).to_be_visible()
    words = page.locator("#viewer-words")
    expect(words).to_contain_text("large view two")
    page.keyboard.press("ArrowRight")
    expect(words).to_contain_text("large view one")
    page.keyboard.press("Escape")
    expect(page.locator("#viewer")).to_be_hidden()


@test
def an_output_becomes_an_input(browser):
    page = browser.window()
    card, _, _ = run(page, "a circle to go on with", steps=5)
    finished(card)
    card.get_by_text("Use as input").click()
    expect(page.locator("#create-tray .tray-item")).to_have_count(1)
    card.locator("img.result").drag_to(page.locator("#create-tray"))
    expect(page.locator("#create-tray .tray-item")).to_have_count(2)


@test
def files_are_dropped_from_the_desktop(browser):
    page = browser.window()
    tray = page.locator("#create-tray").bounding_box()
    place = {"x": tray["x"] + tray["width"] / 2, "y": tray["y"] + tray["height"] / 2}
    files = [browser.file("dropped.png"), browser.file("too.png", colour=(0, 90, 200))]
    devtools = page.context.new_cdp_session(page)
    for kind in ("dragEnter", "dragOver", "drop"):
        data = {"items": [], "files": files, "dragOperationsMask": 1}
        devtools.send("Input.dispatchDragEvent", {"type": kind, "data": data, **place})
    expect(page.locator("#create-tray .tray-item")).to_have_count(2)
    _, sent, _ = run(page, "two dropped pictures", steps=2)
    assert len(sent["images"]) == 2, f"both are sent, got {len(sent['images'])}"


# Mask


@test
def paints_a_mask_by_finger(browser):
    page = browser.window(width=390, height=780, has_touch=True, is_mobile=True)
    add_pictures(page, browser.file("one.png", width=80, height=64))
    page.locator(".edit-mask").tap()
    # Touched again sooner, it would be a part of the tap.
    page.wait_for_timeout(400)
    box = page.locator("#mask-canvas").bounding_box()
    across, down = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    devtools = page.context.new_cdp_session(page)
    for kind, moved in (("touchStart", -40), ("touchMove", 0), ("touchMove", 40), ("touchEnd", None)):
        points = [] if moved is None else [{"x": across + moved, "y": down}]
        devtools.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    page.locator("#mask-done").tap()
    expect(page.locator(".edit-mask")).to_contain_text("Edit mask")
    _, sent, _ = run(page, "a red circle", steps=2)
    mask = grey_rows(base64.b64decode(sent["mask"].split(",")[1]))
    assert mask[32][40] == 255 and mask[0][0] == 0, "what the finger went over may change, and nothing else"


@test
def compares_by_finger(browser):
    page = browser.window(width=390, height=780, has_touch=True, is_mobile=True)
    add_pictures(page, browser.file("one.png"))
    card, _, _ = run(page, "make it green", steps=2)
    finished(card)
    card.locator(".compare-toggle").tap()
    slider = card.locator(".compare input")
    slider.scroll_into_view_if_needed()
    box = slider.bounding_box()
    down = box["y"] + box["height"] / 2
    devtools = page.context.new_cdp_session(page)
    for kind, part in (("touchStart", 0.5), ("touchMove", 0.35), ("touchMove", 0.2), ("touchEnd", None)):
        points = [] if part is None else [{"x": box["x"] + part * box["width"], "y": down}]
        devtools.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    assert abs(float(slider.input_value()) - 20) < 5, f"the line follows the finger, got {slider.input_value()}"


@test
def paints_a_mask(browser):
    page = browser.window()
    add_pictures(page, browser.file("one.png", width=80, height=64))
    page.locator(".edit-mask").click()
    box = page.locator("#mask-canvas").bounding_box()
    across, down = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(across - 40, down)
    page.mouse.down()
    page.mouse.move(across + 40, down, steps=4)
    page.mouse.up()
    page.locator("#mask-canvas").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Space")
    page.keyboard.press("Control+z")
    page.keyboard.press("i")
    page.click("#mask-done")
    expect(page.locator(".edit-mask")).to_contain_text("Edit mask")
    card, sent, _ = run(page, "a red circle", steps=6)
    mask = grey_rows(base64.b64decode(sent["mask"].split(",")[1]))
    assert (len(mask[0]), len(mask)) == (80, 64), "the mask must have the picture's size"
    assert {value for row in mask for value in row} == {0, 255}, "the mask must be black and white"
    assert mask[32][40] == 0 and mask[0][0] == 255, "what was painted was inverted: black in the middle, white outside"
    finished(card)


@test
def a_reload_keeps_pictures_and_mask(browser):
    page = browser.window()
    add_pictures(page, browser.file("one.png"), browser.file("two.png", colour=(0, 90, 200)))
    page.locator(".edit-mask").click()
    page.keyboard.press("Space")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".edit-mask")).to_contain_text("Edit mask")
    page.wait_for_timeout(500)
    page.reload()
    page.wait_for_selector("html[data-ready]")
    expect(page.locator("#create-tray .tray-item")).to_have_count(2)
    expect(page.locator(".edit-mask")).to_contain_text("Edit mask")
    page.locator(".tray-remove").first.click()
    expect(page.locator(".edit-mask")).to_have_text("Mask")


# Keyboard, narrow windows, theme


@test
def draws_without_a_pointer(browser):
    page = browser.window()
    for _ in range(12):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.id") == "prompt":
            break
    assert page.evaluate("document.activeElement.id") == "prompt", "the prompt is not reached by the tabulator key"
    page.keyboard.type("a green circle")
    page.keyboard.press("Control+Enter")
    card = page.locator(".card").first
    finished(card)
    card.locator(".picture-button").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#viewer")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#viewer")).to_be_hidden()


@test
def nothing_is_cut_off_in_a_narrow_window(browser):
    page = browser.window(width=360, height=740, has_touch=True, is_mobile=True)
    add_pictures(page, *(browser.file(f"{number}.png") for number in range(5)))
    for summary in page.locator("#create .fold > summary").all():
        summary.click()
    finished(run(page, "a narrow circle with " + "averylongword" * 8, steps=5)[0])
    for view in ("#open-create", "#open-chat"):
        page.click(view)
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= 360, f"{view}: the page is {width} pixels wide"


@test
def the_theme_is_remembered(browser):
    page = browser.window(color_scheme="light")
    page.click("#change-theme")
    page.click("#change-theme")
    assert page.evaluate("getComputedStyle(document.documentElement).colorScheme") == "dark"
    page.reload()
    page.wait_for_selector("html[data-ready]")
    assert page.evaluate("getComputedStyle(document.documentElement).colorScheme") == "dark"


@test
def all_controls_have_names(browser):
    page = browser.window()
    unnamed = page.evaluate("""() => [...document.querySelectorAll("button, input, select, textarea, a")].filter((node) =>
        !(node.ariaLabel || node.textContent.trim() || node.title || (node.labels && node.labels.length))).map((node) => node.outerHTML)""")
    assert not unnamed, unnamed


# When something is not right


@test
def a_missing_prompt_is_said(browser):
    page = browser.window()
    page.click("#run")
    expect(page.locator("#prompt-error")).to_contain_text("Write what to draw")
    page.fill("#prompt", "a circle")
    expect(page.locator("#prompt-error")).to_be_hidden()


@test
def a_refused_setting_is_said_beside_it(browser):
    page = browser.window()
    page.fill("#prompt", "a circle")
    set_steps(page, 100000)
    page.locator("#settings summary", has_text="Sampling").click()
    page.click("#run")
    expect(page.locator("[data-field=num_inference_steps] .field-error")).to_be_visible()
    expect(page.locator("[data-field=num_inference_steps] .field-error")).not_to_be_empty()


@test
def a_full_server_says_when_to_try_again(browser):
    page = browser.window()
    refusal = {"error": {"message": "The line is full.", "type": "server_error", "param": None, "code": "queue_full"}}
    page.route("**/v1/jobs", lambda route: route.fulfill(status=503, headers={"retry-after": "7"}, json=refusal)
               if route.request.method == "POST" else route.continue_())
    page.fill("#prompt", "a circle")
    page.click("#run")
    expect(page.locator("#run-error")).to_have_text(re.compile(r"The line is full\. Try again in \d s\."))


@test
def a_lost_connection_is_said_and_comes_back(browser):
    page = browser.window()
    page.context.set_offline(True)
    page.fill("#prompt", "a circle")
    page.click("#run")
    expect(page.locator("#run-error")).to_contain_text("cannot be reached")
    expect(page.locator("#connection")).to_contain_text("No connection to the server")
    page.context.set_offline(False)
    page.click("#connection-retry")
    expect(page.locator("#connection")).to_be_hidden()
    finished(run(page, "a circle after all", steps=5)[0])


@test
def a_file_that_is_no_picture_is_said(browser):
    page = browser.window()
    path = browser.folder / "notes.png"
    path.write_text("not a picture")
    page.set_input_files("#create-tray input", str(path))
    expect(page.locator("[data-field=images] .field-error")).to_contain_text("notes.png is not a picture")


@test
def a_picture_above_the_limits_is_scaled_down(browser):
    context = browser.context()

    def lower(route):
        described = route.fetch().json()
        described["limits"]["input_pixels"] = 5000
        route.fulfill(json=described)

    context.route("**/v1/capabilities", lower)
    page = browser.window(context=context)
    add_pictures(page, browser.file("large.png", width=200, height=100))
    expect(page.locator("#create-tray")).to_contain_text("scaled down from 200×100 to 100×50")
    card, sent, _ = run(page, "make the circle blue", steps=5)
    assert sent["images"][0].startswith("data:image/jpeg;base64,")
    finished(card)


@test
def a_refused_message_can_be_sent_again(browser):
    page = browser.window(url=f"{browser.options.url}/#chat")
    refusal = {"error": {"message": "The line is full.", "type": "server_error", "param": None, "code": "queue_full"}}
    page.route("**/v1/chat/completions", lambda route: route.fulfill(status=503, headers={"retry-after": "5"}, json=refusal), times=1)
    page.locator("#chat-options label", has_text="Text only").click()
    page.fill("#chat-text", "What can you do?")
    page.click("#chat-send")
    expect(page.locator(".message .field-error")).to_contain_text("The line is full. Try again in")
    page.get_by_text("Try again", exact=True).click()
    expect(page.locator("#chat-send")).to_be_visible()
    expect(page.locator(".message.assistant")).to_have_count(1)
    expect(page.locator(".message.assistant .message-words")).not_to_be_empty()


@test
def the_key_is_asked_for(browser):
    if browser.options.keyed_url:
        page, key = browser.window(url=browser.options.keyed_url, key=False, wait=False), browser.options.key
    else:
        context, key = browser.context(), "a test key"
        refusal = {"error": {"message": "The key is not valid.", "type": "authentication_error", "param": None, "code": "invalid_api_key"}}
        public = re.compile(r"/v1/pictures/|/v1/jobs/\w+/(inputs|mask)")
        context.route("**/v1/**", lambda route: route.continue_()
                      if public.search(route.request.url) or route.request.headers.get("authorization") == f"Bearer {key}"
                      else route.fulfill(status=401, json=refusal))
        page = browser.window(context=context, wait=False)
    expect(page.locator("#key-dialog")).to_be_visible()
    page.fill("#key", "a wrong key")
    page.keyboard.press("Enter")
    expect(page.locator("#key-dialog")).to_be_visible()
    expect(page.locator("#key-words")).not_to_contain_text("kept in this browser")
    page.fill("#key", key)
    page.keyboard.press("Enter")
    page.wait_for_selector("html[data-ready]")
    finished(run(page, "a circle with a key", steps=5)[0])
    page.reload()
    page.wait_for_selector("html[data-ready]")
    expect(page.locator("#key-dialog")).to_be_hidden()


def perform(function, chromium, options):
    """Nothing if the test passed, otherwise what is wrong."""
    with tempfile.TemporaryDirectory() as folder:
        browser = Browser(chromium, options, Path(folder))
        try:
            function(browser)
            assert not browser.complaints, "; ".join(browser.complaints)
        except Exception as error:
            if options.verbose:
                traceback.print_exc()
            return str(error).strip().split("\n")[0] or type(error).__name__
        finally:
            browser.close()
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", required=True, help="where the server is")
    parser.add_argument("--key", help="the server's key, if it asks for one")
    parser.add_argument("--keyed-url", help="a second server, which asks for --key")
    parser.add_argument("--chromium", default="/usr/bin/chromium", help="the browser's program")
    parser.add_argument("--timeout", type=float, default=30, help="seconds until something has to have happened")
    parser.add_argument("--only", default="", help="tests whose name contains this")
    parser.add_argument("--verbose", action="store_true", help="where it failed")
    options = parser.parse_args()
    options.url = options.url.rstrip("/")
    expect.set_options(timeout=options.timeout * 1000)
    failures = 0
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=options.chromium, args=["--no-sandbox"])
        for function in (function for function in tests if options.only in function.__name__):
            start = time.time()
            wrong = perform(function, chromium, options)
            failures += wrong is not None
            name = function.__name__.replace("_", " ")
            print(f"{'failed' if wrong else 'passed'}  {name} ({time.time() - start:.1f} s){': ' + wrong if wrong else ''}", flush=True)
        chromium.close()
    print(f"{failures} failed" if failures else "all passed")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
