/// The examples of a bench: the same for a seed, each from random numbers of its own, so that more of them begin with
/// those of fewer.
package enum ExampleSet {
    /// - Parameter heldOut: whether each example shows a kind of object that training never did.
    package static func examples(
        _ task: ShapesTask, count: Int, seed: UInt64, heldOut: Bool = false
    ) -> [Example] {
        let taskNumber = UInt64(ShapesTask.allCases.firstIndex(of: task) ?? 0)
        var random = SeededRandom(seed: seed &* 8 &+ taskNumber &* 2 &+ (heldOut ? 1 : 0))
        return (0..<count).map { index in
            var own = random.branch()
            let kinds = Kind.all.filter(Kind.heldOut.contains)
            return example(task, index, including: heldOut ? own.pick(kinds) : nil, &own)
        }
    }

    /// Numbers of objects, of references, edits and topics come in turn.
    private static func example(
        _ task: ShapesTask, _ index: Int, including wanted: Kind?, _ random: inout SeededRandom
    ) -> Example {
        let objects = index % Scene.maximumObjects + 1
        switch task {
        case .draw: return .drawing(objects: objects, including: wanted, &random)
        case .edit:
            let name = Edit.Name.allCases[index % Edit.Name.allCases.count]
            // One that the scene allows.
            let fitting =
                switch name {
                case .add: min(objects, Scene.maximumObjects - 1)
                case .remove: max(objects, 2)
                default: objects
                }
            return .editing(name, objects: fitting, including: wanted, &random)
        case .compose: return .composing(references: index % 2 + 2, including: wanted, &random)
        case .describe:
            let picture = Picture.random(objects: objects, including: wanted, &random)
            let topics = Question.Topic.allCases
            return .describing(topics[index % topics.count], picture, &random)
        }
    }
}
