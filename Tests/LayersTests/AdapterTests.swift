import Testing

@testable import Layers
@testable import Torch

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Runs `body` on the engine's thread, with a folder for files.
private func withEngineAndFolder(_ body: @escaping @Engine @Sendable (String) throws -> Void) async throws {
    try await withEngine { try withSafetensorsFolder { folder in try body(folder) } }
}

@Engine
private func adapters(_ path: String, scale: Double = 1, merged: Bool = false) throws -> AdapterSet {
    var set = AdapterSet(merged: merged)
    set.add(try AdapterFile(path: path).match(SmallModel()).pairs, scale: scale)
    return set
}

private func largestDifference(_ a: [Float], _ b: [Float]) -> Float {
    a.count == b.count ? zip(a, b).map { abs($0 - $1) }.max() ?? 0 : .infinity
}

@Suite struct AdapterTests {
    @Test(arguments: Spelling.all)
    func everySpellingIsTheSameAdapter(spelling: Spelling) async throws {
        try await withEngineAndFolder { folder in
            try AdapterTensors.pairs().write(to: folder + "/peft.safetensors")
            try AdapterTensors.pairs(spelling).write(to: folder + "/other.safetensors")
            let match = try AdapterFile(path: folder + "/other.safetensors").match(SmallModel())
            #expect(match.pairs.keys.sorted() == SmallModel.layers.keys.sorted() && match.unmatched.isEmpty)
            let expected = try SmallModel.output(adapters(folder + "/peft.safetensors"))
            #expect(try SmallModel.output(adapters(folder + "/other.safetensors")) == expected)
            #expect(try SmallModel.output() != expected)
        }
    }

    /// Against the formula, written out in float64.
    @Test func aPairAddsUpTimesDownTimesScale() async throws {
        try await withEngine {
            let down = try Tensor.randn([2, 8], Generator(seed: 1))
            let up = try Tensor.randn([6, 2], Generator(seed: 2))
            let x = try Tensor.randn([5, 8], Generator(seed: 11))
            var set = AdapterSet()
            set.add(["layers.0.attn.to_q": LowRankAdapter(down: down, up: up, scale: 0.5)], scale: -3)
            let added = try zip(SmallModel.output(set).prefix(30), SmallModel.output().prefix(30)).map { $0 - $1 }
            let (a, b, inputs) = (try down.doubles(), try up.doubles(), try x.doubles())
            for row in 0..<5 {
                for column in 0..<6 {
                    let sum = (0..<2).reduce(0.0) { sum, r in
                        sum + b[column * 2 + r] * (0..<8).reduce(0.0) { $0 + a[r * 8 + $1] * inputs[row * 8 + $1] }
                    }
                    #expect(abs(Double(added[row * 6 + column]) - sum * -1.5) < 2e-5)
                }
            }
        }
    }

    @Test func aScaleOfZeroIsTheModelWithoutBitForBit() async throws {
        try await withEngineAndFolder { folder in
            try AdapterTensors.pairs().write(to: folder + "/a.safetensors")
            for dtype in [DType.float32, .bfloat16] {
                let base = try SmallModel.output(dtype: dtype)
                for merged in [false, true] {
                    let none = try adapters(folder + "/a.safetensors", scale: 0, merged: merged)
                    #expect(try SmallModel.output(none, dtype: dtype) == base)
                }
            }
        }
    }

    @Test func adaptersAddUpAndMergedIsTheSame() async throws {
        try await withEngineAndFolder { folder in
            try AdapterTensors.pairs(rank: 2, seed: 1).write(to: folder + "/a.safetensors")
            try AdapterTensors.pairs(rank: 3, seed: 2).write(to: folder + "/b.safetensors")
            @Engine func both(_ merged: Bool) throws -> AdapterSet {
                var set = AdapterSet(merged: merged)
                set.add(try AdapterFile(path: folder + "/a.safetensors").match(SmallModel()).pairs, scale: 0.1)
                set.add(try AdapterFile(path: folder + "/b.safetensors").match(SmallModel()).pairs, scale: -0.2)
                return set
            }
            // The first layer alone is linear in its adapters.
            @Engine func first(_ set: AdapterSet) throws -> [Float] { try Array(SmallModel.output(set).prefix(30)) }
            let base = try first(AdapterSet())
            let a = try first(adapters(folder + "/a.safetensors", scale: 0.1))
            let b = try first(adapters(folder + "/b.safetensors", scale: -0.2))
            let sum = base.indices.map { a[$0] + b[$0] - base[$0] }
            #expect(largestDifference(try first(both(false)), sum) < 1e-5)
            #expect(largestDifference(try SmallModel.output(both(false)), try SmallModel.output(both(true))) < 1e-5)
        }
    }

