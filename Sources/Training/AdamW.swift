import Torch

/// AdamW: moments of the gradients, and a decay that does not go through them.
///
/// Source: `torch.optim.AdamW`.
package final class AdamW {
    package struct Options: Codable, Equatable, Sendable {
        package var beta1 = 0.9
        package var beta2 = 0.95
        package var decay = 0.01
        package var epsilon = 1e-8

        package init() {}

        /// - Throws: `TrainingError.option` for a value outside its range.
        package func validate() throws(TrainingError) {
            for (name, beta) in [("beta1", beta1), ("beta2", beta2)] where !(0..<1).contains(beta) {
                throw .option("\(name) must be in 0..<1, got \(beta)")
            }
            guard decay >= 0, decay.isFinite else { throw .option("weight decay must not be negative, got \(decay)") }
            guard epsilon > 0, epsilon.isFinite else { throw .option("epsilon must be positive, got \(epsilon)") }
        }
    }

    private let options: Options
    private let parameters: [Tensor]
    /// Running means of the gradients and of their squares.
    package let first, second: [Tensor]
    /// Steps that have been taken.
    package var count = 0

    package init(_ parameters: [Tensor], _ options: Options) throws {
        try options.validate()
        self.options = options
        self.parameters = parameters
        first = try parameters.map { try Tensor.zeros($0.shape, device: $0.device) }
        second = try parameters.map { try Tensor.zeros($0.shape, device: $0.device) }
    }

    /// Changes the parameters in place.
    package func step(_ gradients: [Tensor], rate: Double) throws {
        count += 1
        guard let device = parameters.first?.device else { return }
        let step = try Tensor([Float(count)], [1]).reshaped([]).to(device)
        try withGradients(false) {
            try Tensor.adamW(
                parameters, gradients: gradients, first: first, second: second, step: step, rate: rate,
                betas: (options.beta1, options.beta2), decay: options.decay, epsilon: options.epsilon)
        }
    }
}
