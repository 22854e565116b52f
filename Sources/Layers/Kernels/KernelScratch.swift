import Torch

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Memory that kernels need while they run. It is kept from call to call, as fresh pages cost more than some kernels.
enum KernelScratch {
    /// Used where tensors are used, and so on one thread only.
    nonisolated(unsafe) private static var memory: UnsafeMutableRawPointer?
    nonisolated(unsafe) private static var size = 0

    /// At least `bytes`, aligned to 64; nothing in it is kept.
    static func borrow(_ bytes: Int) throws -> UnsafeMutableRawPointer? {
        if bytes > size {
            free(memory)
            (memory, size) = (nil, 0)
            memory = try AlignedMemory.allocate(bytes)
            size = bytes
        }
        return memory
    }
}

/// Memory aligned to 64 bytes, as kernels want it; where there is much of it, in large pages, which take less looking up.
enum AlignedMemory {
    private static let largePage = 2 << 20

    static func allocate(_ bytes: Int) throws -> UnsafeMutableRawPointer {
        let isLarge = bytes >= 2 * largePage
        var memory: UnsafeMutableRawPointer?
        guard posix_memalign(&memory, isLarge ? largePage : 64, max(bytes, 64)) == 0, let memory else {
            throw TorchError.invalid("no memory for \(bytes) bytes")
        }
        #if os(Linux)
            if isLarge { madvise(memory, bytes, MADV_HUGEPAGE) }
        #endif
        return memory
    }
}