    @Test func aModelIsBuiltAgainFromTheSameMemory() async throws {
        try await withEngineAndFolder { folder in
            try AdapterTensors.pairs().write(to: folder + "/a.safetensors")
            let model = SmallModel()
            let source = ResidentSource(model, dtype: .bfloat16)
            let before = try SmallModel.output(dtype: .bfloat16, source: source)
            @Engine func memory(_ adapters: AdapterSet) throws -> UnsafeRawPointer? {
                let weights = Weights(source, dtype: .bfloat16, adapters: adapters)
                return try Linear(weights["layers.0.attn.to_q"], 8, 6, bias: false).memory
            }
            let adapted = try adapters(folder + "/a.safetensors")
            #expect(try SmallModel.output(adapted, dtype: .bfloat16, source: source) != before)
            #expect(try SmallModel.output(dtype: .bfloat16, source: source) == before)
            let merged = try adapters(folder + "/a.safetensors", merged: true)
            #expect(try memory(adapted) == memory(AdapterSet()) && memory(merged) != memory(AdapterSet()))
            #expect(try SmallModel.output(dtype: .bfloat16, source: source) == before)
            #expect(model.reads == 2)
        }
    }

    @Test func aPairThatNoLinearLayerTakesIsAnError() async throws {
        try await withEngine {
            var set = AdapterSet()
            let pair = LowRankAdapter(down: try .zeros([1, 8]), up: try .zeros([8, 1]), scale: 1)
            set.add(["norm": pair], scale: 1)
            let weights = Weights(RandomSource(seed: 1), adapters: set)
            _ = try weights["norm"].tensor("weight", 8, initial: .ones)
            #expect(throws: AdapterError.self) { try weights.requireAllConsumed() }
        }
    }
}

