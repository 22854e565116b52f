import Torch

/// Gives the weights of a model their numbers while it computes with inputs that are like those it is for: each weight is
/// packed when it is first multiplied, and one of 4 bits so that the products with just these inputs lose little. What
/// follows computes with the rounded weights already, and makes up for what they have lost.
package final class Calibrator {
    private let source: any WeightSource
    private let report: (RoundingLoss) throws -> Void

    /// - Parameters:
    ///   - source: the tensors of the model.
    ///   - report: is told what each weight of 4 bits has lost; may throw to stop the work.
    package init(_ source: any WeightSource, report: @escaping (RoundingLoss) throws -> Void) {
        (self.source, self.report) = (source, report)
    }

    /// Packs the layers at these paths into `weight`, which multiplies x [..., inputs].
    func fill(_ weight: PackedWeight, _ paths: [String], _ x: Tensor) throws {
        let form = weight.form
        let tensors = try paths.map { try tensor($0 + ".weight") }
        var factor: Tensor?
        if form.numbers == .int4 {
            let moments = try SecondMoments(x)
            factor = try moments.inverseFactor()
            try report(
                RoundingLoss(
                    name: form.name(of: paths), tensors, group: form.group, moments: moments, factor: factor))
        }
        var first = 0
        for (index, tensor) in tensors.enumerated() {
            try weight.pack(tensor, form.isGated ? (index == 0 ? .gate : .up) : .whole, first: first, factor: factor)
            if !form.isGated { first += tensor.size(0) }
        }
        for path in paths { source.releaseMemory(of: path + ".weight") }
    }

    private func tensor(_ name: String) throws -> Tensor {
        let shape = source.shape(of: name) ?? []
        guard let tensor = try source.unkept.tensor(name, shape, initial: .zeros) else {
            throw WeightError.missing(key: source.storedName(of: name), shape: shape, origin: source.origin)
        }
        return try tensor.to(.bfloat16)
    }
}
