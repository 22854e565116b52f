import Imaging

/// What became of an example.
package struct Judgement: Codable, Equatable, Sendable {
    /// Everything is as it should be.
    package let isRight: Bool
    /// Of the objects that should be there: how many are, and how many of these in the right form.
    package let objects: ObjectCounts
    /// What is wrong, in words; nil when nothing is.
    package let fault: String?

    /// Objects of a scene, counted.
    package struct ObjectCounts: Codable, Equatable, Sendable {
        package var wanted = 0
        /// Something lies in the field.
        package var place = 0
        package var shape = 0
        package var color = 0
        package var size = 0
        /// All four.
        package var whole = 0

        package init() {}

        package static func + (left: Self, right: Self) -> Self {
            var sum = left
            sum.wanted += right.wanted
            sum.place += right.place
            sum.shape += right.shape
            sum.color += right.color
            sum.size += right.size
            sum.whole += right.whole
            return sum
        }
    }
}

/// Compares what a model has made with what it should have made.
package enum Judge {
    /// How far, in pixels each way, an object may have moved that was to stay where it was.
    package static let largestShift = 1.5

    /// A picture. It is read without knowing what it should show; only then it is compared.
    package static func judge(_ image: Image, _ example: Example) -> Judgement {
        guard let wanted = example.output?.scene else {
            return Judgement(isRight: false, objects: .init(), fault: "no picture was asked for")
        }
        guard let reading = try? SceneReader.read(image) else {
            return Judgement(
                isRight: false, objects: counts(wanted, []),
                fault: "\(image.width)x\(image.height) pixels, expected \(Picture.side)x\(Picture.side)")
        }
        let objects = counts(wanted, reading.findings.map(\.object))
        let fault = self.fault(reading, wanted) ?? shift(reading, example.keptObjects)
        return Judgement(isRight: fault == nil, objects: objects, fault: fault)
    }

    /// An answer: the words must be the same.
    package static func judge(_ answer: String, _ example: Example) -> Judgement {
        let isRight = answer.trimmed == example.answer
        return Judgement(
            isRight: isRight, objects: .init(),
            fault: isRight ? nil : "expected '\(example.answer ?? "")', got '\(answer.trimmed)'")
    }

    private static func fault(_ reading: SceneReader.Reading, _ wanted: Scene) -> String? {
        guard let background = reading.background else { return "no background" }
        if let place = reading.unreadable.first { return "something that is no object in the \(place.rawValue)" }
        let scene = Scene(background, reading.findings.map(\.object))
        if scene == wanted { return nil }
        if scene.background != wanted.background {
            return "a \(scene.background.rawValue) background, expected \(wanted.background.rawValue)"
        }
        if let missing = wanted.objects.first(where: { !scene.objects.contains($0) }) {
            let seen = scene.objects.first { $0.place == missing.place }
            return "\(seen?.phrase ?? "nothing") in the \(missing.place.rawValue), expected \(missing.phrase)"
        }
        let extra = scene.objects.first { !wanted.objects.contains($0) }
        return "\(extra?.phrase ?? "something") in the \(extra?.place.rawValue ?? "picture"), expected nothing"
    }

    private static func shift(_ reading: SceneReader.Reading, _ kept: [Picture.PlacedObject]) -> String? {
        for placed in kept {
            guard let finding = reading.findings.first(where: { $0.object == placed.object }) else { continue }
            let (x, y) = (finding.offset.x - placed.offset.x, finding.offset.y - placed.offset.y)
            if max(abs(x), abs(y)) > largestShift { return "the \(placed.object.name) has moved by \(x), \(y) pixels" }
        }
        return nil
    }

    private static func counts(_ wanted: Scene, _ found: [SceneObject]) -> Judgement.ObjectCounts {
        var counts = Judgement.ObjectCounts()
        for object in wanted.objects {
            counts.wanted += 1
            guard let seen = found.first(where: { $0.place == object.place }) else { continue }
            counts.place += 1
            counts.shape += seen.shape == object.shape ? 1 : 0
            counts.color += seen.color == object.color ? 1 : 0
            counts.size += seen.size == object.size ? 1 : 0
            counts.whole += seen == object ? 1 : 0
        }
        return counts
    }
}

extension String {
    /// Without blanks around it, and in lower case.
    fileprivate var trimmed: String {
        let start = drop { $0.isWhitespace }
        return String(String(start.reversed().drop { $0.isWhitespace }).reversed()).lowercased()
    }
}
