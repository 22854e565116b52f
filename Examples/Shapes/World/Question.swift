/// A question about a scene that has one answer.
package struct Question: Sendable {
    package enum Topic: String, CaseIterable, Sendable {
        case count, color, shape, size, place, relation, background
    }

    /// Nil for what is learnt beside the topics.
    package let topic: Topic?
    package let text: String
    package let answer: String

    /// What asks for everything at once; the first is what `omnigen2 describe` asks of itself.
    package static let descriptions = ["describe this image", "describe the picture", "what is in the picture?"]

    /// What is learnt beside the topics, to find an object by what is said of it: the answer says all of it.
    package static func lookup(in scene: Scene, _ random: inout SeededRandom) -> Question {
        let object = random.pick(scene.objects)
        let names = names(of: object, in: scene) + ["the object in the \(object.place.rawValue)"]
        return Question(
            text: "what is \(random.pick(names))?", answer: "\(object.phrase) in the \(object.place.rawValue)")
    }

    /// What is learnt beside the topics: where an object is of which only as much is said as tells it from the others.
    package static func search(in scene: Scene, _ random: inout SeededRandom) -> Question {
        let object = random.pick(scene.objects)
        return Question(
            text: "where is \(random.pick(names(of: object, in: scene)))?", answer: object.place.rawValue)
    }

    /// What an object of a scene may be called and no other.
    private static func names(of object: SceneObject, in scene: Scene) -> [String] {
        func isAlone(_ isLike: (SceneObject) -> Bool) -> Bool { scene.objects.filter(isLike).count == 1 }
        var names = ["the \(object.name)"]
        if isAlone({ $0.color == object.color }) { names.append("the \(object.color.rawValue) object") }
        if isAlone({ $0.shape == object.shape }) { names.append("the \(object.shape.rawValue)") }
        if isAlone({ $0.size == object.size }) { names.append("the \(object.size.rawValue) object") }
        return names
    }

    /// What is learnt beside the topics.
    init(text: String, answer: String) {
        topic = nil
        self.text = text
        self.answer = answer
    }

    /// The answer to `descriptions`: every object, from the top left, and the background.
    package static func description(of scene: Scene) -> String {
        scene.objects.map { "\($0.phrase) in the \($0.place.rawValue)" }.joined(separator: ", ")
            + ", on \(scene.background.rawValue)"
    }

    /// A question of that topic.
    package init(_ topic: Topic, about scene: Scene, _ random: inout SeededRandom) {
        self.topic = topic
        let object = random.pick(scene.objects)
        (text, answer) =
            switch topic {
            case .count: Self.count(scene, &random)
            case .color: (Self.color(object, scene, &random), object.color.rawValue)
            case .shape: (Self.shape(object, scene, &random), object.shape.rawValue)
            case .size:
                (
                    random.pick(["how large is the \(object.name)", "what size is the \(object.name)"]) + "?",
                    object.size.rawValue
                )
            case .place:
                (
                    random.pick(["where is the \(object.name)", "in which place is the \(object.name)"]) + "?",
                    object.place.rawValue
                )
            case .relation: Self.relation(object, scene, &random)
            case .background:
                (
                    random.pick(["what color is the background", "which color does the background have"]) + "?",
                    scene.background.rawValue
                )
            }
    }

    private static let numbers = ["none", "one", "two", "three"]

    private static func count(_ scene: Scene, _ random: inout SeededRandom) -> (String, String) {
        func answer(_ isCounted: (SceneObject) -> Bool) -> String { numbers[scene.objects.filter(isCounted).count] }
        switch Int.random(in: 0..<4, using: &random) {
        case 0: return ("how many objects are there?", answer { _ in true })
        case 1:
            // What is there and what is not, about as often.
            let color = random.chance(0.6) ? random.pick(scene.objects).color : random.pick(ObjectColor.allCases)
            return ("how many \(color.rawValue) objects are there?", answer { $0.color == color })
        case 2:
            let shape = random.chance(0.6) ? random.pick(scene.objects).shape : random.pick(Shape.allCases)
            return ("how many \(shape.plural) are there?", answer { $0.shape == shape })
        default:
            let size = random.pick(ObjectSize.allCases)
            return ("how many \(size.rawValue) objects are there?", answer { $0.size == size })
        }
    }

    private static func color(_ object: SceneObject, _ scene: Scene, _ random: inout SeededRandom) -> String {
        let isOnly = scene.objects.filter { $0.shape == object.shape }.count == 1
        return isOnly && random.chance(0.5)
            ? "what color is the \(object.shape.rawValue)?"
            : "what color is the object in the \(object.place.rawValue)?"
    }

    private static func shape(_ object: SceneObject, _ scene: Scene, _ random: inout SeededRandom) -> String {
        let isOnly = scene.objects.filter { $0.color == object.color }.count == 1
        return isOnly && random.chance(0.5)
            ? "what shape is the \(object.color.rawValue) object?"
            : "what shape is in the \(object.place.rawValue)?"
    }

    private static func relation(
        _ object: SceneObject, _ scene: Scene, _ random: inout SeededRandom
    ) -> (String, String) {
        let others = scene.objects.filter { $0 != object }
        let side = random.pick(Side.allCases)
        guard let other = others.isEmpty ? nil : random.pick(others), random.chance(0.6) else {
            // What touches it, more often than not on a side where something does.
            let touching = others.compactMap { Side(of: object.place, to: $0.place) }
            let side = !touching.isEmpty && random.chance(0.7) ? random.pick(touching) : side
            let neighbor = scene.objects.first { $0.place == side.neighbor(of: object.place) }
            return ("what is directly \(side.words) the \(object.name)?", neighbor?.phrase ?? "nothing")
        }
        return comparison(object, side, other)
    }

    /// Whether an object lies on one side of another.
    static func comparison(
        _ object: SceneObject, _ side: Side, _ other: SceneObject
    ) -> (text: String, answer: String) {
        (
            "is the \(object.name) \(side.words) the \(other.name)?",
            side.holds(object.place, seenFrom: other.place) ? "yes" : "no"
        )
    }
}
