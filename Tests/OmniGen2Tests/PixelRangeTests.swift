import Foundation
import QwenVL
import Testing

@testable import OmniGen2

/// What `preprocessor_config.json` says of the size of pictures for the vision tower.
@Suite struct PixelRangeTests {
    private static func range(_ document: String?) async throws -> ClosedRange<Int> {
        try await withTemporaryFolder { folder in
            let files = FileManager.default
            try files.copyItem(
                atPath: PipelineTests.checkpoint + "/model_index.json", toPath: folder + "/model_index.json")
            try files.createDirectory(atPath: folder + "/processor", withIntermediateDirectories: true)
            try document?.write(
                toFile: folder + "/processor/preprocessor_config.json", atomically: true, encoding: .utf8)
            return try ModelFolder(path: folder).pixelRange()
        }
    }

    @Test func theFileDecides() async throws {
        #expect(try await Self.range(nil) == ImageProcessor.defaultPixelRange)
        #expect(try await Self.range("{}") == ImageProcessor.defaultPixelRange)
        #expect(try await Self.range(#"{"min_pixels": 256, "max_pixels": 4096}"#) == 256...4096)
        let both = #"{"min_pixels": 256, "size": {"shortest_edge": 9, "longest_edge": 1000}}"#
        #expect(try await Self.range(both) == 256...1000)
        #expect(try ModelFolder(path: PipelineTests.checkpoint).pixelRange() == ImageProcessor.defaultPixelRange)
    }

    @Test(arguments: [#"{"min_pixels": 0}"#, #"{"max_pixels": 5}"#, #"{"min_pixels": "many"}"#, "no"])
    func nonsenseIsAnErrorThatNamesTheFile(document: String) async throws {
        let error = await #expect(throws: GenerationError.self) { try await Self.range(document) }
        let text = try #require(error).description
        #expect(text.contains("preprocessor_config.json") && !text.contains("\n"), "\(text)")
    }
}
