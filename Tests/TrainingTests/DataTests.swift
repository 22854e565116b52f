import Foundation
import Imaging
import Testing

@testable import Training

@Suite struct DataTests {
    private static func line(_ task: String, _ output: String, _ inputs: [String]? = nil) -> String {
        let list = inputs.map { ", \"input_images\": [\($0.map { "\"\($0)\"" }.joined(separator: ", "))]" } ?? ""
        return "{\"task_type\": \"\(task)\", \"instruction\": \"do it\"\(list), \"output_image\": \"\(output)\"}\n"
    }

    @Test func linesAreReadWithPathsThatBeginAtTheirFile() throws {
        let text = Self.line("t2i", "a.png") + "\n \r\n" + Self.line("edit", "/b.png", ["c/d.png"])
        try withFile(text, "data.jsonl") { path in
            let file = try SampleFile(path: path)
            #expect(file.count == 2)
            #expect(try file[0].outputImage == path.replacing("data.jsonl", with: "a.png"))
            let second = try file[1]
            #expect(second.outputImage == "/b.png" && second.inputImages[0].hasSuffix("/c/d.png"))
            #expect(second.origin == "\(path):4" && second.taskType == "edit" && second.instruction == "do it")
        }
    }

    @Test(arguments: [
        ("{", "no JSON object"), ("[]", "the line must be an object"),
        (#"{"task_type": "a"}"#, "instruction is missing"),
        (#"{"task_type": "a", "instruction": 3, "output_image": "b"}"#, "instruction must be a text"),
        (#"{"task_type": "a", "instruction": null, "output_image": "b"}"#, "instruction is null"),
        (#"{"task_type": "a", "instruction": "x", "output_image": ""}"#, "output_image is empty"),
        (
            #"{"task_type": "a", "instruction": "x", "input_images": ["y", 3], "output_image": "b"}"#,
            "input_images[1] must be a text"
        ),
    ])
    func aLineThatIsNoSampleSaysWhy(line: String, reason: String) throws {
        try withFile("\n" + line, "data.jsonl") { path in
            let file = try SampleFile(path: path)
            let error = #expect(throws: SampleError.self) { try file[0] }
            #expect(error == SampleError(origin: "\(path):2", reason: reason))
        }
    }

    @Test func partsAreTakenByTheirRatios() throws {
        let samples = String(repeating: Self.line("t2i", "a.png"), count: 40)
        try withFiles([
            "mix.yml": "data:\n  - {path: inner.yml, ratio: !!float 0.5, type: x}\n  - {path: b.jsonl, ratio: 0.5}\n",
            "inner.yml": "data: [{path: a.jsonl, ratio: 1}, {path: c.jsonl, ratio: 3}]", "a.jsonl": samples,
            "b.jsonl": samples, "c.jsonl": samples,
        ]) { folder in
            let mixture = try DataMixture(path: "\(folder)/mix.yml")
            #expect(mixture.parts.map(\.count) == [5, 15, 20] && mixture.count == 40)
            #expect(try DataMixture(path: "\(folder)/b.jsonl").count == 40)
            #expect(try DataMixture(path: folder).count == 120)
        }
    }

    /// The layout in which X2I2 is loaded: `jsons/NAME/NAME.jsonl` beside `images/NAME`.
    @Test func picturesAreInTheFolderThatTheMixtureNames() throws {
        let line = Self.line("edit", "1/out.png", ["1/in.png", "/b.png"])
        try withFiles([
            "mix.yml": """
            data:
              - {path: edit.jsonl, ratio: 1, image_folder: images/edit}
              - {path: inner.yml, ratio: 1, image_folder: /pictures}
            """,
            "inner.yml": "data: [{path: a.jsonl, ratio: 1}, {path: b.jsonl, ratio: 1, image_folder: other}]",
            "edit.jsonl": line, "a.jsonl": line, "b.jsonl": line,
        ]) { folder in
            let samples = try DataMixture(path: "\(folder)/mix.yml").parts.map { try $0.file[0] }
            let outputs = samples.compactMap(\.outputImage)
            #expect(
                outputs == ["\(folder)/images/edit/1/out.png", "/pictures/1/out.png", "\(folder)/other/1/out.png"])
            #expect(samples[0].inputImages == ["\(folder)/images/edit/1/in.png", "/b.png"])
            #expect(samples[0].origin == "\(folder)/edit.jsonl:1")
        }
    }

    @Test func aMixtureOfItselfAndOneOfNothingAreErrors() throws {
        try withFiles([
            "a.yml": "data: [{path: b.yml, ratio: 1}]", "b.yml": "data: [{path: a.yml, ratio: 1}]",
            "c.yml": "data: []", "d.yml": "data: [{path: e.jsonl, ratio: 0}]", "e.yml": "data: [{path: x, ratio: 1}]",
        ]) { folder in
            for name in ["a", "c", "d", "e"] {
                #expect(throws: SettingsError.self) { try DataMixture(path: "\(folder)/\(name).yml") }
            }
        }
    }

    @Test func theCheckFindsWhatIsWrongAndCountsTheRest() async throws {
        let data =
            Self.line("t2i", "a.png") + Self.line("edit", "b.png", ["a.png"]) + Self.line("edit", "b.png", ["a.png"])
            + Self.line("t2i", "thin.png") + Self.line("t2i", "nowhere.png") + "{}\n"
            + Self.line("ic", "a.png", Array(repeating: "a.png", count: 6)) + Self.line("t2i", "text.png")
        try await withFiles(["data.jsonl": data, "text.png": "no picture"]) { folder in
            for (name, width) in [("a", 40), ("b", 48), ("thin", 4)] {
                let pixels = [UInt8](repeating: 7, count: width * 32 * 3)
                try Image(width: width, height: 32, pixels: pixels).write(to: "\(folder)/\(name).png")
            }
            let report = try await DataCheck.run(DataOptions(path: "\(folder)/data.jsonl"))
            #expect(report.samples == 8)
            let lines = report.problems.map { $0.replacing("\(folder)/", with: "") }
            #expect(lines.map { String($0.prefix(12)) } == (4...8).map { "data.jsonl:\($0)" })
            #expect(
                report.warnings.map { $0.replacing("\(folder)/", with: "") } == [
                    "data.jsonl:3: output_image is that of data.jsonl:2"
                ])
            #expect(report.statistics["t2i"]?.samples == 1 && report.statistics["edit"]?.references == [1: 2])
            #expect(report.statistics["edit"]?.sizes.map(\.value) == [2] && report.statistics["ic"] == nil)
        }
    }

    @Test func theCheckNamesSamplesInTheirOrderWhateverIsReadFirst() async throws {
        let (count, distinct) = (1400, 700)
        // Of each ten pictures one is missing and one is damaged; the second half of the samples has those of the first.
        let data = (0..<count).map { Self.line("t2i", "\($0 % distinct).png", $0 % 3 == 0 ? ["\($0 / 3).png"] : nil) }
        try await withFiles(["data.jsonl": data.joined()]) { folder in
            let picture = try Image(width: 16, height: 16, pixels: Array(repeating: 7, count: 768)).pngData()
            for index in 0..<distinct where index % 10 != 3 {
                let bytes = index % 10 == 7 ? Array(picture.prefix(40)) : picture
                try Data(bytes).write(to: URL(fileURLWithPath: "\(folder)/\(index).png"))
            }
            func isWrong(_ index: Int) -> Bool {
                [index % distinct, index % 3 == 0 ? index / 3 : 0].contains { [3, 7].contains($0 % 10) }
            }
            let wrong = (0..<count).filter(isWrong)
            let report = try await DataCheck.run(DataOptions(path: "\(folder)/data.jsonl"))
            #expect(report.samples == count)
            func lines(_ texts: [String]) -> [Int?] {
                texts.map { $0.split(separator: ":").dropFirst().first.flatMap { Int($0) } }
            }
            #expect(lines(report.problems) == wrong.map { $0 + 1 })
            #expect(report.statistics["t2i"]?.samples == count - wrong.count)
            let again = (distinct..<count).filter { !isWrong($0) && !isWrong($0 - distinct) }
            #expect(!again.isEmpty && lines(report.warnings) == again.map { $0 + 1 })
        }
    }

    @Test func aCheckThatIsCancelledEnds() async throws {
        let data = String(repeating: Self.line("t2i", "a.png"), count: 100)
        try await withFiles(["data.jsonl": data]) { folder in
            let check = Task {
                withUnsafeCurrentTask { $0?.cancel() }
                return try await DataCheck.run(DataOptions(path: "\(folder)/data.jsonl"))
            }
            await #expect(throws: CancellationError.self) { try await check.value }
        }
    }
}
