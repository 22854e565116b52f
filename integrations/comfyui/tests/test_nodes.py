import base64
import json
import unittest
from unittest import mock

import package
from fake_server import FakeServer, colour_of

if package.CAN_DRAW:
    import io

    import numpy
    import torch
    from PIL import Image

    SCREEN = package.Screen()
    NODES = package.whole(SCREEN)
    images = package.module("images")
    ServerError = package.module("client").ServerError

WIDGETS = ("INT", "FLOAT", "STRING", "BOOLEAN")


def decode(url):
    return numpy.asarray(Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2]))))


@unittest.skipUnless(package.CAN_DRAW, "torch, numpy or Pillow is missing")
class ImagesTests(unittest.TestCase):
    def test_every_value_of_a_file_comes_back(self):
        values = numpy.arange(256, dtype=numpy.uint8).reshape(16, 16, 1).repeat(3, 2)
        picture = torch.from_numpy(values.astype(numpy.float32) / 255)
        self.assertTrue((images.to_tensor([images.to_png(picture)])[0] == picture).all())
        self.assertTrue((decode(images.to_data_url(picture)) == values).all())

    def test_values_beyond_the_range_are_cut_and_transparency_is_kept(self):
        picture = torch.tensor([[[-1.0, 0.5, 2.0, 0.25]]])
        self.assertEqual(decode(images.to_data_url(picture)).tolist(), [[[0, 128, 255, 64]]])

    def test_pictures_make_a_batch(self):
        files = [images.to_png(torch.full((8, 4, 3), value)) for value in (0.0, 1.0)]
        batch = images.to_tensor(files)
        self.assertEqual((batch.shape, batch.dtype), ((2, 8, 4, 3), torch.float32))
        self.assertEqual(batch.amax((1, 2, 3)).tolist(), [0.0, 1.0])


