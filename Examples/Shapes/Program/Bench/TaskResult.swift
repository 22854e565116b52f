import ShapesWorld

/// How often a model did one task right.
struct TaskResult {
    let task: ShapesTask
    private(set) var total = Score()
    private(set) var objects = Judgement.ObjectCounts()
    /// By number of objects, name of the edit, number of references or topic of the question.
    private(set) var variants: [String: Score] = [:]

    /// Right ones among all.
    struct Score {
        private(set) var right = 0
        private(set) var count = 0

        mutating func add(_ isRight: Bool) {
            right += isRight ? 1 : 0
            count += 1
        }

        var percentage: Double { count > 0 ? 100 * Double(right) / Double(count) : 0 }
        var text: String { "\(right)/\(count)" }
    }

    init(_ task: ShapesTask) { self.task = task }

    mutating func add(_ judgement: Judgement, _ example: Example) {
        total.add(judgement.isRight)
        variants[example.variant, default: Score()].add(judgement.isRight)
        objects = objects + judgement.objects
    }

    /// Lines for a person.
    static func table(_ results: [TaskResult]) -> String {
        results.map { result in
            let variants = result.variants.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value.text)" }
            return pad(result.task.rawValue, 14) + pad(result.total.text, 10) + pad(percent(result.total.percentage), 8)
                + variants.joined(separator: "  ") + "\n"
        }.joined()
    }

    private static func pad(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(1, width - text.count))
    }

    private static func percent(_ value: Double) -> String { "\((value * 10).rounded() / 10)%" }
}
