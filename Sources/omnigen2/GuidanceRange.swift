import ArgumentParser

/// `--cfg-range A B`: the part of the run in which guidance applies.
struct GuidanceRange: ExpressibleByArgument, Equatable {
    let start: Double
    let end: Double

    static let option = "--cfg-range"

    init?(argument: String) {
        let ends = argument.split(separator: ",").compactMap { Double($0) }
        guard ends.count == 2 else { return nil }
        (start, end) = (ends[0], ends[1])
    }

    func validate() throws {
        guard start >= 0, end <= 1, start <= end else {
            throw ValidationError("\(Self.option) must be two ascending numbers within 0 and 1, got \(start) \(end)")
        }
    }

    /// The argument parser takes one value an option: joins the two that follow `--cfg-range` with a comma.
    static func joined(_ arguments: [String]) -> [String] {
        guard let index = arguments.prefix(while: { $0 != "--" }).firstIndex(of: option),
            index + 2 < arguments.count, Double(arguments[index + 1]) != nil, Double(arguments[index + 2]) != nil
        else { return arguments }
        let value = "\(option)=\(arguments[index + 1]),\(arguments[index + 2])"
        return arguments[..<index] + [value] + arguments[(index + 3)...]
    }
}