@unittest.skipUnless(package.CAN_DRAW, "torch, numpy or Pillow is missing")
class NodesTests(unittest.TestCase):
    def setUp(self):
        SCREEN.__init__()
        self.fake = self.enterContext(FakeServer())
        self.server = self.connect()

    def connect(self, url=None, key="", preview_interval=2):
        node = NODES.NODE_CLASS_MAPPINGS["OmniGen2Server"]()
        return node.connect(url or self.fake.url, key, preview_interval)[0]

    def run_node(self, name, /, **inputs):
        """Fills in what is at its default and calls the node as ComfyUI does."""
        node = NODES.NODE_CLASS_MAPPINGS["OmniGen2" + name]
        filled = {}
        for field, (kind, *options) in node.INPUT_TYPES()["required"].items():
            if isinstance(kind, list):
                filled[field] = kind[0]
            elif kind in WIDGETS:
                filled[field] = options[0].get("default", "")
        if name not in ("Settings", "LoadLoRA"):
            filled.update(server=self.server, node_id="3")
        return getattr(node(), node.FUNCTION)(**{**filled, **inputs})[0]

    def test_generate_draws_with_progress_and_previews(self):
        batch = self.run_node("Generate", prompt="a dog", width=96, height=32, count=2, seed=3)
        self.assertEqual(batch.shape, (2, 32, 96, 3))
        self.assertEqual((batch[1, 16, 16] * 255).round().tolist(), list(colour_of(4)))
        self.assertEqual([value for value, _, _ in SCREEN.bars][-1], 10)
        kind, preview, _ = SCREEN.bars[-1][2]
        self.assertEqual((kind, preview.size), ("JPEG", (32, 32)))

    def test_what_is_left_at_its_default_is_left_to_the_server(self):
        self.run_node("Generate", prompt="a dog")
        expected = {"prompt": "a dog", "seed": 0, "n": 1, "preview_interval": 2, "output_format": "png"}
        self.assertEqual(self.fake.requests[-1], expected)

    def test_all_settings_reach_the_server(self):
        settings = self.run_node(
            "Settings", negative_prompt="blurry", text_guidance=4, image_guidance=2.5, guidance_to=0.6,
            scheduler="dpmsolver++", cache="teacache", max_pixels=65536, max_input_side=512,
        )
        first = self.run_node("LoadLoRA", name="style", scale=0.5)
        lora = self.run_node("LoadLoRA", name="line-art", scale=-1, lora=first)
        self.run_node("Generate", prompt="a dog", preset="fast", steps=6, settings=settings, lora=lora)
        request = self.fake.requests[-1]
        for field, value in {
            "negative_prompt": "blurry", "guidance_scale": 4, "guidance_scale_2": 2.5, "cfg_range": [0, 0.6],
            "scheduler": "dpmsolver++", "cache": "teacache", "max_pixels": 65536, "max_input_image_side_length": 512,
            "preset": "fast", "num_inference_steps": 6,
            "lora": [{"name": "style", "scale": 0.5}, {"name": "line-art", "scale": -1}],
        }.items():
            self.assertEqual(request[field], value, field)
        self.assertEqual(first, [{"name": "style", "scale": 0.5}])

    def test_edit_changes_each_picture_of_a_batch(self):
        batch = torch.rand(2, 24, 40, 3)
        self.assertEqual(self.run_node("Edit", image=batch, prompt="at night", exact_size=True).shape, (2, 24, 40, 3))
        for request, picture in zip(self.fake.requests, batch):
            self.assertTrue(request["exact_size"])
            self.assertEqual(decode(request["images"][0]).tolist(), (picture * 255).round().to(torch.uint8).tolist())

    def test_a_mask_goes_along_with_white_where_something_may_change(self):
        mask = torch.zeros(1, 24, 40)
        mask[0, 5:, :7] = 1
        self.run_node("Edit", image=torch.rand(1, 24, 40, 3), mask=mask, prompt="a sofa")
        self.assertEqual((decode(self.fake.requests[-1]["mask"]) / 255).tolist(), mask[0].tolist())

    def test_a_mask_that_cannot_be_meant_is_an_error(self):
        picture = torch.rand(1, 24, 40, 3)
        with self.assertRaisesRegex(ValueError, "the mask selects nothing"):
            self.run_node("Edit", image=picture, mask=torch.zeros(1, 64, 64), prompt="a sofa")
        with self.assertRaisesRegex(ValueError, "the mask has 64x32 pixels, expected 40x24"):
            self.run_node("Edit", image=picture, mask=torch.ones(1, 32, 64), prompt="a sofa")
        self.assertEqual(self.fake.requests, [])

    def test_compose_takes_up_to_five_pictures_of_any_size(self):
        inputs = {"image_1": torch.rand(2, 8, 8, 3), "image_3": torch.rand(1, 16, 8, 3), "image_5": None}
        self.assertEqual(self.run_node("Compose", prompt="both", width=32, height=48, **inputs).shape, (1, 48, 32, 3))
        self.assertEqual([decode(url).shape[0] for url in self.fake.requests[-1]["images"]], [8, 8, 16])
        with self.assertRaisesRegex(ValueError, "6 pictures are connected, expected at most 5"):
            self.run_node("Compose", prompt="all", image_1=torch.rand(6, 8, 8, 3))

    def test_compose_keeps_the_size_that_was_asked_for_with_one_picture(self):
        inputs = {"width": 32, "height": 48, "image_1": torch.rand(1, 8, 8, 3)}
        self.assertEqual(self.run_node("Compose", prompt="one", **inputs).shape, (1, 48, 32, 3))

    def test_describe_answers_and_shows_the_answer_as_it_comes(self):
        inputs = {"image_1": torch.rand(1, 8, 8, 3), "image_2": torch.rand(1, 4, 4, 3)}
        self.assertEqual(self.run_node("Describe", question="What?", **inputs), "A picture of one colour.")
        self.assertEqual(SCREEN.texts[:2], ["A ", "A picture "])
        request = self.fake.chats[-1]
        self.assertEqual(request["modalities"], ["text"])
        parts = [part["type"] for part in request["messages"][0]["content"]]
        self.assertEqual(parts, ["image_url", "image_url", "text"])

    def test_cancelling_reaches_the_server(self):
        SCREEN.interrupt_at = 8
        with self.assertRaises(package.Interrupted):
            self.run_node("Generate", prompt="slow")
        self.assertEqual([job["status"] for job in self.fake.jobs.values()], ["cancelled"])
        SCREEN.looks = 0
        SCREEN.interrupt_at = 2
        with self.assertRaises(package.Interrupted):
            self.run_node("Describe", question="slow", image_1=torch.rand(1, 8, 8, 3))

    def test_errors_and_warnings_are_shown_in_the_servers_words(self):
        with self.assertRaisesRegex(ServerError, "the device has no memory left"):
            self.run_node("Generate", prompt="fail")
        with self.assertRaisesRegex(ServerError, "the question is too long"):
            self.run_node("Describe", question="fail", image_1=torch.rand(1, 8, 8, 3))
        with self.assertRaisesRegex(ValueError, "the size is 64x0"):
            self.run_node("Generate", prompt="a dog", width=64)
        with self.assertLogs(level="WARNING"):
            self.run_node("Generate", prompt="warn")
        self.assertIn("the picture is drawn smaller and stretched", SCREEN.texts)

    def test_the_key_may_come_from_the_environment(self):
        with FakeServer(key="secret") as fake, mock.patch.dict("os.environ", OMNIGEN2_API_KEY="secret"):
            self.connect(fake.url)
            with self.assertRaisesRegex(ServerError, "the API key is missing or wrong"):
                self.connect(fake.url, key="another")

    def test_the_list_of_adapters_is_that_of_the_servers_in_use(self):
        options = NODES.NODE_CLASS_MAPPINGS["OmniGen2LoadLoRA"].INPUT_TYPES()["required"]["name"][0]
        self.assertEqual(options, ["none", "line-art", "style"])


