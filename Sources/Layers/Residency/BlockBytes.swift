import Dispatch
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The bytes of a block's tensors, in memory that goes back to where it is from when the last user lets go.
package final class BlockBytes: @unchecked Sendable {
    package let memory: UnsafeMutableRawBufferPointer
    private let giveBack: @Sendable (UnsafeMutableRawBufferPointer) -> Void

    /// - Parameter giveBack: takes the memory when nobody uses it any more; on any thread.
    package init(
        _ memory: UnsafeMutableRawBufferPointer, giveBack: @escaping @Sendable (UnsafeMutableRawBufferPointer) -> Void
    ) {
        self.memory = memory
        self.giveBack = giveBack
    }

    deinit { giveBack(memory) }
}

/// A number of equal buffers that blocks are read into. One is used again only when nobody uses what it holds; when none
/// is used, their memory is given up.
final class BufferPool: Sendable {
    private let size: Int
    private let unused: DispatchSemaphore
    private let state = Mutex(State())

    private struct State: @unchecked Sendable {
        var free: [UnsafeMutableRawBufferPointer] = []
        var usedCount = 0
    }

    init(size: Int, count: Int) {
        self.size = size
        unused = DispatchSemaphore(value: count)
    }

    /// A buffer, once one is not used.
    func take() throws -> BlockBytes {
        unused.wait()
        do {
            let buffer = try state.withLock { state in
                let buffer = try state.free.popLast() ?? Self.allocate(size)
                state.usedCount += 1
                return BlockBytes(buffer) { self.put($0) }
            }
            return buffer
        } catch {
            unused.signal()
            throw error
        }
    }

    private func put(_ buffer: UnsafeMutableRawBufferPointer) {
        state.withLock { state in
            state.usedCount -= 1
            state.free.append(buffer)
            guard state.usedCount == 0 else { return }
            for buffer in state.free { free(buffer.baseAddress) }
            state.free = []
        }
        unused.signal()
    }

    private static func allocate(_ size: Int) throws -> UnsafeMutableRawBufferPointer {
        UnsafeMutableRawBufferPointer(start: try AlignedMemory.allocate(size), count: size)
    }
}
