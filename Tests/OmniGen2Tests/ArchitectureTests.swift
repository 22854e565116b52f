import Foundation
import Testing

@testable import Torch

/// The table of `Docs/Architecture.md` against what the sources really import.
@Suite struct ArchitectureTests {
    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// Rows of "| target | what | may import |".
    private static func table() throws -> [String: Set<String>] {
        let text = try String(contentsOf: root.appendingPathComponent("Docs/Architecture.md"), encoding: .utf8)
        var rows: [String: Set<String>] = [:]
        for line in text.split(separator: "\n") where line.hasPrefix("|") {
            let cells = line.split(separator: "|").map { $0.filter { !"`* ".contains($0) } }
            guard cells.count == 3, FileManager.default.fileExists(atPath: root.path + "/Sources/" + cells[0]) else {
                continue
            }
            rows[cells[0]] = Set(cells[2].split(separator: ",").map(String.init)).subtracting(["-"])
        }
        return rows
    }

    private static func targets() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: root.path + "/Sources").filter { !$0.hasPrefix(".") }
            .sorted()
    }

    /// Module names behind `import` in a target's files, of this package only.
    private static func imports(_ target: String, among targets: Set<String>) throws -> Set<String> {
        var found: Set<String> = []
        let folder = root.appendingPathComponent("Sources/\(target)")
        for path in try FileManager.default.subpathsOfDirectory(atPath: folder.path) where path.hasSuffix(".swift") {
            let text = try String(contentsOf: folder.appendingPathComponent(path), encoding: .utf8)
            for line in text.split(separator: "\n") where line.contains("import ") {
                let words = line.split { " .".contains($0) }.map(String.init)
                guard let index = words.firstIndex(of: "import"), words[..<index].allSatisfy({ $0.hasPrefix("@") })
                else { continue }
                let kinds: Set = ["struct", "class", "enum", "func", "protocol", "typealias", "let", "var"]
                if let name = words[(index + 1)...].first(where: { !kinds.contains($0) }), targets.contains(name) {
                    found.insert(name)
                }
            }
        }
        return found
    }

    @Test func everyImportIsAnEdgeOfTheTable() throws {
        let table = try Self.table()
        let targets = try Self.targets()
        #expect(Set(table.keys) == Set(targets))
        for target in targets {
            let imports = try Self.imports(target, among: Set(targets))
            let forbidden = imports.subtracting(table[target] ?? [])
            #expect(forbidden.isEmpty, "\(target) may not import \(forbidden.sorted())")
        }
    }

    /// Declarations of targets in the manifest: a target's name, and the quoted words of its declaration.
    private static func declarations() throws -> [String: Set<String>] {
        let manifest = try String(contentsOf: root.appendingPathComponent("Package.swift"), encoding: .utf8)
        let starts = ["library(", ".target(", ".executableTarget(", "tests(\"", "//"]
        var declarations: [[String]] = []
        for line in manifest.split(separator: "\n").map({ $0.drop { $0 == " " } }) {
            if starts.contains(where: line.hasPrefix) { declarations.append([]) }
            let words = line.split(separator: "\"", omittingEmptySubsequences: false).enumerated()
                .filter { $0.offset % 2 == 1 }.map { String($0.element) }
            if !declarations.isEmpty { declarations[declarations.count - 1] += words }
        }
        return Dictionary(
            declarations.filter { !$0.isEmpty }.map { ($0[0], Set($0.dropFirst())) }, uniquingKeysWith: { $1 })
    }

    @Test func thePackageDeclaresExactlyTheEdgesOfTheTable() throws {
        let declarations = try Self.declarations()
        let targets = Set(try Self.targets())
        for (target, allowed) in try Self.table() {
            let declared = try #require(declarations[target], "\(target) is not declared")
            #expect(declared.intersection(targets) == allowed, "\(target)")
        }
    }

    @Test func nothingOutsideTorchNamesItsSymbols() throws {
        for target in try Self.targets() where target != "Torch" {
            let folder = Self.root.appendingPathComponent("Sources/\(target)")
            for path in try FileManager.default.subpathsOfDirectory(atPath: folder.path) where path.hasSuffix(".swift")
            {
                let text = try String(contentsOf: folder.appendingPathComponent(path), encoding: .utf8)
                #expect(!text.contains("aoti_torch") && !text.contains("\"aten::"), "\(target)/\(path)")
            }
        }
    }

    @Test func bootstrapAndProgramAgreeOnTheVersionOfLibtorch() throws {
        let text = try String(contentsOf: Self.root.appendingPathComponent("scripts/torch-version"), encoding: .utf8)
        let pinned = LibTorch.pinnedVersion
        let minimum = LibTorch.minimumVersion
        #expect(text.contains("version=\(pinned.major).\(pinned.minor)."))
        #expect(text.contains("minimum=\(minimum.major).\(minimum.minor)\n"))
    }
}
