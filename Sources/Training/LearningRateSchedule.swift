#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The learning rate of each step.
///
/// Source: `StepLRScheduler` and `CosineLRScheduler` of `omnigen2/optim/scheduler`, called as `train.py` calls them: the
/// schedule is asked after a step, with the number of steps before it, so step 1 runs at the rate of 0 once more.
package struct LearningRateSchedule: Codable, Equatable, Sendable {
    package enum Shape: Codable, Equatable, Sendable {
        case constant
        /// Half a cosine down to `minimum` over `length` steps, `cycles` times, each `cycleDecay` times as high as the one
        /// before; `minimum` after that.
        case cosine(length: Int, minimum: Double, cycles: Int = 1, cycleDecay: Double = 1)
    }

    package var rate: Double
    package var shape: Shape
    /// Steps of a linear rise from `warmUpStart` to `rate`.
    package var warmUp: Int
    package var warmUpStart: Double
    /// Whether the shape begins behind the warm-up.
    package var warmUpIsPrefix: Bool

    package init(
        rate: Double, shape: Shape = .constant, warmUp: Int = 0, warmUpStart: Double = 0, warmUpIsPrefix: Bool = true
    ) {
        self.rate = rate
        self.shape = shape
        self.warmUp = warmUp
        self.warmUpStart = warmUpStart
        self.warmUpIsPrefix = warmUpIsPrefix
    }

    /// - Throws: `TrainingError.option` for a value that makes no schedule.
    package func validate() throws(TrainingError) {
        for (name, value) in [("learning rate", rate), ("rate at the start of the warm-up", warmUpStart)]
        where !(value >= 0 && value.isFinite) { throw .option("the \(name) must not be negative, got \(value)") }
        guard warmUp >= 0 else { throw .option("the warm-up must not be negative, got \(warmUp) steps") }
        if case .cosine(let length, let minimum, let cycles, _) = shape {
            guard length > 0, cycles > 0 else {
                throw .option("a cosine schedule needs steps and cycles, got \(length) and \(cycles)")
            }
            guard minimum >= 0 else { throw .option("the lowest learning rate must not be negative, got \(minimum)") }
        }
    }

    /// The rate of a step; the first is step 0.
    package func rate(atStep step: Int) -> Double {
        guard step > 0 else { return warmUp > 0 ? warmUpStart : rate }
        return value(step - 1)
    }

    private func value(_ time: Int) -> Double {
        if time < warmUp { return warmUpStart + Double(time) * ((rate - warmUpStart) / Double(warmUp)) }
        switch shape {
        case .constant: return rate
        case .cosine(let length, let minimum, let cycles, let cycleDecay):
            let time = warmUpIsPrefix ? time - warmUp : time
            let cycle = time / length
            guard cycle < cycles else { return minimum }
            let highest = rate * pow(cycleDecay, Double(cycle))
            let share = Double(time - cycle * length) / Double(length)
            return minimum + 0.5 * (highest - minimum) * (1 + cos(Double.pi * share))
        }
    }
}
