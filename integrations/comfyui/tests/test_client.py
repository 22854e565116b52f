import time
import unittest

import package
from fake_server import FakeServer, png_size

client = package.module("client")
event_stream = package.module("event_stream")


def names(events):
    return [event.name for event in events if event is not None]


def submit(server, **settings):
    return server.submit({"prompt": "a dog", **settings})


class EventsTests(unittest.TestCase):
    def parse(self, text):
        return list(event_stream.parse_events(iter(text.encode().splitlines(keepends=True))))

    def test_comments_are_passed_over_and_lines_of_data_are_joined(self):
        events = self.parse(': keep-alive\n\nevent: a\r\ndata: {"x":\r\ndata: 1}\r\n\r\ndata:2\n\n')
        self.assertEqual(events, [("a", {"x": 1}), ("message", 2)])

    def test_the_end_of_a_chat_is_an_event(self):
        self.assertEqual(names(self.parse("data: {}\n\ndata: [DONE]\n\n")), ["message", "done"])

    def test_an_event_that_is_cut_off_does_not_count(self):
        self.assertEqual(self.parse("event: a\ndata: {}\n"), [])


class ClientTests(unittest.TestCase):
    def setUp(self):
        self.fake = self.enterContext(FakeServer(key="secret"))
        self.server = client.Server(self.fake.url + "/", " secret ")

    def test_a_job_is_followed_to_its_picture(self):
        job = submit(self.server, width=96, height=32, num_inference_steps=4, preview_interval=2)
        events = [event for event in self.server.watch(job["id"]) if event]
        self.assertEqual(names(events)[:3], ["job.snapshot", "job.queued", "job.started"])
        self.assertEqual(names(events).count("job.progress"), 4)
        self.assertEqual(names(events).count("job.preview"), 2)
        picture = events[-1].data["pictures"][0]
        self.assertEqual(png_size(self.server.picture(picture["url"])), (96, 32))
        self.assertEqual(png_size(self.server.picture("http://elsewhere.invalid" + picture["url"])), (96, 32))

    def test_a_finished_job_tells_its_end_again(self):
        job = submit(self.server)
        list(self.server.watch(job["id"]))
        self.assertEqual(names(self.server.watch(job["id"])), ["job.snapshot", "job.completed"])

    def test_a_broken_connection_is_made_again(self):
        job = submit(self.server, prompt="break")
        events = names(self.server.watch(job["id"], pause=0.05))
        self.assertEqual(events.count("job.snapshot"), 2)
        self.assertEqual(events[-1], "job.completed")

    def test_a_server_that_is_started_again_is_waited_for(self):
        with FakeServer() as first:
            server = client.Server(first.url)
            job = submit(server, prompt="break")
            events = server.watch(job["id"], pause=0.05)
            while next(events) is not None:
                pass
        with FakeServer(port=first.server_address[1]) as second:
            second.jobs = first.jobs
            self.assertEqual(names(events)[-1], "job.completed")

    def test_waiting_for_an_event_can_be_left_and_the_job_cancelled(self):
        job = submit(self.server, prompt="slow")
        events = self.server.watch(job["id"], pause=0.05)
        while next(events) is not None:
            pass
        events.close()
        self.assertEqual(self.server.cancel(job["id"])["status"], "cancelled")

    def test_a_full_queue_is_waited_for(self):
        answers = list(self.server.submit_patiently({"prompt": "busy"}, pause=0.1))
        self.assertGreater(answers.count(None), 5)
        self.assertEqual(answers[-1]["status"], "queued")

    def test_a_failed_job_brings_the_servers_words(self):
        job = submit(self.server, prompt="fail")
        end = [event for event in self.server.watch(job["id"]) if event][-1]
        self.assertEqual((end.name, end.data["error"]["message"]), ("job.failed", "the device has no memory left"))

    def test_refusals_bring_the_servers_words(self):
        with self.assertRaisesRegex(client.ServerError, "there is no adapter 'gone'; there are line-art, style"):
            list(self.server.submit_patiently({"prompt": "", "lora": [{"name": "gone", "scale": 1}]}))
        with self.assertRaisesRegex(client.ServerError, "the API key is missing or wrong"):
            client.Server(self.fake.url).capabilities()
        with self.assertRaisesRegex(client.ServerError, "there is no job ffff"):
            list(self.server.watch("ffff"))

    def test_what_is_no_server_is_said(self):
        with self.assertRaisesRegex(client.ServerError, "Is `omnigen2 serve` running there"):
            client.Server("http://127.0.0.1:9").capabilities()
        for url in ("", "localhost:8080", "ftp://host"):
            with self.assertRaisesRegex(client.ServerError, "expected one like http://127.0.0.1:8080"):
                client.Server(url)

    def test_leaving_a_chat_ends_it_at_the_server(self):
        with self.server.chat({"messages": [{"role": "user", "content": "slow"}]}) as stream:
            self.assertEqual(next(stream.poll(5)).data["choices"][0]["delta"]["content"], "A ")
        limit = time.monotonic() + 5
        while not self.fake.abandoned_chats and time.monotonic() < limit:
            time.sleep(0.05)
        self.assertEqual(self.fake.abandoned_chats, 1)


if __name__ == "__main__":
    unittest.main()
