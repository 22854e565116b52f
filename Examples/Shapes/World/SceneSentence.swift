/// Ways to ask for a scene; each says everything about it.
package enum SceneSentence: CaseIterable, Sendable {
    case plain, backgroundFirst, draw, terse, pictureOf, placesFirst, labels, put, thereIs, holds, wish, adjective
    // The place of one object is told by its neighbour.
    case besideIt, drawBeside, mainClause

    private static let relational: Set<SceneSentence> = [.besideIt, .drawBeside, .mainClause]

    /// A sentence for a picture, objects in the order given or, where one is told by its neighbour, these two first.
    package static func random(_ scene: Scene, _ random: inout SeededRandom) -> String {
        let objects = scene.objects.shuffled(using: &random)
        let sentence = random.pick(allCases)
        guard relational.contains(sentence) else { return sentence.text(objects, scene.background) }
        guard let pair = neighbors(objects) else {
            return random.pick(allCases.filter { !relational.contains($0) }).text(objects, scene.background)
        }
        let others = objects.filter { $0 != pair.first && $0 != pair.second }
        return sentence.text([pair.first, pair.second] + others, scene.background)
    }

    private static func neighbors(_ objects: [SceneObject]) -> (first: SceneObject, second: SceneObject)? {
        for first in objects {
            for second in objects where Side(of: first.place, to: second.place) != nil { return (first, second) }
        }
        return nil
    }

    /// - Parameter objects: at least one; the first two lie side by side where the sentence is about neighbours.
    package func text(_ objects: [SceneObject], _ background: Background) -> String {
        func each(_ words: (SceneObject) -> String) -> [String] { objects.map(words) }
        switch self {
        case .plain:
            return each { "\($0.phrase) in the \($0.place.rawValue)" }.enumeration + ", on \(background.rawValue)"
        case .backgroundFirst:
            return "on a \(background.rawValue) background, "
                + each { "\($0.phrase) at the \($0.place.rawValue)" }.enumeration
        case .draw:
            return "draw " + each { "\($0.phrase) in the \($0.place.rawValue)" }.enumeration
                + " on a \(background.rawValue) background"
        case .terse:
            return "\(background.rawValue) background, "
                + each { "\($0.words) \($0.place.rawValue)" }.joined(separator: ", ")
        case .pictureOf:
            return "a picture of " + each { "\($0.phrase) at the \($0.place.rawValue)" }.enumeration
                + "; the background is \(background.rawValue)"
        case .placesFirst:
            return each { "in the \($0.place.rawValue) \($0.phrase)" }.enumeration + ", all on \(background.rawValue)"
        case .labels:
            return each { "\($0.place.rawValue): \($0.words)" }.joined(separator: ". ")
                + ". background: \(background.rawValue)"
        case .put:
            return "place " + each { "\($0.phrase) \($0.place.rawValue)" }.enumeration + " over \(background.rawValue)"
        case .thereIs:
            return "there is " + each { "\($0.phrase) in the \($0.place.rawValue)" }.enumeration
                + "; background \(background.rawValue)"
        case .holds:
            return each { "the \($0.place.rawValue) holds \($0.phrase)" }.enumeration
                + ", the background is \(background.rawValue)"
        case .wish:
            return "I want " + each { "\($0.phrase) at the \($0.place.rawValue)" }.enumeration
                + ", on \(background.rawValue) please"
        case .adjective:
            return "a \(background.rawValue) picture with "
                + each { "\($0.phrase) in the \($0.place.rawValue)" }.enumeration
        case .besideIt:
            return Self.beside(objects) { "\($0.phrase) in the \($0.place.rawValue), \($1.phrase) directly \($2) it" }
                + ", on \(background.rawValue)"
        case .drawBeside:
            return "draw "
                + Self.beside(objects) {
                    "\($0.phrase) at the \($0.place.rawValue) with \($1.phrase) directly \($2) it"
                }
                + " on \(background.rawValue)"
        case .mainClause:
            return Self.beside(objects) {
                "\($1.phrase) directly \($2) \($0.phrase) that is in the \($0.place.rawValue)"
            }
                + "; background \(background.rawValue)"
        }
    }

    /// The first object, the second by its side of the first, and the others.
    private static func beside(_ objects: [SceneObject], _ pair: (SceneObject, SceneObject, String) -> String) -> String
    {
        guard objects.count > 1, let side = Side(of: objects[0].place, to: objects[1].place) else {
            return objects.map { "\($0.phrase) in the \($0.place.rawValue)" }.enumeration
        }
        let others = objects.dropFirst(2).map { ", and \($0.phrase) in the \($0.place.rawValue)" }
        return pair(objects[0], objects[1], side.words) + others.joined()
    }
}
