import Foundation
import Synchronization
import Testing
import Torch

@testable import Layers

/// Blocks that come to a device of which the test knows everything.
private final class FakeDevice: Residency, @unchecked Sendable {
    let count: Int
    private(set) var asked: [(block: Int, next: Int?)] = []
    let memory = Mutex((used: 0, most: 0))
    var failing: Int?
    private(set) var forgotten = 0

    init(count: Int) { self.count = count }

    func forget() { forgotten += 1 }

    func bytes(of block: Int, next: Int?) throws -> BlockBytes {
        asked.append((block, next))
        if block == failing { throw SafetensorsError(file: "device", reason: "block \(block) is gone") }
        memory.withLock { $0 = ($0.used + 1, max($0.most, $0.used + 1)) }
        let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: 8, alignment: 8)
        bytes.storeBytes(of: block, as: Int.self)
        return BlockBytes(bytes) { [self] in
            $0.deallocate()
            memory.withLock { $0.used -= 1 }
        }
    }
}

@Suite struct ResidencyTests {
    private final class Block {
        let number: Int
        private let bytes: BlockBytes

        init(_ bytes: BlockBytes) {
            self.bytes = bytes
            number = bytes.memory.load(as: Int.self)
        }
    }

    @Test func aStreamedStackHoldsOneBlockAtATimeAndAsksForEachOnce() throws {
        let device = FakeDevice(count: 4)
        let stack = BlockStack(device) { _, bytes in Block(bytes) }
        let first = try stack.withFirst(\.number)
        #expect(first == 0)
        var numbers: [Int] = []
        try stack.forEach { index, block in
            #expect(index == block.number)
            numbers.append(block.number)
        }
        #expect(numbers == [0, 1, 2, 3])
        #expect(device.asked.map(\.block) == [0, 1, 2, 3] && device.asked.map(\.next) == [1, 2, 3, nil])
        let memory = device.memory.withLock { $0 }
        #expect(memory.used == 0 && memory.most == 1)
    }

    @Test func aFailureLeavesNothingInMemoryAndTheStackUsable() throws {
        let device = FakeDevice(count: 3)
        device.failing = 1
        let stack = BlockStack(device) { _, bytes in Block(bytes) }
        #expect(throws: SafetensorsError.self) { try stack.map(\.number) }
        #expect(device.memory.withLock { $0.used } == 0)
        device.failing = nil
        #expect(try stack.map(\.number) == [0, 1, 2])
    }

    /// The numbers of the blocks that are handed out when the first one cancels the task.
    private static func numbers(_ stack: @escaping @Sendable () -> BlockStack<Block>) async -> [Int] {
        await Task {
            var numbers: [Int] = []
            try? stack().forEach { _, block in
                numbers.append(block.number)
                withUnsafeCurrentTask { $0?.cancel() }
            }
            return numbers
        }.value
    }

    @Test func aCancelledTaskEndsBeforeTheNextBlockUnlessItIsPutOff() async throws {
        let device = FakeDevice(count: 3)
        let streamed: @Sendable () -> BlockStack<Block> = { BlockStack(device) { _, bytes in Block(bytes) } }
        let resident: @Sendable () -> BlockStack<Block> = {
            BlockStack((0..<3).compactMap { try? Block(device.bytes(of: $0, next: nil)) })
        }
        #expect(await Self.numbers(streamed) == [0])
        #expect(device.memory.withLock { $0.used } == 0 && device.forgotten == 1)
        #expect(await Self.numbers(resident) == [0])
        for stack in [streamed, resident] {
            let numbers = await BlockCancellation.$isPutOff.withValue(true) { await Self.numbers(stack) }
            #expect(numbers == [0, 1, 2])
        }
    }

    @Test func bytesComeFromTheDiskInOrderAndStayWhileTheyAreUsed() throws {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("blocks-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        try Data((0..<200).map { UInt8($0) }).write(to: URL(fileURLWithPath: path))
        let extents = (0..<4).map { block in
            [
                DiskResidency.Extent(path: path, fileRange: block * 50..<block * 50 + 20, offset: 0),
                DiskResidency.Extent(path: path, fileRange: block * 50 + 30..<block * 50 + 50, offset: 64),
            ]
        }
        let disk = DiskResidency(extents)
        for _ in 0..<3 {
            var kept: BlockBytes?
            for block in 0..<4 {
                kept = nil
                let bytes = try disk.bytes(of: block, next: block < 3 ? block + 1 : nil)
                #expect(bytes.memory[0] == UInt8(block * 50) && bytes.memory[64 + 19] == UInt8(block * 50 + 49))
                kept = bytes
            }
            #expect(kept?.memory[0] == 150)
        }
        // What was read ahead is not what is asked for.
        _ = try disk.bytes(of: 0, next: 1)
        let last = try disk.bytes(of: 3, next: nil)
        withExtendedLifetime(last) { #expect(last.memory[0] == 150) }
        // What cannot be read is an error of the block that is asked for, and of no other.
        try Data(count: 100).write(to: URL(fileURLWithPath: path))
        _ = try disk.bytes(of: 1, next: 2)
        _ = try disk.bytes(of: 0, next: 2)
        #expect(throws: SafetensorsError.self) { try disk.bytes(of: 2, next: nil) }
        _ = try disk.bytes(of: 1, next: nil)
    }
}
