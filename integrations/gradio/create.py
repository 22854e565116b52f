"""The tab that draws: a prompt, up to five pictures, settings; progress, a preview, cancelling."""

from typing import Any, AsyncIterator, Dict

import gradio
from gradio.processing_utils import save_bytes_to_cache

from client import Server, ServerError
from pictures import data_url, files_of, from_base64

PREVIEW_INTERVAL = 3  # steps
AS_SERVER = "default"
RANDOM_SEED = -1
HIDDEN = gradio.update(value=None, visible=False)

Values = Dict[Any, Any]


def create_tab(server: Server, capabilities: Dict[str, Any]) -> None:
    with gradio.Row():
        with gradio.Column():
            fields = input_fields(capabilities)
            with gradio.Row():
                draw = gradio.Button("Draw", variant="primary")
                cancel = gradio.Button("Cancel")
        with gradio.Column():
            status = gradio.HTML()
            preview = gradio.Image(label="Preview", format="png", height=320, interactive=False, visible=False)
            results = gradio.Gallery(label="Pictures", columns=2, object_fit="contain", interactive=False)
            seed_used = gradio.Textbox(label="Seed", interactive=False, buttons=["copy"])
    job_id = gradio.State()

    async def run(values: Values) -> AsyncIterator[Values]:
        limit = capabilities["limits"]["images"]
        request = request_for({name: values[field] for name, field in fields.items()}, limit)
        job = await submit(server, request)
        yield {job_id: job["id"], status: "Waiting", preview: HIDDEN, results: [], seed_used: ""}
        ended = False
        try:
            async for name, data in server.watch(job["id"]):
                if name == "job.queued":
                    yield {status: f"Waiting, {data['position']} before this one"}
                elif name == "job.progress":
                    yield {status: progress_bar(data)}
                elif name == "job.preview":
                    yield {preview: gradio.update(value=from_base64(data["b64_json"]), visible=True)}
                elif name == "job.warning":
                    gradio.Warning(data["message"])
                elif name == "job.completed":
                    ended = True
                    files = [await save(server, picture, results.GRADIO_CACHE) for picture in data["pictures"]]
                    yield {status: "Done", preview: HIDDEN, results: files, seed_used: str(data["request"]["seed"])}
                elif name == "job.cancelled":
                    ended = True
                    yield {status: "Cancelled", preview: HIDDEN}
                elif name == "job.failed":
                    ended = True
                    raise ServerError(data["error"]["message"])
        except ServerError as error:
            yield {status: "Failed", preview: HIDDEN}
            raise gradio.Error(str(error), print_exception=False) from error
        finally:
            if not ended:  # the page was closed
                await server.cancel(job["id"])

    async def stop(job: str) -> None:
        if job:
            await server.cancel(job)

    # Many may draw at once: the line is at the server.
    draw.click(
        run, set(fields.values()), [job_id, status, preview, results, seed_used], concurrency_limit=None,
        show_progress="hidden", api_name="draw",
    )
    cancel.click(stop, job_id, None, concurrency_limit=None, queue=False, api_name="cancel")


def input_fields(capabilities: Dict[str, Any]) -> Dict[str, Any]:
    """The components a job is made of, by name."""
    limits, adapters = capabilities["limits"], [adapter["name"] for adapter in capabilities["loras"]]
    fields = {
        "prompt": gradio.Textbox(label="Prompt", lines=3, placeholder="What is to be seen, or changed"),
        "pictures": gradio.Gallery(
            label=f"Pictures to edit or compose from, up to {limits['images']}",
            file_types=["image"], columns=5, height=200, object_fit="contain", fit_columns=False, interactive=True,
        ),
    }
    with gradio.Row():
        fields["preset"] = gradio.Radio([AS_SERVER, *capabilities["presets"]], value=AS_SERVER, label="Preset")
        fields["count"] = gradio.Slider(1, limits["n"], value=1, step=1, label="Pictures")
    with gradio.Accordion("Settings", open=False):
        fields.update(more_fields(capabilities["defaults"], limits, capabilities["schedulers"], adapters))
    return fields


