import Imaging
import OmniGen2

/// From a record to files: what `generate` and `edit` share.
struct Drawing {
    let output: OutputOptions
    let engine: RunOptions
    let display: ProgressDisplay

    init(_ output: OutputOptions, _ engine: RunOptions) {
        self.output = output
        self.engine = engine
        display = ProgressDisplay(json: output.json)
    }

    /// Draws what the record says.
    ///
    /// - Parameter request: the record's, with its pictures.
    func run(_ record: GenerationRecord, _ request: GenerationRequest) async throws {
        try request.validate()
        let files = OutputFiles(output.output, count: request.count)
        try files.prepare(force: output.force)
        try record.checkAdapters()
        let folder = try await ModelLocation(record.model).resolve(
            files: record.files ?? ModelFiles(), progress: display.download, warn: display.warning)
        var (record, request) = (record, request)
        try record.complete(for: folder)
        (request.height, request.width) = (record.request.height, record.request.width)
        let isOnCPU = try await OmniGen2.isOnCPU(engine.configuration(record.dtype, nil))
        try record.roundAsPreset(folder, isOnCPU: isOnCPU)
        try display.preset(record, of: folder)
        let configuration = engine.configuration(record.dtype, record.quantization)
        let plan = isOnCPU ? try await plan(request, folder, configuration) : nil
        let model = try await OmniGen2(folder: folder, configuration: configuration, plan: plan)
        try await record.setAdapters(of: model, display)
        display.begin()
        let images = try await model.generate(request, progress: display.show)
        try display.save(images, record, to: files)
    }

    /// Foresees the run on the CPU, and says what it takes and how its memory is kept within the limit.
    ///
    /// - Throws: `CommandError` when it does not fit.
    private func plan(
        _ request: GenerationRequest, _ folder: ModelFolder, _ configuration: OmniGen2.Configuration
    ) async throws -> RunPlan {
        let plan = try await OmniGen2.plan(request, folder: folder, configuration: configuration, measures: false)
        guard plan.fits else { throw CommandError(.unavailable, plan.refusal) }
        if plan.isWorthSaying { display.plan(plan) }
        return plan
    }
}

extension ProgressDisplay {
    /// Writes pictures with their record, and says so.
    func save(_ images: [Image], _ record: GenerationRecord, to files: OutputFiles) throws {
        var record = record
        for (index, (image, path)) in zip(images, files.paths).enumerated() {
            record.index = index
            do {
                try image.write(to: path, text: [record.entry()])
            } catch {
                throw CommandError(.cannotCreate, "\(error)")
            }
            event("saved", ["path": .string(path), "seed": .string(String(record.seed))])
            if !isJSON { message("saved \(path)") }
        }
    }

    /// News of a picture.
    func show(_ progress: OmniGen2.Progress) {
        switch progress {
        case .step(let step, let count): self.step(step, of: count)
        case .blockForwards(let ran, let plain): blockForwards(ran, of: plain)
        case .preview: break
        case .warning(let text): warning(text)
        }
    }
}
