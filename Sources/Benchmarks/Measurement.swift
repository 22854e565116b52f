import Torch

/// Something that can be run again and again, and what a run takes.
package struct Measurement {
    /// What is counted of a run, for its rate.
    package enum Work: Equatable, Sendable {
        /// Multiplications and additions, and the peak that bounds them.
        case operations(Double, MachinePeak)
        /// Bytes that are read from memory.
        case bytes(Double)
        case uncounted

        var amount: Double? {
            switch self {
            case .operations(let amount, _), .bytes(let amount): amount
            case .uncounted: nil
            }
        }

        var peak: MachinePeak? {
            switch self {
            case .operations(_, let peak): peak
            case .bytes: .read
            case .uncounted: nil
            }
        }
    }

    let work: Work
    /// What a run repeats, so that a time is divided by it.
    var count = 1
    /// Tokens that a run makes, of what makes text.
    var tokens: Int?
    /// Most bytes that were held, where that is not this process's.
    var memory: () -> Int = ProcessMemory.highWaterMark
    let run: () throws -> Void
}
