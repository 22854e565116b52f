import Imaging

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Pictures and lines to train on, in the form `omnigen2 train` reads: `pictures/`, a `.jsonl` for each kind of task,
/// and `lines.txt` for the tokenizer.
package struct TrainingSet {
    /// How much of each kind.
    package struct Counts: Sendable {
        /// Scenes of one, two and three objects.
        package var scenes = [24_000, 48_000, 72_000]
        /// Of each `Primer`.
        package var primers = 8000
        package var edits = 80_000
        package var compositions = 60_000
        /// Pictures with more objects than a scene has, each asked about once.
        package var crowds = 40_000
        /// How often a scene is asked about.
        package var askedScenes = 360_000
        /// Lines of each `Drill`.
        package var drills = 100_000

        package init() {}
    }

    private let folder: String
    private let counts: Counts
    private let negativePrompt: String
    private var random: SeededRandom
    /// Scenes by number of objects; edits and compositions start from them.
    private var scenes: [[(picture: Picture, path: String)]] = []
    private var crowded: [(picture: Picture, path: String)] = []
    private var pictureCount = 0
    private let progress: (Int) -> Void

    private init(
        _ folder: String, _ counts: Counts, seed: UInt64, negativePrompt: String, _ progress: @escaping (Int) -> Void
    ) {
        self.negativePrompt = negativePrompt
        self.folder = folder
        self.counts = counts
        self.progress = progress
        random = SeededRandom(seed: seed)
    }

    /// - Parameters:
    ///   - folder: must not be there; it appears when all of it is written.
    ///   - negativePrompt: what `omnigen2 generate` stays away from unless it is told otherwise.
    ///   - progress: is told how many pictures there are.
    package static func write(
        to folder: String, _ counts: Counts, seed: UInt64, negativePrompt: String, progress: @escaping (Int) -> Void
    ) throws {
        let manager = FileManager.default
        let folder = folder.count > 1 && folder.hasSuffix("/") ? String(folder.dropLast()) : folder
        guard !manager.fileExists(atPath: folder) else { throw ShapesError("\(folder) is there already") }
        let partial = folder + ".partial"
        try? manager.removeItem(atPath: partial)
        try manager.createDirectory(atPath: partial, withIntermediateDirectories: true)
        var set = TrainingSet(partial, counts, seed: seed, negativePrompt: negativePrompt, progress)
        try set.writeScenes()
        try set.writeEdits()
        try set.writeCompositions()
        try set.writePrimers()
        try set.writeQuestions()
        try set.writeDrills()
        try manager.moveItem(atPath: partial, toPath: folder)
    }

    private mutating func writeScenes() throws {
        var words = try LineFile("\(folder)/lines.txt")
        var faint = try LineFile("\(folder)/faint.jsonl")
        for (index, count) in counts.scenes.enumerated() {
            var lines = try LineFile("\(folder)/draw-\(index + 1).jsonl")
            var written: [(Picture, String)] = []
            for number in 0..<count {
                let example = Example.drawing(objects: index + 1, &random)
                guard let picture = example.output else { continue }
                let path = try save(picture)
                written.append((picture, path))
                let line = try line(example, inputs: [], output: path)
                try lines.add(line)
                if picture.hasFaintObject { try faint.add(line) }
                if number < 4000 { try words.add(example.instruction) }
            }
            scenes.append(written)
            try lines.close()
        }
        for _ in 0..<4000 {
            try words.add(Example.editing(random.pick(Edit.Name.allCases), objects: 2, &random).instruction)
            try words.add(Example.composing(references: random.pick([2, 3]), &random).instruction)
            let picture = Picture.random(objects: 3, &random)
            let example = Example.describing(random.pick([nil] + Question.Topic.allCases), picture, &random)
            try words.add("\(example.instruction)\n\(example.answer ?? "")")
        }
        try faint.close()
        for _ in 0..<1000 { try words.add(negativePrompt) }
        try words.close()
    }

    private mutating func writeEdits() throws {
        var lines = try LineFile("\(folder)/edit.jsonl")
        for _ in 0..<counts.edits {
            let source = random.pick(random.pick(scenes))
            let name = random.pick(Edit.Name.allCases)
            guard let edit = Edit(name, of: source.picture, &random) else { continue }
            let example = Example.editing(edit, source.picture, &random)
            guard let result = example.output else { continue }
            try lines.add(line(example, inputs: [source.path], output: save(result)))
        }
        try lines.close()
    }

    private mutating func writeCompositions() throws {
        guard Set(scenes[0].map { $0.picture.objects[0].object.kind }).count >= 3 else {
            throw ShapesError("\(scenes[0].count) pictures of one object are too few to compose from")
        }
        var lines = try LineFile("\(folder)/compose.jsonl")
        for _ in 0..<counts.compositions {
            var sources: [(picture: Picture, path: String)] = []
            let count = random.pick([2, 3])
            while sources.count < count {
                let source = random.pick(scenes[0])
                let kinds = sources.map { $0.picture.objects[0].object.kind }
                if !kinds.contains(source.picture.objects[0].object.kind) { sources.append(source) }
            }
            let example = Example.composing(Composition(sources.map(\.picture), &random), &random)
            guard let result = example.output else { continue }
            try lines.add(line(example, inputs: sources.map(\.path), output: save(result)))
        }
        try lines.close()
    }

    private mutating func writePrimers() throws {
        for primer in Primer.allCases {
            try FileManager.default.createDirectory(
                atPath: "\(folder)/\(primer.rawValue)", withIntermediateDirectories: true)
            var lines = try LineFile("\(folder)/\(primer.rawValue).jsonl")
            for number in 0..<counts.primers {
                let example = Example.drawing(objects: 1, &random)
                guard let picture = example.output else { continue }
                let path = "\(primer.rawValue)/\(number).png"
                try primer.rendered(picture).write(to: "\(folder)/\(path)")
                try lines.add(
                    ShapesJSON.text(
                        Line(
                            task_type: example.task.rawValue, instruction: primer.instruction(example.instruction),
                            input_images: nil, output_image: path, output_text: nil)))
            }
            try lines.close()
        }
    }

    private mutating func writeQuestions() throws {
        var lines = try LineFile("\(folder)/describe.jsonl")
        for index in 0..<counts.askedScenes {
            let source = random.pick(scenes[index % scenes.count])
            let lesson = Example.lesson(source.picture, &random)
            try lines.add(line(lesson, inputs: lesson.inputs.isEmpty ? [] : [source.path], output: nil))
        }
        try lines.close()
        var crowds = try LineFile("\(folder)/crowd.jsonl")
        for _ in 0..<counts.crowds {
            let picture = Picture.random(objects: random.pick(Array(5...Place.allCases.count)), &random)
            let source = (picture: picture, path: try save(picture))
            crowded.append(source)
            try crowds.add(line(Example.lesson(picture, &random), inputs: [source.path], output: nil))
        }
        try crowds.close()
    }

    /// A drill that needs full pictures has none where no crowd is full.
    private mutating func writeDrills() throws {
        let full = crowded.filter { $0.picture.objects.count >= Place.allCases.count - 1 }
        for drill in Drill.allCases {
            let sources = (drill.needsFullPicture ? [full] : [scenes[1], scenes[2], crowded, full])
                .filter { !$0.isEmpty }
            var lines = try LineFile("\(folder)/\(drill.rawValue).jsonl")
            for _ in 0..<(sources.isEmpty ? 0 : counts.drills) {
                let source = random.pick(random.pick(sources))
                guard let example = drill.example(of: source.picture, &random) else { continue }
                try lines.add(line(example, inputs: [source.path], output: nil))
            }
            try lines.close()
        }
    }

    /// Writes a picture; its path from the folder of the set.
    private mutating func save(_ picture: Picture) throws -> String {
        let path = "pictures/\(pictureCount / 1000)/\(pictureCount % 1000).png"
        if pictureCount % 1000 == 0 {
            progress(pictureCount)
            try FileManager.default.createDirectory(
                atPath: "\(folder)/pictures/\(pictureCount / 1000)", withIntermediateDirectories: true)
        }
        try picture.rendered().write(to: "\(folder)/\(path)")
        pictureCount += 1
        return path
    }

    /// Now and then nothing is said: guidance leads away from what is drawn then. Users' negative prompts are words all
    /// the same, so the standing one, and none at all, must come to mean nothing.
    private mutating func said(_ instruction: String) -> String {
        random.chance(0.05) ? random.pick(["", negativePrompt]) : instruction
    }

    private struct Line: Encodable {
        let task_type, instruction: String
        let input_images: [String]?
        let output_image, output_text: String?
    }

    private mutating func line(_ example: Example, inputs: [String], output: String?) throws -> String {
        let instruction = output == nil ? example.instruction : said(example.instruction)
        return try ShapesJSON.text(
            Line(
                task_type: example.task.rawValue, instruction: instruction,
                input_images: inputs.isEmpty ? nil : inputs, output_image: output, output_text: example.answer))
    }
}
