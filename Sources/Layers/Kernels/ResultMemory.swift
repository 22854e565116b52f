import Synchronization
import Torch

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Memory for what kernels compute. While blocks run one behind the other, what one is done with is kept for the next,
/// as fresh pages cost more than some kernels.
package enum ResultMemory {
    private struct Piece: @unchecked Sendable {
        let start: UnsafeMutableRawPointer
        let size: Int
    }

    /// Memory that a tensor has.
    private final class Lease: Sendable {
        let piece: Piece

        init(_ piece: Piece) { self.piece = piece }

        deinit { ResultMemory.giveBack(piece) }
    }

    private struct State {
        /// How many ask for memory to be kept.
        var users = 0
        var free: [Piece] = []
    }

    private static let state = Mutex(State())
    /// What is smaller the allocator keeps by itself.
    private static let smallestPiece = 4 << 20
    /// How much larger than a tensor its piece may be, as a part of the tensor: one that is wide would else be taken by
    /// a narrow one, and be made anew for the next that is wide.
    private static let largestExcess = 0.25

    /// A tensor on the CPU with any numbers.
    static func tensor(_ shape: [Int], _ dtype: DType) throws -> Tensor {
        let size = shape.reduce(dtype.byteCount, *)
        guard size >= smallestPiece else { return try Tensor.empty(shape, dtype: dtype) }
        let piece = try kept(size) ?? Piece(start: AlignedMemory.allocate(size), size: size)
        return try Tensor.wrapping(piece.start, shape, dtype, owner: Lease(piece))
    }

    /// Keeps memory from one result to the next until `body` ends.
    package static func keeping<Result>(_ body: () throws -> Result) rethrows -> Result {
        state.withLock { $0.users += 1 }
        defer {
            let pieces = state.withLock { state in
                state.users -= 1
                guard state.users == 0 else { return [Piece]() }
                defer { state.free = [] }
                return state.free
            }
            for piece in pieces { free(piece.start) }
        }
        return try body()
    }

    /// The smallest piece that is kept and large enough.
    private static func kept(_ size: Int) -> Piece? {
        state.withLock { state in
            let sizes = size...size + Int(largestExcess * Double(size))
            let fitting = state.free.indices.filter { sizes ~= state.free[$0].size }
            return fitting.min { state.free[$0].size < state.free[$1].size }.map { state.free.remove(at: $0) }
        }
    }

    private static func giveBack(_ piece: Piece) {
        let isKept = state.withLock { state in
            if state.users > 0 { state.free.append(piece) }
            return state.users > 0
        }
        if !isKept { free(piece.start) }
    }
}
