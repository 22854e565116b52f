/// A change of one thing in a picture.
package enum Edit: Sendable {
    case recolor(SceneObject, ObjectColor)
    case remove(SceneObject)
    case add(Picture.PlacedObject)
    case move(SceneObject, Picture.PlacedObject)
    case background(Background)

    package enum Name: String, CaseIterable, Sendable {
        case recolor, remove, add, move, background
    }

    package var name: Name {
        switch self {
        case .recolor: .recolor
        case .remove: .remove
        case .add: .add
        case .move: .move
        case .background: .background
        }
    }

    /// Another background than the picture has.
    package static func otherBackground(of picture: Picture, _ random: inout SeededRandom) -> Edit {
        .background(random.pick(Background.allCases.filter { $0 != picture.background }))
    }

    /// A change that `picture` allows; nil where it allows none of that name.
    package init?(
        _ name: Name, of picture: Picture, kinds: [Kind] = Kind.trained, _ random: inout SeededRandom
    ) {
        let present = Set(picture.objects.map(\.object.kind))
        let object = random.pick(picture.objects).object
        switch name {
        case .recolor:
            let colors = ObjectColor.allCases.filter { color in
                let kind = Kind(object.shape, color)
                return kinds.contains(kind) && !present.contains(kind)
            }
            guard !colors.isEmpty else { return nil }
            self = .recolor(object, random.pick(colors))
        case .remove:
            guard picture.objects.count > 1 else { return nil }
            self = .remove(object)
        case .add:
            let kinds = kinds.filter { !present.contains($0) }
            guard picture.objects.count < Scene.maximumObjects, !kinds.isEmpty else { return nil }
            let added = SceneObject(
                random.pick(kinds), random.pick(ObjectSize.allCases), random.pick(picture.freePlaces))
            self = .add(Picture.PlacedObject(random: added, &random))
        case .move:
            var moved = object
            moved.place = random.pick(picture.freePlaces)
            self = .move(object, Picture.PlacedObject(random: moved, &random))
        case .background:
            self = .otherBackground(of: picture, &random)
        }
    }

    /// The picture with the change; everything else stays where it is, to the pixel.
    package func applied(to picture: Picture) -> Picture {
        var result = picture
        switch self {
        case .recolor(let object, let color):
            for index in result.objects.indices where result.objects[index].object == object {
                result.objects[index].object.color = color
            }
        case .remove(let object): result.objects.removeAll { $0.object == object }
        case .add(let object): result.objects.append(object)
        case .move(let object, let moved):
            result.objects.removeAll { $0.object == object }
            result.objects.append(moved)
        case .background(let background): result.background = background
        }
        return result
    }

    /// The objects of `picture` that stay where they are, as they are afterwards.
    package func keptObjects(of picture: Picture) -> [Picture.PlacedObject] {
        let objects = applied(to: picture).objects
        switch self {
        case .add, .move: return objects.dropLast()
        case .recolor, .remove, .background: return objects
        }
    }

    /// What to say to get it.
    package func instruction(_ random: inout SeededRandom) -> String {
        random.pick(wordings)
    }

    private var wordings: [String] {
        switch self {
        case .recolor(let object, let color):
            [
                "make the \(object.name) \(color.rawValue)", "paint the \(object.name) \(color.rawValue)",
                "change the color of the \(object.name) to \(color.rawValue)",
                "the \(object.name) should be \(color.rawValue)",
            ]
        case .remove(let object):
            [
                "remove the \(object.name)", "delete the \(object.name)", "take the \(object.name) away",
                "erase the \(object.name)",
            ]
        case .add(let added):
            [
                "add \(added.object.phrase) in the \(added.object.place.rawValue)",
                "put \(added.object.phrase) at the \(added.object.place.rawValue)",
                "in the \(added.object.place.rawValue), add \(added.object.phrase)",
            ]
        case .move(let object, let moved):
            [
                "move the \(object.name) to the \(moved.object.place.rawValue)",
                "put the \(object.name) in the \(moved.object.place.rawValue)",
                "the \(object.name) should be at the \(moved.object.place.rawValue)",
            ]
        case .background(let background):
            [
                "make the background \(background.rawValue)", "change the background to \(background.rawValue)",
                "put everything on \(background.rawValue)",
            ]
        }
    }
}
