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

    private var neededObjects: Int { needsFullPicture ? 1 : 2 }

    /// The picture with a question, or several; nil if it has too few objects.
    package func example(of picture: Picture, _ random: inout SeededRandom) -> Example? {
        guard picture.objects.count >= neededObjects else { return nil }
        func part(_ random: inout SeededRandom) -> Example {
            Example.describing(question(about: picture.scene, &random), picture, &random)
        }
        guard self == .comparison else { return part(&random) }
        return Example.joining(Example.several(&random, part), rawValue, picture)
    }

    /// - Parameter scene: has as many objects as are needed.
    private func question(about scene: Scene, _ random: inout SeededRandom) -> Question {
        let objects = scene.objects.shuffled(using: &random)
        let (first, second) = (objects[0], objects[objects.count - 1])
        let bearing = first.place.direction(from: second.place).rawValue
        switch self {
        case .readout: return Question(text: "how large is the \(first.name)?", answer: first.place.rawValue)
        case .search: return Question(.place, about: scene, &random)
        case .bearing:
            return Question(text: "where is the \(first.name), seen from the \(second.name)?", answer: bearing)
        case .side:
            let side = random.pick(Side.allCases)
            return side == .left
                ? Self.comparison(of: objects, [.left], &random)
                : Question(text: Question.comparison(first, side, second).text, answer: bearing)
        case .comparison: return Self.comparison(of: objects, Side.allCases, &random)
        }
    }

    /// Whether one of the objects lies on one of the sides of another, which is so as often as not where it can be.
    private static func comparison(
        of objects: [SceneObject], _ sides: [Side], _ random: inout SeededRandom
    ) -> Question {
        let all = objects.flatMap { first in
            objects.filter { $0 != first }.flatMap { second in sides.map { (first, $0, second) } }
        }
        let isSo = random.chance(0.5)
        let fitting = all.filter { $1.holds($0.place, seenFrom: $2.place) == isSo }
        let (first, side, second) = random.pick(fitting.isEmpty ? all : fitting)
        let (text, answer) = Question.comparison(first, side, second)
        return Question(text: text, answer: answer)
    }
}
