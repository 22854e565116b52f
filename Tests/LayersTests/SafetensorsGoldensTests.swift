import Layers
import Testing
import Torch

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The folder of recorded numbers of the original, where there is one.
private let goldens = ProcessInfo.processInfo.environment["OMNIGEN2_GOLDENS"]

@Suite(.enabled(if: goldens != nil)) struct SafetensorsGoldensTests {
    @Test func everyRecordedFileIsRead() throws {
        let folder = try #require(goldens)
        let files = try FileManager.default.subpathsOfDirectory(atPath: folder).filter { $0.hasSuffix(".safetensors") }
        #expect(!files.isEmpty)
        for file in files { #expect(try !SafetensorsFile(path: "\(folder)/\(file)").names.isEmpty, "\(file)") }
    }

    @Test func everyShardedFolderIsRead() throws {
        let folder = try #require(goldens)
        let indexes = try FileManager.default.subpathsOfDirectory(atPath: folder)
            .filter { $0.hasSuffix(".safetensors.index.json") }
        for index in indexes {
            let parent = URL(fileURLWithPath: "\(folder)/\(index)").deletingLastPathComponent().path
            #expect(try SafetensorsFolder(path: parent).files.count > 1)
        }
    }

    @Test func recordedRandomNumbersAreOurs() throws {
        let file = try SafetensorsFile(path: "\(try #require(goldens))/rng.safetensors")
        var compared = 0
        for name in file.names {
            let parts = name.split(separator: ".").map(String.init)
            guard parts.count == 4, parts[0] != "seq", let seed = UInt64(parts[1]) else { continue }
            let entry = try #require(file.entries[name])
            let (error, limit) = try deviation(
                of: Generator(seed: seed), normal: parts[0] == "randn", from: file.bytes(of: entry), entry)
            #expect(error <= limit, "\(name)")
            compared += 1
        }
        #expect(compared > 0)
    }

    /// The largest difference between drawn and recorded numbers, and the one allowed; 16-bit numbers by bit pattern.
    private func deviation(
        of generator: Generator, normal: Bool, from bytes: UnsafeRawBufferPointer, _ entry: SafetensorsEntry
    ) throws -> (Double, Double) {
        let count = entry.shape.reduce(1, *)
        func values<Value: BitwiseCopyable>(_ type: Value.Type) -> [Value] {
            (0..<count).map { bytes.loadUnaligned(fromByteOffset: $0 * MemoryLayout<Value>.size, as: type) }
        }
        func worst<Value: BinaryFloatingPoint>(_ drawn: [Value], _ recorded: [Value]) -> Double {
            zip(drawn, recorded).map { abs(Double($0) - Double($1)) }.max() ?? 0
        }
        switch entry.elementType {
        case .float32:
            let drawn = normal ? generator.randn(count) : generator.rand(count)
            return (worst(drawn, values(Float.self)), normal && count < 16 ? 1e-6 : 0)
        case .float64:
            let drawn = normal ? generator.randnDouble(count) : generator.randDouble(count)
            return (worst(drawn, values(Double.self)), 1e-12)
        case .bfloat16:
            let drawn = normal ? generator.randnBFloat16(count) : generator.randBFloat16(count)
            return (drawn == values(UInt16.self) ? 0 : 1, 0)
        default:
            let drawn = normal ? generator.randnFloat16(count) : generator.randFloat16(count)
            return (drawn == values(UInt16.self) ? 0 : 1, 0)
        }
    }
}
