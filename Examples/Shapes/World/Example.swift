import Imaging

/// What a model is asked to do.
package enum ShapesTask: String, CaseIterable, Sendable {
    case draw = "text_to_image"
    case edit, compose, describe
}

/// Something to do, with the truth about it.
package struct Example: Sendable {
    package let task: ShapesTask
    /// What kind of it: number of objects, name of an edit, number of references, topic of a question.
    package let variant: String
    package let instruction: String
    package let inputs: [Picture]
    /// What is to be drawn.
    package let output: Picture?
    /// What is to be answered.
    package let answer: String?
    /// Objects of the output that lie just where they lie in the first input.
    package let keptObjects: [Picture.PlacedObject]

    /// A scene of so many objects.
    package static func drawing(
        objects count: Int, including wanted: Kind? = nil, _ random: inout SeededRandom
    ) -> Example {
        let picture = Picture.random(objects: count, including: wanted, &random)
        let text = SceneSentence.random(picture.scene, &random).typed(&random)
        return Example(
            task: .draw, variant: "\(count)", instruction: text, inputs: [], output: picture, answer: nil,
            keptObjects: [])
    }

    /// An edit of a scene of so many objects; of the background where the scene does not allow one of that name.
    package static func editing(
        _ name: Edit.Name, objects count: Int, including wanted: Kind? = nil, _ random: inout SeededRandom
    ) -> Example {
        let picture = Picture.random(objects: count, including: wanted, &random)
        return editing(Edit(name, of: picture, &random) ?? .otherBackground(of: picture, &random), picture, &random)
    }

    package static func editing(_ edit: Edit, _ picture: Picture, _ random: inout SeededRandom) -> Example {
        Example(
            task: .edit, variant: edit.name.rawValue, instruction: edit.instruction(&random).typed(&random),
            inputs: [picture], output: edit.applied(to: picture), answer: nil,
            keptObjects: edit.keptObjects(of: picture))
    }

    package static func composing(
        references count: Int, including wanted: Kind? = nil, _ random: inout SeededRandom
    ) -> Example {
        composing(Composition(references: count, including: wanted, &random), &random)
    }

    package static func composing(_ composition: Composition, _ random: inout SeededRandom) -> Example {
        Example(
            task: .compose, variant: "\(composition.references.count)",
            instruction: composition.instruction.typed(&random), inputs: composition.references,
            output: composition.result, answer: nil, keptObjects: [])
    }

    /// Several questions at once: they teach more than one, and cost little more. They are about a picture, or now and
    /// then about what a sentence tells of it, so that words are bound to objects where the transformer reads them.
    /// In a crowd, with more objects than a scene has, it does not help to guess one of the places that are taken.
    static func lesson(_ picture: Picture, _ random: inout SeededRandom) -> Example {
        let isRead = picture.objects.count <= Scene.maximumObjects && random.chance(0.25)
        let parts = several(&random) { part(of: picture, &$0) }
        let told = isRead ? SceneSentence.random(picture.scene, &random) + "." : nil
        return joining(parts, isRead ? "reading" : "lesson", picture, told: told)
    }

    /// Four questions or one, no two of them alike: a second answer could be copied from the first.
    static func several(
        _ random: inout SeededRandom, _ next: (inout SeededRandom) -> Example
    ) -> [Example] {
        var parts: [Example] = []
        for _ in 0..<(random.chance(0.35) ? 1 : 4) {
            let part = next(&random)
            if !parts.contains(where: { $0.instruction.lowercased() == part.instruction.lowercased() }) {
                parts.append(part)
            }
        }
        return parts
    }

    /// Questions about a picture, or in its place what is told of it, as one.
    static func joining(_ parts: [Example], _ variant: String, _ picture: Picture, told: String? = nil) -> Example {
        Example(
            task: .describe, variant: variant,
            instruction: ((told.map { [$0] } ?? []) + parts.map(\.instruction)).joined(separator: " "),
            inputs: told == nil ? [picture] : [], output: nil,
            answer: parts.compactMap(\.answer).joined(separator: "; "), keptObjects: [])
    }

    /// A question of a lesson: what takes longest to learn comes most often.
    private static func part(of picture: Picture, _ random: inout SeededRandom) -> Example {
        let isCrowd = picture.objects.count > Scene.maximumObjects
        return switch Int.random(in: 0..<20, using: &random) {
        case 0...1: describing(Question.lookup(in: picture.scene, &random), picture, &random)
        case 2...4: describing(Question.search(in: picture.scene, &random), picture, &random)
        case 5...6: describing(.place, picture, &random)
        case 7...12: describing(.relation, picture, &random)
        case 13...15: describing(isCrowd ? .place : .count, picture, &random)
        case 16 where !isCrowd: describing(nil, picture, &random)
        default: describing(random.pick(isCrowd ? [.color, .shape, .size] : Question.Topic.allCases), picture, &random)
        }
    }

    static func describing(
        _ question: Question, _ picture: Picture, _ random: inout SeededRandom
    ) -> Example {
        Example(
            task: .describe, variant: question.topic?.rawValue ?? "lookup", instruction: question.text.typed(&random),
            inputs: [picture], output: nil, answer: question.answer, keptObjects: [])
    }

    /// A question about a picture, or with `topic` nil the wish to have all of it described.
    package static func describing(
        _ topic: Question.Topic?, _ picture: Picture, _ random: inout SeededRandom
    ) -> Example {
        if let topic { return describing(Question(topic, about: picture.scene, &random), picture, &random) }
        let text = random.pick(Question.descriptions)
        return Example(
            task: .describe, variant: "description", instruction: text.typed(&random), inputs: [picture], output: nil,
            answer: Question.description(of: picture.scene), keptObjects: [])
    }
}