@unittest.skipUnless(package.CAN_DRAW, "torch, numpy or Pillow is missing")
class WorkflowsTests(unittest.TestCase):
    """The examples name nodes, sockets and widgets that there are."""

    def test_examples_fit_the_nodes(self):
        files = sorted((package.FOLDER / "example_workflows").glob("*.json"))
        self.assertGreaterEqual(len(files), 4)
        seen = set()
        for file in files:
            flow = json.loads(file.read_text())
            for node in flow["nodes"]:
                kind = NODES.NODE_CLASS_MAPPINGS.get(node["type"])
                if kind:
                    seen.add(node["type"])
                    with self.subTest(file=file.name, node=node["type"]):
                        self.check(node, kind, flow)
        self.assertEqual(seen, set(NODES.NODE_CLASS_MAPPINGS))

    def check(self, node, kind, flow):
        types = kind.INPUT_TYPES()
        fields = {**types["required"], **types.get("optional", {})}
        is_widget = {name: isinstance(field[0], list) or field[0] in WIDGETS for name, field in fields.items()}
        links = {link[0]: link for link in flow["links"]}
        for socket in node["inputs"]:
            if socket.get("widget") is None:
                self.assertEqual(fields[socket["name"]][0], socket["type"])
            if socket["link"] is not None:
                self.assertEqual(links[socket["link"]][5], socket["type"])
        values = 0
        for name, field in fields.items():
            if is_widget[name]:
                values += 1 + bool(len(field) > 1 and field[1].get("control_after_generate"))
        self.assertEqual(len(node["widgets_values"]), values)
        self.assertEqual([output["type"] for output in node["outputs"]], list(kind.RETURN_TYPES))


if __name__ == "__main__":
    unittest.main()
