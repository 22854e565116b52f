import Imaging

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// A folder with everything about one example, so that another judge can decide about it.
package struct CaseFolder: Sendable {
    package let path: String

    /// What `truth.json` holds.
    private struct Truth: Encodable {
        struct Kept: Encodable {
            let object: SceneObject
            let x, y: Double
        }
        let task, variant: String
        let scene: Scene?
        let answer: String?
        /// Objects that must lie just where they lie in the first input: pixels from the middle of their fields.
        let kept: [Kept]?
        let inputs: [Scene]
    }

    /// Makes the folder, with prompt, truth and inputs.
    package init(_ path: String, _ example: Example) throws {
        self.path = path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        // Of another example that was judged here before.
        for name in ["output.png", "answer.txt", "judgement.json"] {
            try? FileManager.default.removeItem(atPath: "\(path)/\(name)")
        }
        try write(example.instruction + "\n", "prompt.txt")
        let kept = example.keptObjects.map { Truth.Kept(object: $0.object, x: $0.offset.x, y: $0.offset.y) }
        let truth = Truth(
            task: example.task.rawValue, variant: example.variant, scene: example.output?.scene,
            answer: example.answer, kept: kept.isEmpty ? nil : kept, inputs: example.inputs.map(\.scene))
        try write(try ShapesJSON.text(truth, pretty: true) + "\n", "truth.json")
        for (index, picture) in example.inputs.enumerated() {
            try picture.rendered().write(to: "\(path)/input-\(index + 1).png")
        }
    }

    package func save(_ image: Image) throws { try image.write(to: "\(path)/output.png") }

    package func save(answer: String) throws { try write(answer + "\n", "answer.txt") }

    package func save(_ judgement: Judgement) throws {
        try write(try ShapesJSON.text(judgement, pretty: true) + "\n", "judgement.json")
    }

    private func write(_ text: String, _ name: String) throws {
        try Data(text.utf8).write(to: URL(fileURLWithPath: "\(path)/\(name)"), options: .atomic)
    }
}
