/// Questions that teach one step each of what is asked later: where an object is, and how two lie to each other.
///
/// "Is the red cross left of the blue circle?" teaches nothing at first: of "yes" nothing follows that either object, or
/// the side, would tell alone. On which side of the other an object lies follows a little from where it lies itself, and
/// so can be learnt; one side's "yes" and "no" follow from that; and then those of all four.
package enum Drill: String, CaseIterable, Sendable {
    /// Where an object is, asked in the words of "how large is the red cross?", which make the model look at it.
    case readout
    /// "Where is the red cross?"
    case search
    /// "Where is the red cross, seen from the blue circle?"
    case bearing
    /// "Is the red cross left of the blue circle?"; of the other sides it is answered as `bearing` is.
    case side
    /// "Is the red cross left of the blue circle?" and so on, yes as often as no.
    case comparison

    /// Whether pictures must be full: where few places are taken it does not matter much which of them is named.
    package var needsFullPicture: Bool { self == .readout || self == .search }

    /// The picture with a question, or several; nil if it has too few objects.
    package func example(of picture: Picture, _ random: inout SeededRandom) -> Example? {
        guard self == .comparison else {
            guard let question = question(about: picture.scene, &random) else { return nil }
            return Example.describing(question, picture, &random)
        }
        let wanted = random.chance(0.35) ? 1 : 4
        var questions: [Question] = []
        for _ in 0..<wanted {
            guard let question = question(about: picture.scene, &random) else { return nil }
            if !questions.contains(where: { $0.text == question.text }) { questions.append(question) }
        }
        let text = questions.map { $0.text.typed(&random) }.joined(separator: " ")
        return Example(
            task: .describe, variant: rawValue, instruction: text, inputs: [picture], output: nil,
            answer: questions.map(\.answer).joined(separator: "; "), keptObjects: [])
    }

    private func question(about scene: Scene, _ random: inout SeededRandom) -> Question? {
        let objects = scene.objects.shuffled(using: &random)
        guard let first = objects.first else { return nil }
        switch self {
        case .readout: return Question(text: "how large is the \(first.name)?", answer: first.place.rawValue)
        case .search: return Question(text: "where is the \(first.name)?", answer: first.place.rawValue)
        case .bearing, .side, .comparison: break
        }
        guard objects.count > 1 else { return nil }
        let second = objects[1]
        let bearing = first.place.direction(from: second.place).rawValue
        if self == .bearing {
            return Question(text: "where is the \(first.name), seen from the \(second.name)?", answer: bearing)
        }
        let side = random.pick(Side.allCases)
        if self == .side, side != .left {
            return Question(text: Question.comparison(first, side, second).0, answer: bearing)
        }
        return Self.comparison(of: objects, self == .side ? [.left] : Side.allCases, &random)
    }

    /// Whether one of the objects lies on one of the sides of another, which is so as often as not where it can be.
    private static func comparison(
        of objects: [SceneObject], _ sides: [Side], _ random: inout SeededRandom
    ) -> Question? {
        let all = objects.flatMap { first in
            objects.filter { $0 != first }.flatMap { second in sides.map { (first, $0, second) } }
        }
        let isSo = random.chance(0.5)
        let fitting = all.filter { $1.holds($0.place, seenFrom: $2.place) == isSo }
        guard !all.isEmpty else { return nil }
        let (first, side, second) = random.pick(fitting.isEmpty ? all : fitting)
        let (text, answer) = Question.comparison(first, side, second)
        return Question(text: text, answer: answer)
    }
}
