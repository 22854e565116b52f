import Foundation
import Testing
import Torch

@testable import omnigen2

/// Every number of every configuration, set to values no model has: an error in one line, never a trap.
@Suite struct DamagedModelTests {
    private static let files = ["transformer/config.json", "vae/config.json", "mllm/config.json"]

    @Test(arguments: files, [Int.max, -1, 0, 1 << 62])
    func anImpossibleNumberInAConfigurationIsRefused(file: String, value: Int) async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("damaged-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try FileManager.default.copyItem(atPath: Program.checkpoint, toPath: folder)
        let path = URL(fileURLWithPath: "\(folder)/\(file)")
        let original = try #require(JSONSerialization.jsonObject(with: Data(contentsOf: path)) as? [String: Any])
        var refused = 0
        for key in original.keys where original[key] is Int {
            var changed = original
            changed[key] = value
            try JSONSerialization.data(withJSONObject: changed).write(to: path)
            guard let problem = try await withEngine({ try ModelSummary(path: folder) }).problem else { continue }
            refused += 1
            #expect(ExitStatus(problem) == .badData, "\(key) = \(value): \(problem)")
            #expect("\(problem)".split(separator: "\n").count == 1)
        }
        #expect(refused > 0)
    }
}
