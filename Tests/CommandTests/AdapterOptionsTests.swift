import Foundation
import OmniGen2
import Testing

@testable import omnigen2

@Suite(.serialized) struct AdapterOptionsTests {
    @Test(arguments: [
        ("a.safetensors", "a.safetensors", 1), ("a.safetensors:0.5", "a.safetensors", 0.5),
        ("a:-2", "a", -2), ("a:1e1", "a", 10), ("c:/a.safetensors", "c:/a.safetensors", 1), ("c:/a:3", "c:/a", 3),
        ("a:b:2", "a:b", 2), ("a:", "a:", 1),
    ])
    func aPathAndItsScale(argument: String, path: String, scale: Double) {
        #expect(Adapter(argument: argument) == Adapter(path: path, scale: scale))
    }

    @Test(arguments: ["", ":2", "a:nan", "a:inf"])
    func aScaleThatIsNoneAndAnEmptyPathAreRefused(argument: String) {
        #expect(Adapter(argument: argument) == nil)
    }

    @Test func aFileThatIsCalledLikeAScaleIsAFile() throws {
        try Program.withFolder { folder in
            try Data().write(to: URL(fileURLWithPath: folder + "/a:2"))
            #expect(Adapter(argument: folder + "/a:2") == Adapter(path: folder + "/a:2"))
            #expect(Adapter(argument: folder + "/a:2:3") == Adapter(path: folder + "/a:2", scale: 3))
        }
    }

    /// A safetensors file of zeros but for a few ones.
    private static func write(_ tensors: [(name: String, shape: [Int])], to path: String) throws {
        var header: [String: Any] = [:]
        var data = Data()
        for (name, shape) in tensors {
            let count = shape.reduce(1, *)
            header[name] = ["dtype": "F32", "shape": shape, "data_offsets": [data.count, data.count + count * 4]]
            for index in 0..<count {
                withUnsafeBytes(of: (index % 3 == 0 ? Float(0.5) : 0).bitPattern.littleEndian) { data += Data($0) }
            }
        }
        let text = try JSONSerialization.data(withJSONObject: header, options: .withoutEscapingSlashes)
        var file = withUnsafeBytes(of: UInt64(text.count).littleEndian) { Data($0) }
        file += text + data
        try file.write(to: URL(fileURLWithPath: path))
    }

    private static func quick(_ output: String, _ more: [String]) -> [String] {
        [
            "generate", "A dog", "--model", Program.checkpoint, "--height", "32", "--width", "32", "--steps", "1",
            "--dtype", "fp32", "--output", output,
        ] + more
    }

    private static func shape(of key: String) throws -> [Int] {
        let file = try #require(
            FileManager.default.contentsOfDirectory(atPath: Program.checkpoint + "/transformer").sorted()
                .filter { $0.hasSuffix(".safetensors") }.map { "\(Program.checkpoint)/transformer/\($0)" }
                .first { try Self.header($0)[key] != nil })
        return try #require((Self.header(file)[key] as? [String: Any])?["shape"] as? [Int])
    }

    private static func header(_ path: String) throws -> [String: Any] {
        let data = try Data(contentsOf: URL(fileURLWithPath: path))
        let length = data.prefix(8).enumerated().reduce(0) { $0 + Int($1.element) << (8 * $1.offset) }
        return try #require(JSONSerialization.jsonObject(with: data.dropFirst(8).prefix(length)) as? [String: Any])
    }

    @Test func aPictureWithAnAdapterIsReportedAndRepeatsItself() throws {
        try Program.withFolder { folder in
            let module = "layers.0.attn.to_q"
            let shape = try Self.shape(of: module + ".weight")
            let lora = folder + "/style.safetensors"
            try Self.write(
                [
                    ("transformer.\(module).lora_A.weight", [2, shape[1]]),
                    ("transformer.\(module).lora_B.weight", [shape[0], 2]), ("text_encoder.x.lora_A.weight", [2, 2]),
                ], to: lora)
            let (plain, first, second) = (folder + "/0.png", folder + "/1.png", folder + "/2.png")
            #expect(try Program.run(Self.quick(plain, [])).status == 0)
            let drawn = try Program.run(Self.quick(first, ["--lora", lora + ":-0.5", "--lora", lora, "--merge-lora"]))
            #expect(drawn.status == 0, "\(drawn.error)")
            let report =
                "style.safetensors: 1 module matched, 1 key unmatched "
                + "(text_encoder.x.lora_A.weight: belongs to the language model), rank 2, scale "
            #expect(drawn.error.contains(report + "-0.5\n") && drawn.error.contains(report + "1.0\n"))
            let repeated = try Program.run(["generate", "--from", first, "--output", second])
            #expect(repeated.status == 0, "\(repeated.error)")
            let pictures = try [plain, first, second].map { try Data(contentsOf: URL(fileURLWithPath: $0)) }
            #expect(pictures[1] == pictures[2] && pictures[0] != pictures[1])
        }
    }

    @Test func whatCannotBeUsedIsOneLineAndACode() throws {
        try Program.withFolder { folder in
            let (foreign, wide) = (folder + "/foreign.safetensors", folder + "/wide.safetensors")
            try Self.write([("unet.x.lora_A.weight", [2, 2])], to: foreign)
            try Self.write(
                [("layers.0.attn.to_q.lora_A.weight", [2, 5]), ("layers.0.attn.to_q.lora_B.weight", [5, 2])], to: wide)
            try Data([1, 2, 3]).write(to: URL(fileURLWithPath: folder + "/torn.safetensors"))
            let cases: [(String, Int32, String)] = [
                ("/nowhere.safetensors:0.5", 66, "/nowhere.safetensors: no such adapter"),
                (foreign, 65, "none of its 1 keys belongs to the model"), (wide, 65, "has shape [2, 5]"),
                (folder + "/torn.safetensors", 65, "torn.safetensors"), ("x:nan", 64, "x:nan"),
            ]
            for (argument, status, words) in cases {
                let outcome = try Program.run(Self.quick(folder + "/a.png", ["--lora", argument]))
                #expect(outcome.status == status, "\(outcome.error)")
                #expect(outcome.error.contains(words), "\(outcome.error)")
                #expect(outcome.error.split(separator: "\n").count == 1, "\(outcome.error)")
                #expect(!FileManager.default.fileExists(atPath: folder + "/a.png"))
            }
        }
    }
}
