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

    /// Several questions about a picture at once: they teach more of it than one, and cost little more.
    static func lesson(_ picture: Picture, _ random: inout SeededRandom) -> Example {
        let questions = (0..<(random.chance(0.35) ? 1 : 4)).map { _ in
            let example =
                switch Int.random(in: 0..<20, using: &random) {
                case 0: describing(nil, picture, &random)
                case 1...4: describing(Question.lookup(in: picture.scene, &random), picture, &random)
                default: describing(random.pick(Question.Topic.allCases), picture, &random)
                }
            return (example.instruction, example.answer ?? "")
        }
        return Example(
            task: .describe, variant: "lesson", instruction: questions.map(\.0).joined(separator: " "),
            inputs: [picture],
            output: nil, answer: questions.map(\.1).joined(separator: "; "), keptObjects: [])
    }

    private static func describing(
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