def more_fields(
    defaults: Dict[str, Any], limits: Dict[str, Any], schedulers: list, adapters: list
) -> Dict[str, Any]:
    fields: Dict[str, Any] = {}
    with gradio.Row():
        for side in ("width", "height"):
            fields[side] = gradio.Number(
                0, label=side.capitalize(), precision=0, step=limits["size_multiple"],
                info=f"0: that of the only picture, or {defaults[side]}",
            )
        fields["seed"] = gradio.Number(
            RANDOM_SEED, label="Seed", precision=0, info=f"{RANDOM_SEED}: a new one each time"
        )
    fields["exact_size"] = gradio.Checkbox(label="Exactly the size of the first picture; nothing moves")
    with gradio.Row():
        fields["steps"] = gradio.Slider(
            0, limits["num_inference_steps"], value=0, step=1, label="Steps",
            info="0: as the preset or the server has it",
        )
        fields["scheduler"] = gradio.Dropdown([AS_SERVER, *schedulers], value=AS_SERVER, label="Scheduler")
    with gradio.Row():
        fields["text_guidance"] = gradio.Slider(
            1, 10, value=defaults["guidance_scale"], step=0.1, label="Text guidance"
        )
        fields["image_guidance"] = gradio.Slider(
            1, 5, value=defaults["guidance_scale_2"], step=0.1, label="Image guidance", info="Only with pictures"
        )
    fields["negative_prompt"] = gradio.Textbox(defaults["negative_prompt"], label="Negative prompt")
    with gradio.Row(visible=bool(adapters)):
        fields["adapters"] = gradio.Dropdown(adapters, multiselect=True, label="LoRA adapters")
        fields["adapter_scale"] = gradio.Slider(-2, 2, value=1, step=0.05, label="Their scale")
    return fields


def request_for(values: Dict[str, Any], most_pictures: int) -> Dict[str, Any]:
    """A job's settings; what is left to the server is left out."""
    paths = files_of(values["pictures"])
    if len(paths) > most_pictures:
        raise gradio.Error(f"There are {len(paths)} pictures, expected at most {most_pictures}.", print_exception=False)
    request = {
        "prompt": values["prompt"],
        "negative_prompt": values["negative_prompt"],
        "n": int(values["count"]),
        "seed": int(values["seed"]),
        "guidance_scale": values["text_guidance"],
        "preview_interval": PREVIEW_INTERVAL,
    }
    for side in ("width", "height"):
        if values[side]:
            request[side] = int(values[side])
    if paths:
        request["images"] = [data_url(path) for path in paths]
        request["guidance_scale_2"] = values["image_guidance"]
        request["exact_size"] = values["exact_size"]
    if values["preset"] != AS_SERVER:
        request["preset"] = values["preset"]
    if values["steps"]:
        request["num_inference_steps"] = int(values["steps"])
    if values["scheduler"] != AS_SERVER:
        request["scheduler"] = values["scheduler"]
    if values["adapters"]:
        request["lora"] = [{"name": name, "scale": values["adapter_scale"]} for name in values["adapters"]]
    return request


async def submit(server: Server, request: Dict[str, Any]) -> Dict[str, Any]:
    try:
        return await server.submit(request)
    except ServerError as error:
        raise gradio.Error(str(error), print_exception=False) from error


async def save(server: Server, picture: Dict[str, Any], folder: str) -> str:
    """A picture's file in Gradio's folder, byte for byte as the server made it, so with its settings inside."""
    data = await server.picture(picture["url"])
    return save_bytes_to_cache(data, f"omnigen2-{picture['index']}.{picture['format']}", folder)


def progress_bar(progress: Dict[str, Any]) -> str:
    left = progress["eta_seconds"]
    text = f"Step {progress['step']} of {progress['steps']}"
    if left is not None:
        text += f", {left:.0f} s left"
    bar = f'<progress value="{progress["step"]}" max="{progress["steps"]}" style="width: 100%"></progress>'
    return f"{bar}<br>{text}"
