import Torch

/// Which predictions a step needs and how they become one.
///
/// Source: `processing` of `omnigen2/pipelines/omnigen2/pipeline_omnigen2.py`.
package struct Guidance: Sendable {
    package var textScale: Double
    package var imageScale: Double
    /// Part of the steps, inclusive on step / steps, in which guidance applies.
    package var range: ClosedRange<Double>

    package init(textScale: Double, imageScale: Double, range: ClosedRange<Double> = 0...1) {
        self.textScale = textScale
        self.imageScale = imageScale
        self.range = range
    }

    /// One prediction of a step: which text it sees, and whether it sees the references.
    package enum Branch: Sendable, CaseIterable {
        case conditional
        /// The negative prompt, with references.
        case reference
        /// The negative prompt, without references.
        case unconditional
    }

    /// Image guidance acts only beside text guidance.
    package func branches(step: Int, of steps: Int) -> [Branch] {
        let position = Double(step) / Double(steps)
        guard range.contains(position), textScale > 1 else { return [.conditional] }
        return imageScale > 1 ? [.conditional, .reference, .unconditional] : [.conditional, .unconditional]
    }

    /// Combines the predictions of `branches`, in their order, in the predictions' own type.
    package func combine(_ predictions: [Tensor]) throws -> Tensor {
        switch predictions.count {
        case 2:
            let (conditional, unconditional) = (predictions[0], predictions[1])
            return try unconditional + (conditional - unconditional) * textScale
        case 3:
            let (conditional, reference, unconditional) = (predictions[0], predictions[1], predictions[2])
            return try unconditional + (reference - unconditional) * imageScale
                + (conditional - reference) * textScale
        default:
            return predictions[0]
        }
    }
}
