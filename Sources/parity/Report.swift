/// What was compared, and how it went.
struct Report {
    struct Row {
        let file: String
        let name: String
        let error: Double
        /// Share of the tolerance used; above 1 is a failure.
        let share: Double
        let tolerance: String
        var passed: Bool { share <= 1 }
    }

    private(set) var rows: [Row] = []
    private var seen: Set<String> = []
    /// Listed, and yet not compared.
    var leftOut: [String] = []
    /// Stages that stopped with an error.
    var broken: [String] = []

    mutating func add(_ file: String, _ name: String, error: Double, share: Double, _ tolerance: String) {
        rows.append(Row(file: file, name: name, error: error, share: share, tolerance: tolerance))
        seen.insert(file + " " + name)
    }

    func has(_ file: String, _ name: String) -> Bool { seen.contains(file + " " + name) }

    var failures: [Row] { rows.filter { !$0.passed } }

    var succeeded: Bool { failures.isEmpty && leftOut.isEmpty && broken.isEmpty && !rows.isEmpty }

    /// A line for each comparison: stage, case, largest error, tolerance, verdict.
    func table() -> String {
        let lines = rows.map { row in
            let error = row.error == 0 ? "0" : "\(Float(row.error))"
            return [
                row.file.padded(26), row.name.padded(44), error.padded(14), row.tolerance.padded(30),
                row.passed ? "pass" : "FAIL",
            ].joined(separator: " ")
        }
        let rest = leftOut.map { "left out: \($0)" } + broken.map { "broken: \($0)" }
        return (lines + rest).joined(separator: "\n")
    }

    /// The summary as one JSON object.
    func json() -> String {
        let listed = rows.count + leftOut.count
        return "{\"listed\":\(listed),\"compared\":\(rows.count),"
            + "\"failed\":\(failures.count + leftOut.count + broken.count),\"skipped\":[]}"
    }
}

extension String {
    fileprivate func padded(_ width: Int) -> String { self + String(repeating: " ", count: max(0, width - count)) }
}
