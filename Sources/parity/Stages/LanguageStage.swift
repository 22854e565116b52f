import Imaging
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
    /// Positions of prompts with pictures, on three axes.
    static let multimodalPositions = Stage(name: "mrope", files: ["mrope.safetensors"]) { goldens in
        let file = "mrope.safetensors"
        let configuration = try goldens.languageModelConfiguration()
        for name in goldens.cases(file) {
            let ids = try goldens.input(file, "\(name).input_ids").ints()
            let grids = goldens.has(file, "\(name).grid_thw") ? try goldens.grids(file, "\(name).grid_thw") : []
            try checkPositions(
                goldens, file, name, ids, grids.map { $0.merged(configuration.vision.mergeSize) },
                configuration.imageTokenID)
        }
    }

    private static func checkPositions(
        _ goldens: Goldens, _ file: String, _ name: String, _ ids: [Int], _ grids: [PatchGrid], _ imageTokenID: Int
    ) throws {
        let positions = try MultimodalPosition.positions(ids, grids: grids, imageTokenID: imageTokenID)
        let axes = positions.map(\.time) + positions.map(\.row) + positions.map(\.column)
        try goldens.check(file, "\(name).position_ids", axes)
        if goldens.has(file, "\(name).rope_deltas") {
            try goldens.check(file, "\(name).rope_deltas", [MultimodalPosition.delta(positions)])
        }
    }

    static let vision = Stage(name: "vision", files: ["vision.safetensors"]) { goldens in
        let file = "vision.safetensors"
        let tower = try goldens.visionTower()
        for name in goldens.cases(file) {
            let pixels = try goldens.input(file, "\(name).pixel_values")
            let grids = try goldens.grids(file, "\(name).grid_thw")
            let configuration = tower.configuration
            let windows = VisionWindows(grids, window: configuration.windowPatches, merge: configuration.mergeSize)
            try goldens.check(file, "\(name).window_index", windows.order)
            try goldens.check(file, "\(name).cu_window_seqlens", windows.boundaries)
            let angles = VisionTower.angles(grids, configuration)
            try goldens.check(
                file, "\(name).rot_pos_emb",
                Tensor(angles.flatMap { $0 }, [angles.count, configuration.headSize / 2]))
            var between: [(String, Tensor)] = []
            let output = try tower(pixels, grids) { between.append(($0, $1)) }
            try goldens.check(file, "\(name).output", output)
            for (part, tensor) in between where goldens.has(file, "\(name).\(part)") {
                try goldens.check(file, "\(name).\(part)", tensor)
            }
            if goldens.has(file, "\(name).output_bf16") {
                let rounded = try goldens.visionTower(.bfloat16)
                try goldens.check(file, "\(name).output_bf16", rounded(pixels.to(.bfloat16), grids))
            }
        }
    }

    /// Hidden states of every layer, for text, for text with pictures, and for a ragged batch.
    static let languageModel = Stage(name: "mllm", files: ["mllm.safetensors"]) { goldens in
        let file = "mllm.safetensors"
        let model = try goldens.languageModel()
        let cases = try goldens.json("mllm_cases.json")
        for name in goldens.cases(file) {
            guard let settings = cases[name] else { throw ParityError("mllm_cases.json has no case \(name)") }
            if settings["prompts"] == nil {
                try checkPrompt(goldens, file, name, settings, model)
            } else {
                try checkBatch(goldens, file, name, settings, model)
            }
        }
    }

    private static func checkPrompt(
        _ goldens: Goldens, _ file: String, _ name: String, _ settings: JSONValue, _ model: LanguageModel
    ) throws {
        let merge = model.configuration.vision.mergeSize
        var features: Tensor?
        var grids: [PatchGrid] = []
        if let sizes = settings["images"]?.array {
            let images = try sizes.map { try goldens.image($0) }
            let patches = try ImageProcessor(model.configuration.vision).patches(images)
            try goldens.check(file, "\(name).pixel_values", patches.tensor())
            try goldens.check(file, "\(name).image_grid_thw", patches.grids.flatMap { [1, $0.rows, $0.columns] })
            grids = patches.grids
            features = try goldens.visionTower()(goldens.input(file, "\(name).pixel_values"), grids)
        }
        let counts = grids.map { $0.merged(merge).count }
        let text = try ChatTemplate.expandImagePads(
            in: ChatTemplate.chatPrompt(settings["prompt"]?.string ?? "", imageCount: counts.count),
            tokensPerImage: counts)
        goldens.check("mllm_cases.json", case: name, text == settings["text"]?.string)
        let ids = try goldens.tokenizer().encode(text)
        try goldens.check(file, "\(name).input_ids", ids)
        try goldens.check(file, "\(name).attention_mask", ids.map { _ in 1 })
        try checkPositions(
            goldens, file, name, ids, grids.map { $0.merged(merge) }, model.configuration.imageTokenID)

        let positions = try MultimodalPosition.positions(
            ids, grids: grids.map { $0.merged(merge) }, imageTokenID: model.configuration.imageTokenID)
        var states: [Tensor] = []
        let embedded = try model.embed(ids, images: features)
        let last = try model(PackedTokens([embedded]), positions) { states.append($1) }.tokens
        for (index, state) in (states + [last]).enumerated() {
            try goldens.check(file, "\(name).hidden\(index)", state.unsqueezed(0))
        }
        try goldens.check(
            file, "\(name).logits_last", model.logits(last.narrowed(0, ids.count - 1..<ids.count)))
    }

    private static func checkBatch(
        _ goldens: Goldens, _ file: String, _ name: String, _ settings: JSONValue, _ model: LanguageModel
    ) throws {
        let tokenizer = try goldens.tokenizer()
        let texts = (settings["prompts"]?.array ?? []).map { ChatTemplate.imagePrompt($0.string ?? "") }
        goldens.check("mllm_cases.json", case: name, texts == (settings["texts"]?.array ?? []).map { $0.string ?? "" })
        let batch = try tokenizer.encodeBatch(texts)
        let ids = zip(batch.ids, batch.attentionMask).map { Array($0.prefix($1.reduce(0, +))) }
        try goldens.check(file, "\(name).input_ids", batch.ids.flatMap { $0 })
        try goldens.check(file, "\(name).attention_mask", batch.attentionMask.flatMap { $0 })
        // The original gives padding the position 1.
        let axis = batch.attentionMask.flatMap { row in row.enumerated().map { $1 == 1 ? $0 : 1 } }
        try goldens.check(file, "\(name).position_ids", axis + axis + axis)

        func states(_ model: LanguageModel) throws -> [Tensor] {
            let embedded = try PackedTokens(ids.map { try model.embed($0) })
            return try model(embedded, ids.flatMap { MultimodalPosition.text(0..<$0.count) }).sequences()
        }
        try goldens.check(file, "\(name).hidden_last", rows: states(model))
        if goldens.has(file, "\(name).hidden_last_bf16") {
            try goldens.check(file, "\(name).hidden_last_bf16", rows: states(goldens.languageModel(.bfloat16)))
        }
    }
}

extension Goldens {
    func languageModelConfiguration() throws -> LanguageModelConfiguration {
        try modelFolder().languageModelConfiguration()
    }

    /// Rows and columns of [pictures, 3] (time, height, width).
    func grids(_ file: String, _ name: String) throws -> [PatchGrid] {
        let values = try input(file, name).ints()
        return stride(from: 0, to: values.count, by: 3).map {
            PatchGrid(rows: values[$0 + 1], columns: values[$0 + 2])
        }
    }

    /// The set's picture of a size given as [width, height].
    func image(_ size: JSONValue) throws -> Image {
        let sides = size.ints ?? []
        guard sides.count == 2 else { throw ParityError("a picture's size must be [width, height]") }
        let prefix = "img_\(sides[0])x\(sides[1])_"
        let files = try FileManager.default.contentsOfDirectory(atPath: folder + "/images").sorted()
        guard let file = files.first(where: { $0.hasPrefix(prefix) }) else {
            throw ParityError("\(folder)/images: no picture of \(sides[0])x\(sides[1])")
        }
        return try Image(contentsOf: "\(folder)/images/\(file)")
    }
}