/// What a file's pairs are multiplied by.
@Suite struct AdapterScaleTests {
    private struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        var alpha: Float?
        var metadata: [String: String] = [:]
        var configuration: String?
        /// Of `to_out.0`, then `to_q`; the rank is 2.
        let scales: [Double]
        var testDescription: String { name }
    }

    private static let cases = [
        Case(name: "nothing said", scales: [1, 1]),
        Case(name: "alpha beside each pair", alpha: 6, scales: [3, 3]),
        Case(name: "alpha of zero", alpha: 0, scales: [0, 0]),
        Case(name: "configuration", configuration: #"{"r": 2, "lora_alpha": 8}"#, scales: [4, 4]),
        Case(
            name: "root of the rank", configuration: #"{"r": 2, "lora_alpha": 8, "use_rslora": true}"#,
            scales: [8 / 2.0.squareRoot(), 8 / 2.0.squareRoot()]),
        Case(
            name: "patterns",
            configuration: #"""
                {"r": 16, "lora_alpha": 8, "rank_pattern": {"to_q": 2, "attn.to_out.0": 2}, "peft_type": "LORA",
                 "alpha_pattern": {"layers\\.\\d+\\.attn\\.to_q": 5}}
                """#, scales: [4, 2.5]),
        Case(
            name: "a pair's own alpha goes first", alpha: 6, configuration: #"{"r": 2, "lora_alpha": 8}"#,
            scales: [3, 3]),
        Case(
            name: "metadata of diffusers",
            metadata: ["lora_adapter_metadata": #"{"transformer.r": 2, "transformer.lora_alpha": 3}"#],
            configuration: #"{"r": 2, "lora_alpha": 8}"#, scales: [1.5, 1.5]),
        Case(name: "metadata of kohya", metadata: ["ss_network_alpha": "1.0"], scales: [0.5, 0.5]),
        Case(name: "kohya without alpha", metadata: ["ss_network_alpha": "None"], scales: [1, 1]),
    ]

    @Test(arguments: cases, ["adapter_model", "pytorch_lora_weights"])
    private func scale(item: Case, name: String) async throws {
        try await withEngineAndFolder { folder in
            try AdapterTensors.pairs(alpha: item.alpha).write(
                to: "\(folder)/\(name).safetensors", metadata: item.metadata)
            if let text = item.configuration { try writeText(text, to: folder + "/adapter_config.json") }
            // The folder, and the file in it.
            for path in [folder, "\(folder)/\(name).safetensors"] {
                let pairs = try AdapterFile(path: path).match(SmallModel()).pairs
                #expect(pairs.sorted { $0.key < $1.key }.map(\.value.scale) == item.scales)
            }
        }
    }

    @Test(arguments: [
        (#"{"r": 8, "lora_alpha": 8}"#, #"has shape [2, 6], the model asks for [8, 6]"#),
        (#"{"use_dora": true}"#, "DoRA is not supported"),
        (#"{"peft_type": "LOHA"}"#, #"peft_type "LOHA" is not supported"#),
        (#"{"r": "two"}"#, "r has the wrong type"),
        ("[", "is not a PEFT configuration"),
    ])
    func aConfigurationThatDoesNotFitIsNamed(text: String, words: String) async throws {
        try await withEngineAndFolder { folder in
            try AdapterTensors.pairs().write(to: folder + "/adapter_model.safetensors")
            try writeText(text, to: folder + "/adapter_config.json")
            let error = #expect(throws: AdapterError.self) { try AdapterFile(path: folder).match(SmallModel()) }
            #expect(error?.description.contains(words) == true, "\(error?.description ?? "")")
        }
    }
}

/// What does not belong to the model, and what is broken.
@Suite struct ForeignAdapterTests {
    @Test(arguments: [
        ("text_encoder.model.layers.0.self_attn.q_proj.lora_A.weight", "belongs to the language model"),
        ("mllm.layers.0.attn.to_q.lora_A.weight", "belongs to the language model"),
        ("lora_te_layers_0_attn_to_q.lora_down.weight", "belongs to the language model"),
        ("transformer.layers.9.attn.to_q.lora_A.weight", "the model has no such layer"),
        ("layers.0.attn.to_q.lokr_w1", "LoKr is not supported"),
        ("layers.0.attn.to_q.hada_w1_a", "LoHa is not supported"),
        ("layers.0.attn.to_q.lora_B.bias", "a bias, not a low-rank pair"),
        ("norm.weight", "not part of a low-rank pair"),
        ("norm.lora_A.weight", "the model has no such layer"),
        ("lora_A.weight", "not part of a low-rank pair"),
    ])
    func aKeyThatIsNotUsedIsCountedWithItsReason(key: String, reason: String) async throws {
        try await withEngineAndFolder { folder in
            var file = AdapterTensors.pairs()
            file.add(key, [2, 8], seed: 5)
            try file.write(to: folder + "/a.safetensors")
            let match = try AdapterFile(path: folder + "/a.safetensors").match(SmallModel())
            #expect(match.pairs.count == 2)
            #expect(match.unmatched == [UnmatchedKey(key: key, reason: reason)])
            var alone = AdapterTensors()
            alone.add(key, [2, 8], seed: 5)
            try alone.write(to: folder + "/b.safetensors")
            let error = #expect(throws: AdapterError.self) {
                try AdapterFile(path: folder + "/b.safetensors").match(SmallModel())
            }
            #expect(error?.description.contains("none of its 1 keys belongs to the model") == true)
        }
    }

    private struct Broken: Sendable, CustomTestStringConvertible {
        let key: String
        let shape: [Int]
        let words: String
        var testDescription: String { words }
    }

    private static let broken = [
        Broken(
            key: "layers.0.attn.to_q.lora_A.weight", shape: [2, 9],
            words: #"tensor "layers.0.attn.to_q.lora_A.weight" has shape [2, 9], the model asks for [rank, 8]"#),
        Broken(
            key: "layers.0.attn.to_q.lora_B.weight", shape: [6, 3],
            words: #"tensor "layers.0.attn.to_q.lora_B.weight" has shape [6, 3], the model asks for [6, 2]"#),
        Broken(key: "layers.0.attn.to_q.lora_A.weight", shape: [0, 8], words: "[rank, 8]"),
        Broken(key: "layers.0.attn.to_q.alpha", shape: [2], words: "the model asks for []"),
        Broken(key: "layers.0.attn.to_q.lora_magnitude_vector.weight", shape: [6], words: "DoRA is not supported"),
        Broken(key: "layers.0.attn.to_q.dora_scale", shape: [6, 1], words: "DoRA is not supported"),
        Broken(key: "layers.0.attn.to_q.lora_A.second.weight", shape: [2, 8], words: "is the same part of a pair"),
        Broken(key: "transformer.layers.0.attn.to_q", shape: [], words: "a second pair for layers.0.attn.to_q"),
    ]

    @Test(arguments: broken)
    private func whatCannotBeUsedIsOneClearLine(item: Broken) async throws {
        try await withEngineAndFolder { folder in
            var file = AdapterTensors.pairs()
            if item.shape.isEmpty {
                file.add(item.key + ".lora_A.weight", [2, 8], seed: 5)
                file.add(item.key + ".lora_B.weight", [6, 2], seed: 6)
            } else {
                file.tensors.removeAll { $0.name == item.key }
                file.add(item.key, item.shape, seed: 5)
            }
            try file.write(to: folder + "/a.safetensors")
            let error = #expect(throws: AdapterError.self) {
                try AdapterFile(path: folder + "/a.safetensors").match(SmallModel())
            }
            #expect(error?.description.contains(item.words) == true, "\(error?.description ?? "")")
            #expect(error?.description.contains("\n") == false)
        }
    }

    @Test func halfAPairAndAConvolutionAreLeftOut() async throws {
        try await withEngineAndFolder { folder in
            var file = AdapterTensors.pairs()
            file.tensors.removeAll { $0.name == "layers.0.attn.to_q.lora_B.weight" }
            try file.write(to: folder + "/a.safetensors")
            let half = try AdapterFile(path: folder + "/a.safetensors").match(SmallModel())
            #expect(half.unmatched.map(\.reason) == ["the other half of its pair is missing"])
            file.tensors.removeAll { $0.name.hasPrefix("layers.0.attn.to_q") }
            file.add("layers.0.attn.to_q.lora_A.weight", [2, 8, 1, 1], seed: 1)
            file.add("layers.0.attn.to_q.lora_B.weight", [6, 2, 1, 1], seed: 2)
            try file.write(to: folder + "/b.safetensors")
            let convolution = try AdapterFile(path: folder + "/b.safetensors").match(SmallModel())
            #expect(convolution.unmatched.map(\.reason) == ["a convolution's pair", "a convolution's pair"])
        }
    }

    @Test func aMissingFileAnEmptyFolderAndATruncatedFileAreNamed() throws {
        try withSafetensorsFolder { folder in
            let missing = #expect(throws: AdapterError.self) { try AdapterFile(path: folder + "/none.safetensors") }
            #expect(missing?.description == "\(folder)/none.safetensors: no such adapter")
            #expect(throws: AdapterError.self) { try AdapterFile(path: folder) }
            let path = folder + "/a.safetensors"
            try AdapterTensors.pairs().write(to: path)
            let whole = try Data(contentsOf: URL(fileURLWithPath: path))
            for length in [0, 7, 100, whole.count - 1] {
                try whole.prefix(length).write(to: URL(fileURLWithPath: path))
                #expect(throws: SafetensorsError.self) { try AdapterFile(path: path) }
            }
        }
    }

    @Test func aNameOfUnderscoresThatCouldBeTwoLayersIsLeftOut() {
        let source = ShapeSource(["a.b_c.weight": [2, 2], "a_b.c.weight": [2, 2]], origin: "model")
        let place = AdapterModules(source).place(of: "lora_unet_a_b_c")
        #expect(place == .nowhere(reason: "could be any of a.b_c, a_b.c"))
    }
}
