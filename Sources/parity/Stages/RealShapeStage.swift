import Diffusion
import Layers
import OmniGen2
import QwenVL
import Torch

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

extension Stage {
    /// One block of each kind at the width of the published model, with weights from a formula.
    static let realShapes = Stage(name: "realshape", files: ["realshape.safetensors"]) { goldens in
        let set = try RealShapes(goldens)
        try set.checkFormula()
        try set.checkTransformer()
        try set.checkLanguageModel()
        try set.checkAutoencoder()
    }
}

private struct RealShapes {
    private let goldens: Goldens
    private let settings: JSONValue
    private let file = "realshape.safetensors"
    private let cases = "realshape.json"

    init(_ goldens: Goldens) throws {
        self.goldens = goldens
        settings = try goldens.json(cases)
    }

    private func weights(_ part: String, _ dtype: DType = .float32) -> Weights {
        let shapes = (settings["names"]?[part]?.members ?? [:]).compactMapValues(\.ints)
        let source = FormulaSource(prefix: settings["prefix"]?[part]?.string ?? "", shapes: shapes)
        return Weights(source, dtype: dtype, device: goldens.device, storage: Kernels.storage)
    }

    private func configuration<T: Decodable>(_ type: T.Type, _ value: JSONValue?) throws -> T {
        try JSONDecoder().decode(type, from: JSONEncoder().encode(value ?? .null))
    }

    /// The samples are the first numbers of tensors under the set's name; the shapes are not given, so the fan-in,
    /// which scales matrices, is the one that explains the first number.
    func checkFormula() throws {
        for (name, samples) in (settings["formula_samples"]?.members ?? [:]).sorted(by: { $0.key < $1.key }) {
            let expected = (samples.array ?? []).compactMap { $0.double.map(Float.init) }
            let key = "\(goldens.manifest.set ?? "public")/\(name)"
            let shapes = [[expected.count]] + (1...Self.largestFanIn).map { [1, $0] }
            let matches = shapes.contains { shape in
                FormulaSource.values(key, shape, count: expected.count) == expected
            }
            goldens.check(cases, case: "formula \(name)", matches)
        }
    }

    private static let largestFanIn = 1 << 15

    func checkTransformer() throws {
        let configuration = try configuration(TransformerConfiguration.self, settings["dit"])
        func sample(_ references: Bool) throws -> Transformer.Sample {
            Transformer.Sample(
                latent: try goldens.input(file, "dit.latent").selected(0, 0),
                references: references ? [try goldens.input(file, "dit.ref")] : [],
                text: try goldens.input(file, "dit.text").selected(0, 0),
                timestep: try goldens.input(file, "dit.t").floats()[0])
        }
        let weights = weights("dit")
        let model = try Transformer(weights, configuration)
        try weights.requireAllConsumed()
        let plain = try sample(false)
        try goldens.check(file, "dit.temb", model.timeCaption.time([plain.timestep]))
        try goldens.check(file, "dit.caption", model.timeCaption.text(plain.text).unsqueezed(0))
        try goldens.check(file, "dit.out_noref", model([plain])[0].unsqueezed(0))
        let referenced = try sample(true)
        try goldens.check(file, "dit.out_ref", model([referenced])[0].unsqueezed(0))
        if goldens.has(file, "dit.out_ref_bf16") {
            let rounded = try Transformer(self.weights("dit", .bfloat16), configuration)
            try goldens.check(
                file, "dit.out_ref_bf16", rounded([referenced.converted(.bfloat16)])[0].unsqueezed(0))
        }
    }

    func checkLanguageModel() throws {
        var language = settings["mllm"]?.members ?? [:]
        language["vision_config"] = settings["mllm_vision"] ?? .null
        let configuration = try configuration(LanguageModelConfiguration.self, .object(language))
        let weights = weights("mllm")
        let tower = try VisionTower(weights["visual"], configuration.vision)
        let model = try LanguageModel(weights, configuration)
        try weights.requireAllConsumed { configuration.tiesEmbeddings && $0 == "lm_head.weight" }

        let grids = try goldens.grids(file, "mllm.image_grid_thw")
        let features = try tower(goldens.input(file, "mllm.pixel_values"), grids)
        try goldens.check(file, "mllm.vision", features)
        let ids = try goldens.input(file, "mllm.input_ids").ints()
        let positions = try MultimodalPosition.positions(
            ids, grids: grids.map { $0.merged(configuration.vision.mergeSize) },
            imageTokenID: configuration.imageTokenID)
        let last = try model(PackedTokens([model.embed(ids, images: features)]), positions).tokens
        try goldens.check(file, "mllm.hidden_last", last.unsqueezed(0))
        try goldens.check(file, "mllm.logits_last", model.logits(last.narrowed(0, ids.count - 1..<ids.count)))
    }

    func checkAutoencoder() throws {
        let configuration = try configuration(AutoencoderConfiguration.self, settings["vae"])
        let weights = weights("vae")
        let model = try Autoencoder(weights, configuration)
        try weights.requireAllConsumed()
        let posterior = try model.encode(goldens.input(file, "vae.image"))
        try goldens.check(file, "vae.mean", posterior.mean)
        try goldens.check(file, "vae.logvar", posterior.logVariance)
        try goldens.check(file, "vae.decoded", model.decodeUnscaled(goldens.input(file, "vae.latent")))
    }
}
