// Server-sent events read from a fetch response: EventSource cannot send a key or a body.

/** Yields `{event, data}` for each event of the stream; `data` is text. */
export async function* serverEvents(response) {
  let fields = {};
  for await (const line of lines(response.body)) {
    if (line === "") {
      if (fields.data !== undefined) yield { event: fields.event || "message", data: fields.data };
      fields = {};
    } else {
      take(line, fields);
    }
  }
}

function take(line, fields) {
  if (line.startsWith(":")) return;
  const colon = line.indexOf(":");
  const name = colon < 0 ? line : line.slice(0, colon);
  const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
  if (name === "data") fields.data = fields.data === undefined ? value : `${fields.data}\n${value}`;
  else if (name === "event") fields.event = value;
}

async function* lines(stream) {
  const reader = stream.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      const parts = (rest + value).split(/\r\n|\n|\r(?!$)/);
      rest = parts.pop();
      yield* parts;
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}
