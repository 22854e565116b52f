import Foundation
import Testing
import Torch

@testable import Layers

@Suite struct RenamedSourceTests {
    @Test func numbersAreCarriedOrCountedFromTheOtherEnd() {
        let table = NameTable(
            prefix: "p.", rows: [NameTable.Row("up_blocks.*.resnets.*", "up.~.block.*"), NameTable.Row("a.b", "c")],
            reversedCount: 4)
        #expect(table.stored("up_blocks.0.resnets.2.w") == "p.up.3.block.2.w")
        #expect(table.published("p.up.3.block.2.w")?.name == "up_blocks.0.resnets.2.w")
        #expect(table.published("p.up.4.block.2.w") == nil)
        #expect(table.published("p.up.03.block.2.w") == nil)
        #expect(table.published("up.3.block.2.w") == nil)
        #expect(table.published("p.c")?.name == "a.b")
        #expect(table.stored("a.b.c") == "p.c.c")
        #expect(table.published("p.cc") == nil)
    }

    @Test func twoTensorsForOneNameAreRefused() throws {
        let table = NameTable(rows: [NameTable.Row("a", "b"), NameTable.Row("a", "c")])
        let error = #expect(throws: WeightError.self) {
            try RenamedSource(ShapeSource(["b.x": [1], "c.x": [1]], origin: "file"), table)
        }
        #expect(error?.description == "file: tensors b.x and c.x are the same tensor of the model")
    }

    @Test(arguments: ["scale_weight", "weight_scale"])
    func anFP8WeightIsItsNumberTimesItsScale(suffix: String) async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("omnigen2-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = folder.appendingPathComponent("a.safetensors").path
        // 1, 2, -0.5 and 448 in e4m3.
        let weight: [UInt8] = [0x38, 0x40, 0xB0, 0x7E]
        let scale = withUnsafeBytes(of: Float(0.25)) { Array($0) }
        try SafetensorsWriter.write(
            [
                .init(name: "l.weight", elementType: .float8E4M3, shape: [2, 2], bytes: weight),
                .init(name: "l.\(suffix)", elementType: .float32, shape: [], bytes: scale),
                .init(name: "plain.weight", elementType: .float8E4M3, shape: [4], bytes: weight),
                .init(name: "scaled_fp8", elementType: .float8E4M3, shape: [0], bytes: []),
                .init(name: "l.comfy_quant", elementType: .uint8, shape: [2], bytes: [123, 125]),
            ], to: path)
        try await withEngine {
            let tensors = SafetensorsFolder(file: try SafetensorsFile(path: path))
            let source = ScaledFloat8Source(CheckpointSource(tensors), try Float8Scales(tensors))
            #expect(source.names == ["l.weight", "plain.weight"])
            let weights = Weights(source, dtype: .float32)
            #expect(try weights["l"].tensor("weight", 2, 2, initial: .ones).floats() == [0.25, 0.5, -0.125, 112])
            #expect(try weights["plain"].tensor("weight", 4, initial: .ones).floats() == [1, 2, -0.5, 448])
            try weights.requireAllConsumed()
        }
    }

    @Test func anotherQuantisationIsRefused() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("omnigen2-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = folder.appendingPathComponent("a.safetensors").path
        try SafetensorsWriter.write(
            [
                .init(name: "l.weight", elementType: .int8, shape: [1], bytes: [1]),
                .init(name: "l.weight_scale", elementType: .float32, shape: [1], bytes: [0, 0, 0, 0]),
            ], to: path)
        let tensors = SafetensorsFolder(file: try SafetensorsFile(path: path))
        let error = #expect(throws: SafetensorsError.self) { try Float8Scales(tensors) }
        #expect(error?.description.contains("weight of type I8; expected one number for an fp8 weight") == true)
    }
}
