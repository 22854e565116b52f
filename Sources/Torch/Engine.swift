import CKernels

/// The one place where tensors are used: a global actor on a thread of its own.
///
/// `Tensor` is not `Sendable`, so what is made in here stays in here; layers and models are synchronous code
/// that runs inside `Engine.run { }`.
@globalActor
package actor Engine {
    package static let shared = Engine()

    private static let thread = ComputeThread()
    /// Written once, on the engine's thread, before any operator can run.
    nonisolated(unsafe) private static var library: LibTorch?

    package nonisolated var unownedExecutor: UnownedSerialExecutor { Self.thread.asUnownedSerialExecutor() }

    /// Runs `body` on the engine's thread, with gradients off.
    package static func run<R: Sendable>(_ body: @Engine @Sendable () throws -> R) async rethrows -> R {
        try await body()
    }

    /// How many threads may be asked for.
    package static let maximumThreads = 1...1024

    /// Finds and opens libtorch (once in a process) and sets the number of threads it computes with.
    ///
    /// - Parameters:
    ///   - folder: where to look instead of the places `LibTorchSearch` knows.
    ///   - threads: `nil` means physical cores, less what affinity and cgroups take away.
    @discardableResult
    package static func load(libtorch folder: String? = nil, threads: Int? = nil) async throws -> EngineDescription {
        try await run { try load(folder, threads) }
    }

    /// The same for callers that are on the engine's thread, so that no other job comes between two calls.
    @Engine
    static func load(_ folder: String?, _ threads: Int?) throws(TorchError) -> EngineDescription {
        if let threads, !maximumThreads.contains(threads) {
            throw .invalid("threads must be between 1 and \(maximumThreads.upperBound), got \(threads)")
        }
        var first = false
        if library == nil {
            library = try LibTorchSearch(explicit: folder).open()
            first = true
        }
        guard let torch = library else { throw .notLoaded }
        if !first, let folder, LibTorchSearch.libraryFolder(folder) != torch.folder {
            throw .invalid("libtorch is already loaded from \(torch.folder), and a process can hold one only")
        }
        if first || threads != nil {
            let count = threads ?? Processor.defaultThreadCount()
            torch.setThreads(count)
            kernels_set_threads(Int32(count))
        }
        torch.setGradMode(false)
        return describe(torch)
    }

    private static func describe(_ torch: LibTorch) -> EngineDescription {
        var count: UInt32 = 0
        _ = torch.threadCount(&count)
        return EngineDescription(
            folder: torch.folder, version: "\(torch.version.major).\(torch.version.minor).\(torch.version.patch)",
            threads: Int(count))
    }

    /// The device a request stands for on this machine.
    ///
    /// `auto` is CUDA when this libtorch has it and a first allocation succeeds, the CPU otherwise.
    @Engine
    package static func device(_ request: DeviceRequest) throws(TorchError) -> Device {
        switch request {
        case .cpu: return .cpu
        case .mps: throw .device("--device mps is not supported yet: nobody has run the parity suite on it")
        case .cuda:
            try openCUDA()
            return .cuda(0)
        case .auto:
            do throws(TorchError) {
                try openCUDA()
                return .cuda(0)
            } catch {
                return .cpu
            }
        }
    }

    @Engine
    private static func openCUDA() throws(TorchError) {
        let torch = try library(for: "device")
        do throws(TorchError) {
            try torch.openCUDA()
            _ = try Tensor.zeros([1], device: .cuda(0))
        } catch {
            throw .device("no CUDA device: libtorch in \(torch.folder) says: \(error)")
        }
    }

    /// libtorch for an operator call; an error before `load`, and off the engine's thread in debug builds.
    static func library(for operation: StaticString) throws(TorchError) -> LibTorch {
        #if DEBUG
            guard ComputeThread.isCurrent else { throw .wrongThread(operation: "\(operation)") }
        #endif
        guard let library else { throw .notLoaded }
        return library
    }

    static var loadedLibrary: LibTorch? { library }

    static func disableGradients() { library?.setGradMode(false) }
}

/// Which libtorch runs, and how wide.
package struct EngineDescription: Sendable {
    package let folder: String
    package let version: String
    package let threads: Int
}

/// Loads libtorch if need be and runs `body` on the engine: the entry of tests and tools.
package func withEngine<R: Sendable>(_ body: @Engine @Sendable () throws -> R) async throws -> R {
    try await Engine.load()
    return try await Engine.run(body)
}
