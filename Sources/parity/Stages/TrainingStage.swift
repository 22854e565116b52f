import Diffusion
import Layers
import OmniGen2
import Torch
import Training

extension Stage {
    /// Noise, times, predictions, losses, gradients of the transformer and of adapters, and a step of AdamW.
    static let training = Stage(name: "training", files: ["training.safetensors", "training_cases.json"]) { goldens in
        let (file, cases) = ("training.safetensors", "training_cases.json")
        let settings = try goldens.json(cases)
        for (name, setting) in (settings.members ?? [:]).sorted(by: { $0.key < $1.key }) {
            guard let snr = setting["snr_type"]?.string else { continue }
            try TrainingCase(goldens, file, name, setting, snr).compare(settings)
        }
    }
}

/// One recorded call of the loss.
@Engine
private struct TrainingCase {
    private static let relativeTolerance = 1e-4
    /// Gradients that cancel to nothing are rounding of larger ones.
    private static let roundingFloor = 1e-7

    private let goldens: Goldens
    private let file, name: String
    private let loss: FlowMatchingLoss
    private let seed: UInt64
    private let parameters: Parameters

    init(_ goldens: Goldens, _ file: String, _ name: String, _ setting: JSONValue, _ snr: String) throws {
        guard let distribution = TimestepSampling.Distribution(rawValue: snr) else {
            throw ParityError("\(name): snr_type \(snr) is not known")
        }
        var shift: TimestepSampling.Shift?
        if setting["do_shift"]?.bool == true {
            guard let version = setting["time_shift_version"]?.string.flatMap(TimestepSampling.ShiftVersion.init) else {
                throw ParityError("\(name): time_shift_version is not known")
            }
            let isDynamic = setting["dynamic_time_shift"]?.bool == true
            shift = .init(version, tokens: isDynamic ? nil : setting["seq_len"]?.int)
        }
        let configuration = try goldens.modelFolder().transformerConfiguration()
        (self.goldens, self.file, self.name) = (goldens, file, name)
        loss = FlowMatchingLoss(configuration, TimestepSampling(distribution, shift: shift))
        seed = UInt64(setting["global_seed"]?.int ?? 0)
        parameters = try Self.parameters(goldens, file, name, configuration)
    }

    /// Those of the model, or the recorded pairs for a case of adapters.
    private static func parameters(
        _ goldens: Goldens, _ file: String, _ name: String, _ configuration: TransformerConfiguration
    ) throws -> Parameters {
        let source = try goldens.modelFolder().transformerSource(.float32, goldens.device)
        let build: (Weights) throws -> Void = { _ = try Transformer($0, configuration) }
        let isAdapted = goldens.names(file).contains { $0.hasPrefix("\(name).grad.") && $0.contains(".lora_") }
        guard isAdapted else { return try Parameters(source, device: goldens.device, build: build) }
        let recorded = RecordedPairs(goldens, file)
        return try Parameters(
            source, device: goldens.device, lowRank: LowRankOptions(rank: recorded.rank(), targets: recorded.layers),
            seed: 0, initial: recorded, build: build)
    }

    private func batch() throws -> [FlowMatchingLoss.Sample] {
        let text = try goldens.input(file, "text")
        let mask = try goldens.input(file, "text_mask")
        return try (0..<text.size(0)).map { index in
            let length = try mask.selected(0, index).ints().reduce(0, +)
            let references = try (0..<TransformerConfiguration.maximumReferences).map { "ref\(index)_\($0)" }
                .filter { goldens.has(file, $0) }.map { try goldens.input(file, $0) }
            return .init(
                latent: try goldens.input(file, "x1_\(index)"), references: references,
                text: try text.selected(0, index).narrowed(0, 0..<length))
        }
    }

    func compare(_ settings: JSONValue) throws {
        let batch = try batch()
        let draw = try loss.draw(batch, Generator(seed: seed))
        let noisy = try loss.noisy(batch, draw)
        try check("u", Tensor(draw.numbers, [draw.numbers.count]))
        try check("t", Tensor(draw.times, [draw.times.count]))
        let gradients = try withGradients {
            let model = try Transformer(parameters.weights(), loss.configuration)
            let predictions = try loss.predict(model, batch, draw, DirectExecution())
            let errors = try Tensor.stacked(loss.errors(predictions, batch, draw))
            let count = batch.map(\.latent.count).reduce(0, +)
            let mean = try errors.sum() / Double(count)
            for index in batch.indices {
                try check("x0_\(index)", draw.noises[index])
                try check("xt_\(index)", noisy[index])
                try check("pred_\(index)", predictions[index].detached())
            }
            try check("task_loss", errors.detached())
            try check("loss", mean.detached())
            try mean.backward()
            return try parameters.gradients()
        }
        try compareGradients(gradients, settings)
        if let optimizer = settings["adamw"], goldens.names(file).contains(where: { $0.hasPrefix("adamw.") }),
            name == Self.optimizerCase(goldens, file)
        {
            try compareStep(gradients, optimizer)
        }
    }

