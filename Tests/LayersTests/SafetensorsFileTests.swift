import Layers
import Testing

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// A new folder, removed after `body`.
func withSafetensorsFolder(_ body: (String) throws -> Void) throws {
    let path = FileManager.default.temporaryDirectory.path + "/safetensors-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: path) }
    try body(path)
}

func writeText(_ text: String, to path: String) throws { try Data(text.utf8).write(to: URL(fileURLWithPath: path)) }

private var tensors: [SafetensorsWriter.Tensor] {
    [
        SafetensorsWriter.Tensor(name: "flag", elementType: .bool, shape: [3], bytes: [1, 0, 1]),
        SafetensorsWriter.Tensor(name: "b", elementType: .bfloat16, shape: [1, 2], bytes: [1, 2, 3, 4]),
        SafetensorsWriter.Tensor(name: "a", elementType: .bfloat16, shape: [], bytes: [5, 6]),
        SafetensorsWriter.Tensor(name: "wide \"\\\n\u{1}é", elementType: .int64, shape: [1], bytes: Array(0..<8)),
    ]
}

@Suite struct SafetensorsFileTests {
    @Test func theWriterGivesTheBytesOfTheOfficialCrate() throws {
        // What `safetensors.serialize` 0.8 gives for the same tensors and metadata.
        let header =
            #"{"__metadata__":{"format":"pt"},"wide \"\\\n\u0001é":{"dtype":"I64","shape":[1],"data_offsets":[0,8]},"#
            + #""a":{"dtype":"BF16","shape":[],"data_offsets":[8,10]},"b":{"dtype":"BF16","shape":[1,2],"#
            + #""data_offsets":[10,14]},"flag":{"dtype":"BOOL","shape":[3],"data_offsets":[14,17]}}"#
        let padded = header + String(repeating: " ", count: (8 - header.utf8.count % 8) % 8)
        let expected = safetensorsBytes(padded) + [0, 1, 2, 3, 4, 5, 6, 7, 5, 6, 1, 2, 3, 4, 1, 0, 1]
        try withSafetensorsFolder { folder in
            try SafetensorsWriter.write(tensors, metadata: ["format": "pt"], to: "\(folder)/x.safetensors")
            let written = try Data(contentsOf: URL(fileURLWithPath: "\(folder)/x.safetensors"))
            #expect(Array(written) == expected)
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["x.safetensors"])
        }
    }

    @Test func aWrittenFileReadsBack() throws {
        try withSafetensorsFolder { folder in
            try SafetensorsWriter.write(tensors, metadata: ["k\n": "é"], to: "\(folder)/x.safetensors")
            let file = try SafetensorsFile(path: "\(folder)/x.safetensors")
            #expect(file.names == ["wide \"\\\n\u{1}é", "a", "b", "flag"])
            #expect(file.metadata == ["k\n": "é"])
            let entry = try #require(file.entries["b"])
            #expect(entry.elementType == .bfloat16 && entry.shape == [1, 2])
            #expect(try Array(file.bytes(of: entry)) == [1, 2, 3, 4])
            let first = try file.bytes(of: #require(file.entries[file.names[0]]))
            #expect(UInt(bitPattern: first.baseAddress) % 8 == 0)
        }
    }

    @Test func anEntryOfAnotherFileIsRefused() throws {
        try withSafetensorsFolder { folder in
            try SafetensorsWriter.write(tensors, to: "\(folder)/x.safetensors")
            try SafetensorsWriter.write([tensors[0]], to: "\(folder)/y.safetensors")
            let entry = try #require(try SafetensorsFile(path: "\(folder)/x.safetensors").entries["a"])
            let other = try SafetensorsFile(path: "\(folder)/y.safetensors")
            #expect(throws: SafetensorsError.self) { try other.bytes(of: entry) }
        }
    }

    @Test func filesThatCannotBeMappedAreErrors() throws {
        try withSafetensorsFolder { folder in
            #expect(throws: SafetensorsError(file: "\(folder)/no", reason: "cannot open: No such file or directory")) {
                try SafetensorsFile(path: "\(folder)/no")
            }
            #expect(throws: SafetensorsError(file: folder, reason: "not a regular file")) {
                try SafetensorsFile(path: folder)
            }
            try writeText("", to: "\(folder)/empty")
            #expect(
                throws: SafetensorsError(
                    file: "\(folder)/empty", reason: "truncated: expected 8 bytes of header length, the file has 0")
            ) { try SafetensorsFile(path: "\(folder)/empty") }
        }
    }

    @Test func whatCannotBeWrittenLeavesTheOldFileAlone() throws {
        struct Stop: Error {}
        try withSafetensorsFolder { folder in
            let path = "\(folder)/x.safetensors"
            try SafetensorsWriter.write([tensors[0]], to: path)
            let stopping = SafetensorsWriter.Tensor(name: "s", elementType: .uint8, shape: [1]) { _ in throw Stop() }
            #expect(throws: Stop.self) { try SafetensorsWriter.write([stopping], to: path) }
            let short = SafetensorsWriter.Tensor(name: "s", elementType: .uint8, shape: [2], bytes: [0])
            let reserved = SafetensorsWriter.Tensor(name: "__metadata__", elementType: .uint8, shape: [0], bytes: [])
            let negative = SafetensorsWriter.Tensor(name: "n", elementType: .uint8, shape: [-1, 0], bytes: [])
            for refused in [[short], [reserved], [negative], [tensors[0], tensors[0]]] {
                #expect(throws: SafetensorsError.self) { try SafetensorsWriter.write(refused, to: path) }
            }
            #expect(throws: SafetensorsError.self) { try SafetensorsWriter.write([], to: "\(folder)/no/x") }
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["x.safetensors"])
            #expect(try SafetensorsFile(path: path).names == ["flag"])
        }
    }
}
