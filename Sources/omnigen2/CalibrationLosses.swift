import Layers
import OmniGen2

/// What rounding to 4 bits has cost the weights of a model, part by part.
struct CalibrationLosses {
    private var losses: [ModelFolder.Part: [RoundingLoss]] = [:]

    mutating func add(_ event: Calibration.Event) {
        if case .rounded(let part, let loss) = event { losses[part, default: []].append(loss) }
    }

    /// A line for each part.
    var lines: [String] { losses.sorted { $0.key.rawValue < $1.key.rawValue }.map { line($0, $1) } }

    private func line(_ part: ModelFolder.Part, _ losses: [RoundingLoss]) -> String {
        let sorted = losses.sorted { $0.compensated < $1.compensated }
        guard let worst = sorted.last else { return "" }
        let median = sorted[sorted.count / 2]
        return "\(part.rawValue): error of products \(text(median)) in the middle, \(text(worst)) at worst, in "
            + "\(worst.name); \(losses.count) weights of 4 bits"
    }

    private func text(_ loss: RoundingLoss) -> String {
        "\(percent(loss.compensated)) (\(percent(loss.plain)) uncompensated)"
    }

    /// "8.2%".
    private func percent(_ share: Double) -> String {
        let tenths = Int((share * 1000).rounded())
        return "\(tenths / 10).\(tenths % 10)%"
    }
}

extension ProgressDisplay {
    /// A picture has been drawn to calibrate with, or a weight rounded.
    func calibration(_ event: Calibration.Event) {
        switch event {
        case .picture(let done, let count):
            self.event("picture", ["picture": .int(done), "of": .int(count)])
            if done == count, !isJSON { message("drew \(count) pictures to calibrate with") }
        case .rounded(let part, let loss):
            self.event(
                "rounded",
                [
                    "part": .string(part.rawValue), "weight": .string(loss.name), "error": .double(loss.compensated),
                    "plainError": .double(loss.plain),
                ])
        }
    }
}
