import Foundation
import Layers
import OmniGen2
import Testing
import Torch

@testable import Training

/// What a damaged folder of encoded samples says.
@Suite struct EncodedDamageTests {
    private static let shard = "part-0-shard-1.safetensors"

    /// Encodes, changes the bytes of a file, and opens the folder.
    private static func opening(_ file: String, _ change: @Sendable (inout Data) throws -> Void) async throws -> String
    {
        try await withEngine {
            try EncodedFixture.with { fixture in
                try fixture.encode()
                let url = URL(fileURLWithPath: "\(fixture.output)/\(file)")
                var data = try Data(contentsOf: url)
                try change(&data)
                try data.write(to: url)
                do {
                    let folder = try EncodedFolder(path: fixture.output)
                    _ = try folder.droppedStates()
                    return "nothing"
                } catch {
                    return "\(error)".replacing("\(fixture.output)/", with: "")
                }
            }
        }
    }

    @Test func aShardThatIsCutOffIsNamed() async throws {
        let words = try await Self.opening(Self.shard) { $0.removeLast(100) }
        #expect(words.hasPrefix("\"\(Self.shard)\"") && words.contains("truncated"))
        let dropped = try await Self.opening(EncodedFolder.droppedFile) { $0.removeLast() }
        #expect(dropped.hasPrefix("\"\(EncodedFolder.droppedFile)\"") && dropped.contains("truncated"))
    }

    /// One number of each tensor of places, made too large.
    @Test(arguments: [
        "picture_sizes", "picture_starts", "text_starts", "samples", "reference_starts",
    ])
    func aPlaceThatIsNotThereIsNamed(_ tensor: String) async throws {
        let words = try await Self.opening(Self.shard) { data in
            let header = try data.withUnsafeBytes { try SafetensorsHeader.parse($0, name: "shard") }
            let entry = try #require(header.entries.first { $0.name == tensor })
            data[entry.byteRange.lowerBound + 6] = 1
        }
        #expect(words.hasPrefix("\"\(Self.shard)\"") && words.contains("\"\(tensor)\""), "\(words)")
    }

    @Test(arguments: [
        ("\"version\" : 1", "\"version\" : 2", "is of version 2"), ("\"F32\"", "\"I64\"", "element type I64"),
        ("\"F32\"", "\"BF16\"", "BF16"), ("\"parts\"", "\"places\"", "cannot be read"), ("{", "", "cannot be read"),
        ("\"samples\" : 5", "\"samples\" : 6", "do not hold its samples"),
        ("\"samplesPerEpoch\" : 3", "\"samplesPerEpoch\" : 6", "do not hold its samples"),
        ("part-0-shard-1", "../shard", "do not hold its samples"), ("part-0-shard-1", "shard", "cannot open"),
        ("\"latent_channels\" : 16", "\"latent_channels\" : 8", "is not of the size it takes"),
    ])
    func aDocumentThatIsWrongSaysSo(old: String, new: String, words: String) async throws {
        let said = try await Self.opening(EncodedDocument.name) { data in
            data = Data(String(decoding: data, as: UTF8.self).replacing(old, with: new, maxReplacements: 1).utf8)
        }
        #expect(said.contains(words), "\(said)")
    }
}
