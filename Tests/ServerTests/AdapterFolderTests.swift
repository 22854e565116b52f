import Foundation
import OmniGen2
import Testing

@testable import Server

@Suite struct AdapterFolderTests {
    @Test func filesAndFoldersWithAnAdapterHaveNames() throws {
        let folder = FileManager.default.temporaryDirectory.path + "/adapters-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        for name in ["ink.safetensors", "chalk/adapter_model.safetensors", "empty/notes.txt", ".hidden.safetensors"] {
            let path = URL(fileURLWithPath: "\(folder)/\(name)")
            try FileManager.default.createDirectory(
                at: path.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data().write(to: path)
        }
        #expect(
            try AdapterFolder.names(in: folder) == [
                "ink": "\(folder)/ink.safetensors", "chalk": "\(folder)/chalk",
            ])
        #expect(throws: GenerationError.self) { try AdapterFolder.names(in: folder + "/none") }
    }
}
