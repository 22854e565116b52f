#if canImport(Glibc)
    import Glibc
#endif

/// Memory that was freed, but stays with the process for its next allocations.
package enum FreedMemory {
    #if canImport(Glibc)
        /// `malloc_trim`, which Swift's module of glibc leaves out.
        private static let trim = dlsym(nil, "malloc_trim").map {
            unsafeBitCast($0, to: (@convention(c) (Int) -> Int32).self)
        }
    #endif

    /// Gives it back to the system, where the allocator would keep it.
    package static func giveBack() {
        #if canImport(Glibc)
            _ = trim?(0)
        #endif
    }
}
