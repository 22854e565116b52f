import Torch

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// DPM-Solver++ (multistep) for flow matching: predicts the image at each step and extrapolates it in
/// lambda = log(1 - sigma) - log(sigma), where sigma = 1 - t is the share of noise.
///
/// Source: `omnigen2/schedulers/scheduling_dpmsolver_multistep.py`; Lu et al., arXiv 2211.01095.
package final class DPMSolverSampler: Sampler {
    /// How the second-order term is integrated.
    package enum SolverType: Sendable { case midpoint, heun }

    /// The variants of the original; the defaults are what its command line uses.
    package struct Options: Sendable {
        package var order = 2
        package var type = SolverType.midpoint
        /// With fewer than 15 steps, the last ones use lower orders.
        package var lowersOrderAtEnd = true

        package init() {}
    }

    package let schedule: TimeSchedule
    /// 1 - t of each step, then 0.
    package let sigmas: [Float]
    private let options: Options
    /// Predicted images of the last steps, newest last.
    private var predictions: [Tensor] = []

    private static let fewSteps = 15

    package init(_ schedule: TimeSchedule, options: Options = Options()) {
        self.schedule = schedule
        self.options = options
        sigmas = schedule.timesteps.map { 1 - $0 } + [0]
    }

    package func step(_ index: Int, sample: Tensor, velocity: Tensor) throws -> Tensor {
        let prediction = try sample + Double(sigmas[index]) * velocity
        predictions = (predictions + [prediction]).suffix(options.order)
        let x = try sample.to(.float32)
        let next: Tensor
        switch order(at: index) {
        case 1: next = try firstOrder(index, x)
        case 2: next = try secondOrder(index, x)
        default: next = try thirdOrder(index, x)
        }
        return try next.to(prediction.dtype)
    }

    /// The last step ends at sigma 0, where only the first order is defined.
    private func order(at index: Int) -> Int {
        let count = schedule.timesteps.count
        if index == count - 1 { return 1 }
        let lowered = options.lowersOrderAtEnd && count < Self.fewSteps && index == count - 2
        return min(predictions.count, lowered ? 2 : options.order)
    }

    private func lambda(_ index: Int) -> Float { log(1 - sigmas[index]) - log(sigmas[index]) }

    /// sigma_t / sigma_s, and alpha_t (e^-h - 1) of the step from `index`.
    private func coefficients(_ index: Int) -> (ratio: Float, h: Float, alpha: Float, phi: Float) {
        let h = lambda(index + 1) - lambda(index)
        let alpha = 1 - sigmas[index + 1]
        return (sigmas[index + 1] / sigmas[index], h, alpha, exp(-h) - 1)
    }

    private func firstOrder(_ index: Int, _ x: Tensor) throws -> Tensor {
        let (ratio, _, alpha, phi) = coefficients(index)
        return try Double(ratio) * x - Double(alpha * phi) * predictions[predictions.count - 1]
    }

    private func secondOrder(_ index: Int, _ x: Tensor) throws -> Tensor {
        let (ratio, h, alpha, phi) = coefficients(index)
        let (newest, older) = (predictions[predictions.count - 1], predictions[predictions.count - 2])
        let r0 = (lambda(index) - lambda(index - 1)) / h
        let slope = try Double(1 / r0) * (newest - older)
        let base = try Double(ratio) * x - Double(alpha * phi) * newest
        switch options.type {
        case .midpoint: return try base - Double(0.5 * (alpha * phi)) * slope
        case .heun: return try base + Double(alpha * (phi / h + 1)) * slope
        }
    }

    private func thirdOrder(_ index: Int, _ x: Tensor) throws -> Tensor {
        let (ratio, h, alpha, phi) = coefficients(index)
        let m = predictions
        let r0 = (lambda(index) - lambda(index - 1)) / h
        let r1 = (lambda(index - 1) - lambda(index - 2)) / h
        let newer = try Double(1 / r0) * (m[2] - m[1])
        let older = try Double(1 / r1) * (m[1] - m[0])
        let first = try newer + Double(r0 / (r0 + r1)) * (newer - older)
        let second = try Double(1 / (r0 + r1)) * (newer - older)
        let base = try Double(ratio) * x - Double(alpha * phi) * m[2]
        return try base + Double(alpha * (phi / h + 1)) * first
            - Double(alpha * ((phi + h) / (h * h) - 0.5)) * second
    }
}
