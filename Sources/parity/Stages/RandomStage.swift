import Torch

extension Stage {
    /// Random numbers of PyTorch's CPU generator.
    static let random = Stage(name: "rng", files: ["rng.safetensors"]) { goldens in
        let file = "rng.safetensors"
        var sequences: [String: Generator] = [:]
        for name in goldens.names(file) {
            let parts = name.split(separator: ".").map(String.init)
            guard parts.count == 4 || parts.count == 1 else { throw ParityError("\(name): an unknown kind of record") }
            switch parts[0] {
            case "randn", "rand":
                let generator = Generator(seed: try seed(parts[1], name))
                let shape = parts[2].split(separator: "x").compactMap { Int($0) }
                let dtype = try type(parts[3], name)
                let tensor =
                    parts[0] == "randn"
                    ? try Tensor.randn(shape, dtype: dtype, generator) : try Tensor.rand(shape, dtype: dtype, generator)
                try goldens.check(file, name, tensor)
            case "seq":
                let generator = try sequences[parts[1]] ?? Generator(seed: seed(parts[1], name))
                sequences[parts[1]] = generator
                try goldens.check(file, name, draw(parts[3], generator, goldens, file, name))
            case "randn_tensor_list":
                let shape = try goldens.recorded(file, name).shape
                let tensors = try goldens.how(file, name).bracketedInts(after: "generators").map {
                    try Tensor.randn([1] + shape.dropFirst(), Generator(seed: UInt64($0)))
                }
                try goldens.check(file, name, Tensor.concatenated(tensors, 0))
            default: break
            }
        }
    }

    /// The next numbers of a stream: "randn5", "rand3", "randint", "normal", "randperm".
    private static func draw(
        _ kind: String, _ generator: Generator, _ goldens: Goldens, _ file: String, _ name: String
    ) throws -> Tensor {
        let count = try goldens.recorded(file, name).count
        if kind.hasPrefix("randn") { return try Tensor.randn([count], generator) }
        if kind.hasPrefix("randint") {
            let how = goldens.how(file, name)
            let bounds = how.drop { $0 != "(" }.split { !$0.isNumber }.compactMap { Int($0) }
            guard bounds.count >= 2, bounds[0] < bounds[1] else {
                throw ParityError("\(name): the description has no bounds")
            }
            return try Tensor(generator.randint(bounds[0]..<bounds[1], count), [count])
        }
        if kind.hasPrefix("randperm") { return try Tensor(generator.randperm(count), [count]) }
        if kind.hasPrefix("normal") {
            let words = goldens.how(file, name).drop { $0 != "(" }.split { !"-.0123456789".contains($0) }
            let numbers = words.compactMap { Double($0) }
            guard numbers.count >= 2 else { throw ParityError("\(name): the description has no mean and deviation") }
            return try Tensor(generator.randn(count, mean: numbers[0], deviation: numbers[1]), [count])
        }
        return try Tensor(generator.rand(count), [count])
    }

    private static func seed(_ text: String, _ name: String) throws -> UInt64 {
        guard let seed = UInt64(text) else { throw ParityError("\(name): no seed in the name") }
        return seed
    }

    private static func type(_ text: String, _ name: String) throws -> DType {
        let types: [String: DType] = ["f32": .float32, "f64": .float64, "bf16": .bfloat16, "f16": .float16]
        guard let type = types[text] else { throw ParityError("\(name): unknown type \(text)") }
        return type
    }
}
