import Testing
import Torch

@testable import Layers

/// Two linear layers and a norm, with random numbers, that know their names as a checkpoint does.
final class SmallModel: WeightSource {
    static let layers = ["layers.0.attn.to_q": [6, 8], "layers.0.attn.to_out.0": [8, 6]]
    private let random = RandomSource(seed: 3)
    private let shapes: [String: [Int]]
    private(set) var reads = 0

    init() {
        shapes = Dictionary(uniqueKeysWithValues: Self.layers.map { ($0.key + ".weight", $0.value) })
            .merging(["norm.weight": [8]]) { $1 }
    }

    var origin: String { "model" }
    var names: [String]? { Array(shapes.keys) }
    func shape(of name: String) -> [Int]? { shapes[name] }
    func tensor(_ name: String, _ shape: [Int], initial: InitialValue) throws -> Tensor? {
        reads += 1
        return shapes[name] == nil ? nil : try random.tensor(name, shape, initial: .normal(0.5))
    }

    /// What the first layer, then the second make of fixed inputs.
    @Engine
    static func output(
        _ adapters: AdapterSet = AdapterSet(), dtype: DType = .float32, source: any WeightSource = SmallModel()
    ) throws -> [Float] {
        let weights = Weights(source, dtype: dtype, adapters: adapters)
        let x = try Tensor.randn([5, 8], Generator(seed: 11)).to(dtype)
        let attention = weights["layers"][0]["attn"]
        let first = try Linear(attention["to_q"], 8, 6, bias: false)(x)
        return try first.floats() + Linear(attention["to_out"][0], 6, 8, bias: false)(first).floats()
    }
}

/// The tensors of an adapter file before they are written.
struct AdapterTensors {
    var tensors: [SafetensorsWriter.Tensor] = []

    mutating func add(_ name: String, _ shape: [Int], _ values: [Float]) {
        let bytes = values.flatMap { value in withUnsafeBytes(of: value.bitPattern.littleEndian) { Array($0) } }
        tensors.append(SafetensorsWriter.Tensor(name: name, elementType: .float32, shape: shape, bytes: bytes))
    }

    mutating func add(_ name: String, _ shape: [Int], seed: UInt64) {
        add(name, shape, Generator(seed: seed).randn(shape.reduce(1, *)))
    }

    /// A pair for each layer of `SmallModel`, under the names that `spelling` makes.
    static func pairs(
        rank: Int = 2, seed: UInt64 = 1, alpha: Float? = nil, _ spelling: Spelling = .peft
    ) -> AdapterTensors {
        var file = AdapterTensors()
        for (index, layer) in SmallModel.layers.sorted(by: { $0.key < $1.key }).enumerated() {
            let module = spelling.module(layer.key)
            let seed = seed * 100 + UInt64(index) * 2
            file.add(module + spelling.down, [rank, layer.value[1]], seed: seed)
            file.add(module + spelling.up, [layer.value[0], rank], seed: seed + 1)
            if let alpha { file.add(module + ".alpha", [], [alpha]) }
        }
        return file
    }

    func write(to path: String, metadata: [String: String] = [:]) throws {
        try SafetensorsWriter.write(tensors, metadata: metadata, to: path)
    }
}

/// How a trainer names modules, and the halves of a pair.
struct Spelling: Sendable, CustomTestStringConvertible {
    let prefix: String
    var usesUnderscores = false
    var down = ".lora_A.weight"
    var up = ".lora_B.weight"

    static let peft = Spelling(prefix: "")
    static let all = [
        peft, Spelling(prefix: "transformer."), Spelling(prefix: "base_model.model."),
        Spelling(prefix: "base_model.model.transformer."), Spelling(prefix: "diffusion_model."),
        Spelling(prefix: "model.diffusion_model."),
        Spelling(prefix: "", down: ".lora_A.default.weight", up: ".lora_B.default.weight"),
        Spelling(prefix: "transformer.", down: ".lora_A.my_style.weight", up: ".lora_B.my_style.weight"),
        Spelling(prefix: "diffusion_model.", down: ".lora_down.weight", up: ".lora_up.weight"),
        Spelling(prefix: "transformer.", down: ".lora.down.weight", up: ".lora.up.weight"),
        Spelling(prefix: "lora_unet_", usesUnderscores: true, down: ".lora_down.weight", up: ".lora_up.weight"),
        Spelling(prefix: "lora_transformer_", usesUnderscores: true, down: ".lora_down.weight", up: ".lora_up.weight"),
        Spelling(prefix: "lora_unet_", usesUnderscores: true),
    ]

    var testDescription: String { module("layers.0") + down }

    func module(_ path: String) -> String {
        prefix + (usesUnderscores ? String(path.map { $0 == "." ? "_" : $0 }) : path)
    }
}
