import Layers
import Torch

/// Weights that need no file: numbers from splitmix64 seeded with the FNV-1a hash of the name, as `realshape.json`
/// of a set describes them.
final class FormulaSource: WeightSource {
    private let prefix: String
    private let shapes: [String: [Int]]

    init(prefix: String, shapes: [String: [Int]]) {
        self.prefix = prefix
        self.shapes = shapes
    }

    var origin: String { "formula weights \(prefix)" }
    var names: [String]? { Array(shapes.keys) }
    func shape(of name: String) -> [Int]? { shapes[name] }

    func tensor(_ name: String, _ shape: [Int], initial: InitialValue) throws -> Tensor? {
        guard shapes[name] != nil else { return nil }
        return try Tensor(Self.values(prefix + name, shape), shape)
    }

    /// 1-D "...weight": 1 + 0.3 v; other 1-D: 0.1 v; else v * 1.5 / sqrt(fan in), with v in -1..<1.
    ///
    /// - Parameter count: how many of the numbers; `nil` is all that the shape holds.
    static func values(_ name: String, _ shape: [Int], count: Int? = nil) -> [Float] {
        let hash = name.utf8.reduce(0xcbf2_9ce4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
        let total = shape.reduce(1, *)
        let scale = 1.5 / (Double(total) / Double(shape.first ?? 1)).squareRoot()
        let (offset, factor): (Double, Double) =
            shape.count > 1 ? (0, scale) : name.hasSuffix("weight") ? (1, 0.3) : (0, 0.1)
        return (0..<(count ?? total)).map { index in
            var z = hash &+ (UInt64(index) &+ 1) &* 0x9E37_79B9_7F4A_7C15
            z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
            z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
            z ^= z >> 31
            return Float(offset + factor * (2 * (Double(z >> 40) / 16_777_216) - 1))
        }
    }
}
