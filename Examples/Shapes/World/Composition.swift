/// A new picture of the objects of two or three others.
package struct Composition: Sendable {
    /// One object each.
    package let references: [Picture]
    package let result: Picture
    package let instruction: String

    private static let ordinals = ["first", "second", "third"]
    private static let numbers = ["one", "two", "three"]

    /// - Parameter wanted: a kind that the first reference must show.
    package init(references count: Int, including wanted: Kind? = nil, _ random: inout SeededRandom) {
        let kinds = Kind.trained.filter { $0 != wanted }.shuffled(using: &random)
        let chosen = ((wanted.map { [$0] } ?? []) + kinds).prefix(count)
        self.init(chosen.map { Picture.random(objects: 1, including: $0, &random) }, &random)
    }

    /// - Parameter references: of one object each, no two of one kind.
    package init(_ references: [Picture], _ random: inout SeededRandom) {
        self.references = references
        let places = Place.allCases.shuffled(using: &random)
        let objects = zip(references, places).map { reference, place in
            var object = reference.objects[0].object
            object.place = place
            return Picture.PlacedObject(random: object, &random)
        }
        // As one of the references has it, or as the words say.
        let source = random.chance(0.5) ? Int.random(in: references.indices, using: &random) : nil
        let background = source.map { references[$0].background } ?? random.pick(Background.allCases)
        result = Picture(background, objects)

        let names = objects.enumerated().map { index, placed in
            random.chance(0.5)
                ? "the object of the \(Self.ordinals[index]) image"
                : "the \(placed.object.name) of image \(Self.numbers[index])"
        }
        let ground =
            source.map { "on the background of the \(Self.ordinals[$0]) image" } ?? "on \(background.rawValue)"
        instruction = Self.wording(zip(names, places).map { ($0, $1.rawValue) }, ground, &random)
    }

    private static func wording(
        _ parts: [(name: String, place: String)], _ ground: String, _ random: inout SeededRandom
    ) -> String {
        switch Int.random(in: 0..<4, using: &random) {
        case 0: "put " + parts.map { "\($0.name) in the \($0.place)" }.enumeration + ", \(ground)"
        case 1: parts.map { "\($0.name) at the \($0.place)" }.enumeration + " \(ground)"
        case 2: "\(ground), place " + parts.map { "\($0.name) \($0.place)" }.enumeration
        default: "a picture with " + parts.map { "\($0.name) in the \($0.place)" }.enumeration + ", \(ground)"
        }
    }
}
