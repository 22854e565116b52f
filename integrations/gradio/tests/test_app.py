"""The running app, through Gradio's own client, against a server without a model. Skipped where Gradio is missing."""

import importlib.util
import sys
import tempfile
import time
import unittest
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(FOLDER), str(FOLDER.parent / "comfyui" / "tests")]

from fake_server import FakeServer, colour_of, png, png_size

HAS_GRADIO = importlib.util.find_spec("gradio") is not None
DEFAULTS = ("default", 1, 0, 0, 3, False, 0, "default", 5, 2, "blurry", [], 1)  # what follows prompt and pictures


@unittest.skipUnless(HAS_GRADIO, "gradio is missing")
class AppTests(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        from gradio_client import Client

        import app
        from client import Server

        cls.fake = cls.enterClassContext(FakeServer(key="secret"))
        server = Server(cls.fake.url, "secret")
        cls.page = app.build(server, server.capabilities())
        _, url, _ = cls.page.launch(prevent_thread_lock=True, quiet=True, server_name="127.0.0.1", ssr_mode=False)
        cls.addClassCleanup(cls.page.close)
        cls.client = Client(url, verbose=False)
        cls.folder = Path(cls.enterClassContext(tempfile.TemporaryDirectory()))

    def picture(self, width, height):
        path = self.folder / f"{width}x{height}.png"
        path.write_bytes(png(width, height, (9, 8, 7)))
        return str(path)

    def gallery(self, *sizes):
        from gradio_client import handle_file

        return [{"image": handle_file(self.picture(*size)), "caption": None} for size in sizes]

    def draw(self, prompt, pictures=(), *settings):
        return self.client.submit(prompt, list(pictures), *(settings or DEFAULTS), api_name="/draw")

    def test_drawing_shows_progress_and_a_preview_and_gives_the_servers_bytes(self):
        job = self.draw("a dog")
        updates = list(job)
        self.assertTrue(any("Step 5 of 10" in status for status, *_ in updates))
        self.assertTrue(any(self.shown(preview) for _, preview, *_ in updates))
        status, preview, results, seed = updates[-1]
        self.assertEqual((status, self.shown(preview), seed), ("Done", None, "3"))
        self.assertEqual(Path(results[0]["image"]).read_bytes(), png(64, 64, colour_of(3)))

    def test_settings_reach_the_server(self):
        settings = ("fast", 2, 96, 32, 5, True, 12, "dpmsolver++", 4, 1.5, "ugly", ["style"], 0.5)
        results = self.draw("a sofa", self.gallery((40, 24)), *settings).result()[2]
        self.assertEqual([png_size(Path(entry["image"]).read_bytes()) for entry in results], [(96, 32)] * 2)
        request = self.fake.requests[-1]
        self.assertEqual(len(request.pop("images")), 1)
        self.assertEqual(request, {
            "prompt": "a sofa", "negative_prompt": "ugly", "n": 2, "width": 96, "height": 32, "seed": 5,
            "guidance_scale": 4, "guidance_scale_2": 1.5, "exact_size": True, "preview_interval": 3, "preset": "fast",
            "num_inference_steps": 12, "scheduler": "dpmsolver++", "lora": [{"name": "style", "scale": 0.5}],
        })

    def test_what_is_left_at_its_default_is_left_to_the_server(self):
        self.draw("a dog").result()
        sent = {"prompt", "negative_prompt", "n", "seed", "guidance_scale", "preview_interval"}
        self.assertEqual(set(self.fake.requests[-1]), sent)

    def test_an_edit_has_the_size_of_its_picture(self):
        results = self.draw("a sofa", self.gallery((40, 24))).result()[2]
        self.assertEqual(png_size(Path(results[0]["image"]).read_bytes()), (40, 24))

    def test_cancelling_reaches_the_server(self):
        job = self.draw("slow")
        self.wait_until(job.outputs)
        self.client.predict(api_name="/cancel")
        self.assertIn("Cancelled", job.result()[0])
        self.assertEqual(list(self.fake.jobs.values())[-1]["status"], "cancelled")

    def shown(self, preview):
        return preview.get("value") if isinstance(preview, dict) else preview

    def test_leaving_ends_the_servers_work(self):
        drawing = self.draw("slow")
        chatting = self.client.submit({"text": "slow", "files": []}, api_name="/chat")
        self.wait_until(lambda: drawing.outputs() and chatting.outputs())
        drawing.cancel()
        chatting.cancel()
        self.wait_until(lambda: list(self.fake.jobs.values())[-1]["status"] == "cancelled")
        self.wait_until(lambda: self.fake.abandoned_chats == 1)

    def wait_until(self, condition):
        limit = time.monotonic() + 10
        while not condition():
            self.assertLess(time.monotonic(), limit, "it did not happen within 10 s")
            time.sleep(0.05)

    def test_a_broken_connection_is_made_again(self):
        self.assertEqual(self.draw("break").result()[0], "Done")

    def test_errors_are_shown_in_the_servers_words(self):
        with self.assertRaisesRegex(Exception, "the device has no memory left"):
            self.draw("fail").result()
        with self.assertRaisesRegex(Exception, "There are 6 pictures, expected at most 5"):
            self.draw("many", self.gallery(*[(8 + index, 8) for index in range(6)])).result()
        with self.assertRaisesRegex(Exception, "the question is too long"):
            self.chat("fail")

    def chat(self, text, *files):
        from gradio_client import handle_file

        return self.client.predict({"text": text, "files": [handle_file(file) for file in files]}, api_name="/chat")

    def chat_steps(self, text):
        return list(self.client.submit({"text": text, "files": []}, api_name="/chat"))

    def test_a_chat_remembers_texts_and_pictures(self):
        self.client.reset_session()
        self.assertIn("A picture of one colour.", str(self.chat("What is this?", self.picture(16, 16))))
        drawing = [str(shown) for shown in self.chat_steps("draw it in green")]
        self.assertTrue(any("Drawing, step 2 of 2" in shown for shown in drawing), drawing)
        self.assertNotIn("Drawing", drawing[-1])
        self.chat("And now?")
        messages = self.fake.chats[-1]["messages"]
        self.assertEqual([message["role"] for message in messages], ["user", "assistant", "user", "assistant", "user"])
        kinds = [[part["type"] for part in message["content"]] for message in messages]
        self.assertEqual(sorted(kinds[0]), ["image_url", "text"])
        self.assertEqual(kinds[1:], [["text"], ["text"], ["image_url"], ["text"]])

    def test_a_server_that_is_not_there_is_said(self):
        from client import Server, ServerError

        with self.assertRaisesRegex(ServerError, "Is `omnigen2 serve` running there"):
            Server("http://127.0.0.1:9").capabilities()
        with self.assertRaisesRegex(ServerError, "the API key is missing or wrong"):
            Server(self.fake.url).capabilities()


if __name__ == "__main__":
    unittest.main()
