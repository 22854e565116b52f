import ArgumentParser

/// `--cfg-range A B`: the part of the run in which guidance applies.
struct GuidanceRange: ExpressibleByArgument, Equatable {
    let range: ClosedRange<Double>

    static let option = "--cfg-range"

    init?(argument: String) {
        let ends = argument.split(separator: ",").map { Double($0) }
        guard ends.count == 2, let first = ends[0], let last = ends[1], first <= last, first >= 0, last <= 1 else {
            return nil
        }
        range = first...last
    }

    /// The argument parser takes one value an option: joins the two that follow `--cfg-range` with a comma.
    static func joined(_ arguments: [String]) -> [String] {
        guard let index = arguments.firstIndex(of: option), index + 2 < arguments.count,
            Double(arguments[index + 1]) != nil, Double(arguments[index + 2]) != nil
        else { return arguments }
        var joined = arguments
        joined[index + 1] += "," + joined.remove(at: index + 2)
        return joined
    }
}
