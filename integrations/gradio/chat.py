"""The tab in which the model answers with text or with pictures."""

import base64
from typing import Any, AsyncIterator, Dict, List

import gradio
from gradio.processing_utils import save_bytes_to_cache

from client import Server, ServerError
from pictures import data_url

Message = Dict[str, Any]


def chat_tab(server: Server) -> None:
    window = gradio.Chatbot(height=600)

    async def answer(message: Dict[str, Any], history: List[Message]) -> AsyncIterator[Any]:
        content = [{"type": "text", "text": message["text"]}] if message["text"] else []
        content += [image_part(path) for path in message["files"]]
        if not content:
            raise gradio.Error("The message is empty.", print_exception=False)
        past = [to_openai(entry) for entry in history if not (entry.get("metadata") or {}).get("title")]
        messages = merged([*past, {"role": "user", "content": content}])
        try:
            async for shown in shown_answers(server.chat(messages), window.GRADIO_CACHE):
                yield shown
        except ServerError as error:
            raise gradio.Error(str(error), print_exception=False) from error

    gradio.ChatInterface(
        answer,
        multimodal=True,
        textbox=gradio.MultimodalTextbox(
            file_types=["image"], file_count="multiple", stop_btn=True,
            placeholder="Ask, or say what to draw; pictures may be added",
        ),
        chatbot=window,
        concurrency_limit=None,  # the line is at the server
        api_name="chat",
    )


async def shown_answers(chunks: AsyncIterator[Dict[str, Any]], folder: str) -> AsyncIterator[List[Message]]:
    """What the chat window shows after each chunk: text and pictures, and while one is drawn how far it is."""
    text, pictures, drawing = "", [], {}
    async for chunk in chunks:
        drawing = {**drawing, **chunk.get("omnigen2", {})}
        for choice in chunk["choices"]:
            text += choice["delta"].get("content") or ""
            for image in choice["delta"].get("images") or []:
                pictures.append(shown_picture(image["image_url"]["url"], folder))
        said = [{"role": "assistant", "content": text}] if text else []
        news = [shown_drawing(drawing, folder)] if drawing and not pictures else []
        if said or pictures or news:
            yield said + pictures + news


def shown_drawing(drawing: Dict[str, Any], folder: str) -> Message:
    """A message that stands until the picture is there. Its title tells it from what was said."""
    title = f"Drawing, step {drawing['step']} of {drawing['steps']}" if "steps" in drawing else "Drawing"
    content = shown_picture(drawing["b64_json"], folder)["content"] if "b64_json" in drawing else ""
    return {"role": "assistant", "content": content, "metadata": {"title": title}}


def shown_picture(data: str, folder: str) -> Message:
    """A message with a picture, which comes in base64 with or without `data:...,` before it."""
    file = save_bytes_to_cache(base64.b64decode(data.rpartition(",")[2]), "omnigen2.png", folder)
    return {"role": "assistant", "content": {"path": file}}


def to_openai(entry: Message) -> Message:
    """One message of the history. The page and the API of Gradio spell what is in it in different ways."""
    content = entry["content"]
    parts = []
    for part in content if isinstance(content, list) else [content]:
        if isinstance(part, str):
            parts.append({"type": "text", "text": part})
        elif "text" in part:
            parts.append({"type": "text", "text": part["text"]})
        else:
            parts.append(image_part(part.get("file", part)["path"]))
    return {"role": entry["role"], "content": parts}


def merged(messages: List[Message]) -> List[Message]:
    """Gradio has a message for each text and picture; to the model what one side said at once is one message."""
    result: List[Message] = []
    for message in messages:
        if result and result[-1]["role"] == message["role"]:
            result[-1]["content"] = result[-1]["content"] + message["content"]
        else:
            result.append(dict(message))
    return result


def image_part(path: str) -> Dict[str, Any]:
    return {"type": "image_url", "image_url": {"url": data_url(path)}}
