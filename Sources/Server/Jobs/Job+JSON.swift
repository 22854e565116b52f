import OmniGen2

extension Job {
    /// What a client is told of a job.
    package func json(_ progress: JobProgress? = nil) -> JSONValue {
        let steps = settings["num_inference_steps"]?.int ?? 0
        let progress = progress ?? JobProgress(step: status == .completed ? steps : 0, steps: steps)
        return [
            "id": .string(id), "object": "job", "status": .string(status.rawValue),
            "position": JSONValue(status == .queued ? progress.position : nil), "progress": progress.json,
            "created_at": .double(created), "started_at": JSONValue(started), "finished_at": JSONValue(finished),
            "request": settings,
            "inputs": .array(
                pictures(.input).map { input in
                    [
                        "url": .string("/v1/jobs/\(id)/inputs/\(input.index)"), "width": .int(input.width),
                        "height": .int(input.height),
                    ]
                }),
            "mask": pictures(.mask).isEmpty ? nil : ["url": .string("/v1/jobs/\(id)/mask")],
            "pictures": .array(
                pictures(.output).map { output in
                    [
                        "index": .int(output.index), "url": .string(url(of: output)), "width": .int(output.width),
                        "height": .int(output.height), "bytes": .int(output.byteCount),
                        "format": .string(output.format.rawValue),
                    ]
                }),
            "warnings": warningDocument, "error": error.map { JSONValue($0) } ?? nil,
        ]
    }

    /// Its warnings, as a client is told of them and as they are kept.
    var warningDocument: JSONValue { .array(warnings.map { .string($0) }) }

    /// Where a picture is to be had.
    package func url(of picture: Picture) -> String {
        "/v1/pictures/\(id)/\(picture.index).\(picture.format.rawValue)"
    }
}

extension JobProgress {
    /// What a client is told of it.
    package var json: JSONValue {
        [
            "step": .int(step), "steps": .int(steps), "seconds_per_step": JSONValue(secondsPerStep),
            "eta_seconds": JSONValue(secondsLeft),
        ]
    }
}

extension LiveJob {
    /// What a client is told of it now.
    package var json: JSONValue { job.json(progress) }
}
