extension Picture {
    /// A picture of so many objects, no two of one kind and no two in one field.
    ///
    /// - Parameters:
    ///   - kinds: what there may be.
    ///   - wanted: what there must be one of.
    package static func random(
        objects count: Int, kinds: [Kind] = Kind.trained, including wanted: Kind? = nil, _ random: inout SeededRandom
    ) -> Picture {
        let others = kinds.filter { $0 != wanted }.shuffled(using: &random)
        let chosen = ((wanted.map { [$0] } ?? []) + others).prefix(count)
        let places = Place.allCases.shuffled(using: &random)
        let objects = zip(chosen, places).map { kind, place in
            PlacedObject(random: SceneObject(kind, random.pick(ObjectSize.allCases), place), &random)
        }
        return Picture(random.pick(Background.allCases), objects.shuffled(using: &random))
    }

    /// The fields nothing lies in.
    package var freePlaces: [Place] {
        let taken = Set(objects.map(\.object.place))
        return Place.allCases.filter { !taken.contains($0) }
    }
}

extension Picture.PlacedObject {
    /// Somewhere in its field.
    init(random object: SceneObject, _ random: inout SeededRandom) {
        let freedom = Outline.freedom(object.size)
        self.init(
            object,
            Offset(
                x: Double.random(in: -freedom...freedom, using: &random),
                y: Double.random(in: -freedom...freedom, using: &random)))
    }
}