    /// The case whose gradients the recorded step takes.
    private static func optimizerCase(_ goldens: Goldens, _ file: String) -> String {
        let record = goldens.names(file).first { $0.hasPrefix("adamw.") } ?? ""
        let how = goldens.how(file, record)
        let cases = goldens.cases(file).filter { name in
            goldens.names(file).contains { $0.hasPrefix("\(name).grad.") && !$0.contains(".lora_") }
        }
        return cases.first { how.contains($0 + "'s") } ?? cases.first ?? ""
    }

    private func check(_ part: String, _ tensor: Tensor) throws {
        if goldens.has(file, "\(name).\(part)") { try goldens.check(file, "\(name).\(part)", tensor) }
    }

    /// Every recorded gradient number by number and as a whole, and the norms of all.
    private func compareGradients(_ gradients: [Tensor], _ settings: JSONValue) throws {
        let norms = settings["\(name).grad_norms"]?.members ?? [:]
        let without = (settings["\(name).grad_none"]?.array ?? []).compactMap(\.string)
        var found = 0
        for (parameter, gradient) in zip(parameters.list, gradients) {
            let path = RecordedPairs.recorded(parameter.path)
            if without.contains(path) || norms[path] != nil { found += 1 }
            if let norm = norms[path]?.double {
                let own = try Gradients.norm([gradient])
                let isSame = abs(own - norm) <= max(Self.relativeTolerance * norm, Self.roundingFloor)
                goldens.check("training_cases.json", case: "\(name).grad_norms.\(path)", isSame)
            }
            let record = "\(name).grad.\(path)"
            guard goldens.has(file, record) else { continue }
            try goldens.check(file, record, gradient)
            let expected = try goldens.recorded(file, record).to(goldens.device)
            let distance = try Gradients.norm([gradient - expected])
            let norm = try Gradients.norm([expected])
            let isClose = distance <= max(Self.relativeTolerance * norm, Self.roundingFloor)
            goldens.check("training_cases.json", case: "\(record) to 1e-4", isClose)
        }
        if !norms.isEmpty {
            goldens.check("training_cases.json", case: "\(name): every parameter", found == norms.count + without.count)
        }
    }

    private func compareStep(_ gradients: [Tensor], _ settings: JSONValue) throws {
        guard let rate = settings["lr"]?.double, let maximum = settings["max_grad_norm"]?.double,
            let recorded = settings["total_grad_norm"]?.double, let betas = settings["betas"]?.array, betas.count == 2,
            let beta1 = betas[0].double, let beta2 = betas[1].double, let decay = settings["weight_decay"]?.double,
            let epsilon = settings["eps"]?.double
        else { throw ParityError("training_cases.json: adamw lacks a setting") }
        let norm = try Gradients.norm(gradients)
        goldens.check(
            "training_cases.json", case: "adamw.total_grad_norm",
            abs(norm - recorded) <= Self.relativeTolerance * recorded)
        try Gradients.scale(gradients, by: Gradients.clipping(norm, to: maximum))
        var options = AdamW.Options()
        (options.beta1, options.beta2, options.decay, options.epsilon) = (beta1, beta2, decay, epsilon)
        try AdamW(parameters.list.map(\.value), options).step(gradients, rate: rate)
        for parameter in parameters.list where goldens.has(file, "adamw.\(parameter.path)") {
            try goldens.check(file, "adamw.\(parameter.path)", parameter.value.detached())
        }
    }
}

/// The recorded pairs of an adapter, under the names of a file.
private final class RecordedPairs: WeightSource {
    private static let prefix = "lora_init."
    private let goldens: Goldens
    private let file: String

    init(_ goldens: Goldens, _ file: String) {
        self.goldens = goldens
        self.file = file
    }

    /// The name a record has for a parameter.
    static func recorded(_ path: String) -> String {
        guard path.hasSuffix(".lora_A.weight") || path.hasSuffix(".lora_B.weight") else { return path }
        return path.dropLast(".weight".count) + ".default.weight"
    }

    /// Paths of the adapted layers.
    var layers: [String] {
        goldens.names(file).filter { $0.hasPrefix(Self.prefix) && $0.hasSuffix(".lora_A.default.weight") }
            .map { String($0.dropFirst(Self.prefix.count).dropLast(".lora_A.default.weight".count)) }
    }

    func rank() throws -> Int {
        guard let layer = layers.first else { throw ParityError("\(file) holds no adapter") }
        return try goldens.recorded(file, Self.prefix + layer + ".lora_A.default.weight").size(0)
    }

    var origin: String { file }
    var names: [String]? { nil }
    func shape(of name: String) -> [Int]? { nil }

    func tensor(_ name: String, _ shape: [Int], initial: InitialValue) throws -> Tensor? {
        let record = Self.prefix + Self.recorded(name)
        return goldens.has(file, record) ? try goldens.input(file, record) : nil
    }
}
