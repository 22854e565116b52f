import CKernels
import Torch

/// Which numbers a packed weight is made of, and in which shape: what is needed to find it in a file and to read it.
package struct PackedForm: Hashable, Sendable {
    package let outputs, inputs: Int
    package let numbers: Numbers
    /// Two matrices of the shape, gate and up, whose product is silu(gate x) * up x.
    package let isGated: Bool

    package init(outputs: Int, inputs: Int, numbers: Numbers, isGated: Bool) {
        (self.outputs, self.inputs, self.numbers, self.isGated) = (outputs, inputs, numbers, isGated)
    }

    /// The stored numbers, as the packed layout spells them.
    package enum Numbers: String, Sendable, CaseIterable {
        case float32 = "fp32"
        case bfloat16 = "bf16"
        /// Those of `bfloat16`, bit for bit, in 12 bits.
        case compactBfloat16 = "bf12"
        case int8, int4

        /// What the largest layers are packed in where weights are stored so.
        package init(_ storage: WeightStorage, _ dtype: DType) {
            switch storage {
            case .int4: self = .int4
            case .int8: self = .int8
            case .packed, .dense: self = dtype == .bfloat16 ? .bfloat16 : .float32
            }
        }

        /// Whether inputs are rounded to 8 bits when they meet the weight.
        package var isInBytes: Bool { self == .int8 || self == .int4 }
    }

    /// The form in which rows are packed one by one: what is compact is made of whole panels.
    package var loose: PackedForm { numbers == .compactBfloat16 ? with(.bfloat16) : self }

    /// The form of the same numbers in which the weight of the layers at these paths is held, where names say whether they
    /// are; the smaller one first.
    func held(of paths: [String], _ holds: (String) -> Bool) -> PackedForm? {
        let forms = dtype == .bfloat16 && !isRotated ? [with(.compactBfloat16), with(.bfloat16)] : [self]
        return forms.first { holds($0.name(of: paths)) }
    }

    private func with(_ numbers: Numbers) -> PackedForm {
        PackedForm(outputs: outputs, inputs: inputs, numbers: numbers, isGated: isGated)
    }

    /// Type of what the weight multiplies, and of what comes out.
    package var dtype: DType { numbers == .float32 ? .float32 : .bfloat16 }

    /// Whether inputs are mixed before they are rounded, and the weights alike, so that no outlier takes all of the numbers.
    private var isRotated: Bool { numbers.isInBytes }

    /// Inputs that share a multiple in 4 bits: the most that divide the inputs, in fours, up to 64. All where 4 do not.
    var group: Int { stride(from: 64, to: 0, by: -4).first { inputs % $0 == 0 } ?? inputs }

    package var byteCount: Int {
        var sizes = sizes
        return kernels_packed_size(&sizes)
    }

    /// Without memory.
    var sizes: kernels_weight {
        let format =
            switch numbers {
            case .float32: KERNELS_FLOAT32
            case .bfloat16: KERNELS_BFLOAT16
            case .compactBfloat16: KERNELS_COMPACT_BFLOAT16
            case .int8: KERNELS_INT8
            case .int4: KERNELS_INT4
            }
        return kernels_weight(
            format: format, outputs: outputs, inputs: inputs, group: group, swiglu: isGated, rotated: isRotated,
            packed: nil)
    }

    /// What a packed file calls the weight of the layers at these paths: "layers.0.attn.to_q+to_k+to_v.int8".
    package func name(of paths: [String]) -> String {
        let parents = paths.map { $0.split(separator: ".").dropLast().joined(separator: ".") }
        let parent = parents.first.flatMap { first in parents.allSatisfy { $0 == first } ? first : nil } ?? ""
        let leaves = parent.isEmpty ? paths : paths.map { String($0.dropFirst(parent.count + 1)) }
        return (parent.isEmpty ? "" : parent + ".") + leaves.joined(separator: "+") + "." + numbers.rawValue
    }

    /// The paths and the numbers that such a name stands for; `nil` for a name of another kind.
    package static func paths(of name: String) -> (paths: [String], numbers: Numbers)? {
        guard let dot = name.lastIndex(of: "."),
            let numbers = Numbers(rawValue: String(name[name.index(after: dot)...]))
        else { return nil }
        let parts = name[..<dot].split(separator: "+", omittingEmptySubsequences: false)
        guard let first = parts.first, !first.isEmpty else { return nil }
        let parent = first.lastIndex(of: ".").map { first[...$0] } ?? ""
        return ([String(first)] + parts.dropFirst().map { String(parent) + String($0) }, numbers)
    }
}
