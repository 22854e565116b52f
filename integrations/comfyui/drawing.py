"""One job of the server as a node of ComfyUI shows it: progress, previews, warnings, cancelling."""

import base64
import logging
from typing import Any, Dict, Optional, Sequence

import comfy.model_management
import comfy.utils
import torch
from server import PromptServer

from .client import ENDS, Job, Server, ServerError
from .images import open_picture, to_data_url, to_tensor

LARGEST_PREVIEW = 512  # pixels a side

logger = logging.getLogger(__name__)


def draw(
    server: Server,
    settings: Dict[str, Any],
    node_id: str,
    pictures: Sequence[torch.Tensor] = (),
    mask: Optional[torch.Tensor] = None,
) -> torch.Tensor:
    """Has the server draw, from `pictures` where there are any, and returns an IMAGE."""
    request = dict(settings, output_format="png")
    if pictures:
        request["images"] = [to_data_url(picture) for picture in pictures]
    if mask is not None:
        request["mask"] = to_data_url(mask)
    job = _submit(server, request, node_id)
    try:
        job = _follow(server, job, node_id)
    except BaseException:  # the user has cancelled, too
        _cancel(server, job)
        raise
    if job["status"] == "failed":
        raise ServerError(job["error"]["message"])
    if job["status"] == "cancelled":
        raise ServerError("the job was cancelled at the server")
    return to_tensor([server.picture(picture["url"]) for picture in job["pictures"]])


def show_text(node_id: str, text: str) -> None:
    """A line below the node's title."""
    PromptServer.instance.send_progress_text(text, node_id)


def _submit(server: Server, request: Dict[str, Any], node_id: str) -> Job:
    told = False
    job: Job = {}
    for answer in server.submit_patiently(request):
        if answer is not None:
            job = answer
            break
        comfy.model_management.throw_exception_if_processing_interrupted()
        if not told:
            show_text(node_id, "The server has no place free. Waiting.")
            told = True
    return job


def _follow(server: Server, job: Job, node_id: str) -> Job:
    bar = comfy.utils.ProgressBar(max(1, job["progress"]["steps"]), node_id=node_id)
    preview = None
    for event in server.watch(job["id"]):
        comfy.model_management.throw_exception_if_processing_interrupted()
        if event is None:
            continue
        if event.name == "job.queued":
            position = event.data["position"]
            show_text(node_id, f"Waiting, {position} before this one." if position else "Next in line.")
        elif event.name == "job.started":
            show_text(node_id, "")
        elif event.name == "job.preview":
            preview = ("JPEG", open_picture(base64.b64decode(event.data["b64_json"])), LARGEST_PREVIEW)
            bar.update_absolute(event.data["step"], preview=preview)
        elif event.name == "job.progress":
            # The preview goes along, or the bar would take it away until the next one.
            bar.update_absolute(event.data["step"], event.data["steps"], preview)
        elif event.name == "job.warning":
            logger.warning("OmniGen2: %s", event.data["message"])
            show_text(node_id, event.data["message"])
        elif event.name in ENDS:
            job = event.data
    return job


def _cancel(server: Server, job: Job) -> None:
    try:
        server.cancel(job["id"])
    except ServerError as error:
        logger.warning("OmniGen2: job %s is not cancelled: %s", job["id"], error)
