#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// An owning handle of an `at::Tensor`, as libtorch's C ABI hands it out.
typealias TensorHandle = OpaquePointer

/// libtorch's stable C ABI, looked up at run time: the only place that knows its symbols.
///
/// Sources: `torch/csrc/stable/c/shim.h` and `torch/csrc/inductor/aoti_torch/c/shim.h` of PyTorch 2.13.
/// Every pointer is read-only after `init`, so the value may be shared between threads.
final class LibTorch: @unchecked Sendable {
    typealias Status = Int32
    typealias Out<T> = UnsafeMutablePointer<T>

    /// The newest release whose calling conventions this code was written for, and the oldest it runs on.
    static let pinnedVersion = (major: 2, minor: 13)
    static let minimumVersion = (major: 2, minor: 11)

    let folder: String
    let version: (major: Int, minor: Int, patch: Int)
    private let cpuLibrary: UnsafeMutableRawPointer

    let callDispatcher: @convention(c) (UnsafePointer<CChar>, UnsafePointer<CChar>, Out<UInt64>, UInt64) -> Status
    let newList: @convention(c) (Int, Out<OpaquePointer?>) -> Status
    let listAppend: @convention(c) (OpaquePointer, UInt64) -> Status
    let listCount: @convention(c) (OpaquePointer, Out<Int>) -> Status
    let listElement: @convention(c) (OpaquePointer, Int, Out<UInt64>) -> Status
    let deleteList: @convention(c) (OpaquePointer) -> Status
    let newString: @convention(c) (UnsafePointer<CChar>, Int, Out<OpaquePointer?>) -> Status
    let newTensorHandle: @convention(c) (TensorHandle, Out<TensorHandle?>) -> Status
    let deleteTensor: @convention(c) (TensorHandle) -> Status
    let dataPointer: @convention(c) (TensorHandle, Out<UnsafeMutableRawPointer?>) -> Status
    let isDefined: @convention(c) (TensorHandle, Out<Bool>) -> Status
    let dimensions: @convention(c) (TensorHandle, Out<Int64>) -> Status
    let sizes: @convention(c) (TensorHandle, Out<UnsafePointer<Int64>?>) -> Status
    let strides: @convention(c) (TensorHandle, Out<UnsafePointer<Int64>?>) -> Status
    let elementCount: @convention(c) (TensorHandle, Out<Int64>) -> Status
    let dtype: @convention(c) (TensorHandle, Out<Int32>) -> Status
    let deviceType: @convention(c) (TensorHandle, Out<Int32>) -> Status
    let deviceIndex: @convention(c) (TensorHandle, Out<Int32>) -> Status
    let isContiguous: @convention(c) (TensorHandle, Out<Bool>) -> Status
    let subtract: @convention(c) (TensorHandle, TensorHandle, Double, Out<TensorHandle?>) -> Status
    let scalarTensor: @convention(c) (Double, Out<TensorHandle?>) -> Status
    let emptyStrided:
        @convention(c) (
            Int64, UnsafePointer<Int64>, UnsafePointer<Int64>, Int32, Int32, Int32, Out<TensorHandle?>
        ) -> Status
    let copyInto: @convention(c) (TensorHandle, TensorHandle, Int32) -> Status
    let fillWithZero: @convention(c) (TensorHandle) -> Status
    let fromBlob:
        @convention(c) (
            UnsafeMutableRawPointer, Int64, UnsafePointer<Int64>, UnsafePointer<Int64>, Int64, Int32, Int32, Int32,
            Out<TensorHandle?>, Int32, UnsafePointer<UInt8>?, Int64,
            (@convention(c) (UnsafeMutableRawPointer?, UnsafeMutableRawPointer?) -> Void)?, UnsafeMutableRawPointer?
        ) -> Status
    let gradModeIsEnabled: @convention(c) () -> Bool
    let setGradMode: @convention(c) (Bool) -> Void
    let setRequiresGrad: @convention(c) (TensorHandle, Bool) -> Status
    let threadCount: @convention(c) (Out<UInt32>) -> Status

    /// `c10::TensorImpl::grad() const`. The C ABI has no reader of `.grad`; libc10 exports this method, so its
    /// mangled name stands here, the only one in the code base. A tensor handle points to a pointer to the
    /// `TensorImpl`, and the returned reference is itself a borrowed handle.
    let gradient: @convention(c) (UnsafeRawPointer) -> TensorHandle?

    /// Since 2.13; before it a cell is taken from `malloc`, which `operator delete` of glibc gives back.
    private let newCell: (@convention(c) (Out<UnsafeMutablePointer<UInt64>?>) -> Status)?
    private let lastMessage: (@convention(c) () -> UnsafePointer<CChar>?)?
    private let setOpenMPThreads: (@convention(c) (Int32) -> Void)?

    private let dtypeCodes: [Int32]
    let cpuCode: Int32
    let cudaCode: Int32
    let stridedLayout: Int32
    let contiguousFormat: Int32
    /// The version word `torch_call_dispatcher` wants: how this code was written, never newer than the library.
    let callVersion: UInt64

    /// Opens `libc10` and `libtorch_cpu` of `folder` and looks every symbol up.
    init(folder: String) throws(TorchError) {
        Self.shortenWaiting()
        Self.useLargePages()
        let library = try Self.open(folder, "libc10")
        let cpu = try Self.open(folder, "libtorch_cpu")
        func symbol<T>(_ name: String, in handle: UnsafeMutableRawPointer = cpu) throws(TorchError) -> T {
            guard let address = dlsym(handle, name) else {
                throw .libraryUnusable(
                    path: folder,
                    reason: "it has no symbol \(name); version \(Self.minimumVersion.major)."
                        + "\(Self.minimumVersion.minor) or newer is needed")
            }
            return unsafeBitCast(address, to: T.self)
        }
        func optional<T>(_ name: String) -> T? { dlsym(cpu, name).map { unsafeBitCast($0, to: T.self) } }
        func code(_ name: String) throws(TorchError) -> Int32 {
            let function: @convention(c) () -> Int32 = try symbol(name)
            return function()
        }

        self.folder = folder
        cpuLibrary = cpu
        let abiVersion: @convention(c) () -> UInt64 = try symbol("aoti_torch_abi_version")
        let word = abiVersion()
        version = (Int(word >> 56), Int(word >> 48 & 0xff), Int(word >> 40 & 0xff))
        guard (version.major, version.minor) >= Self.minimumVersion else {
            throw .libraryUnusable(
                path: folder,
                reason: "it is version \(version.major).\(version.minor); "
                    + "\(Self.minimumVersion.major).\(Self.minimumVersion.minor) or newer is needed")
        }
        let pinned = UInt64(Self.pinnedVersion.major) << 56 | UInt64(Self.pinnedVersion.minor) << 48
        callVersion = min(pinned, word)

        callDispatcher = try symbol("torch_call_dispatcher")
        newList = try symbol("torch_new_list_reserve_size")
        listAppend = try symbol("torch_list_push_back")
        listCount = try symbol("torch_list_size")
        listElement = try symbol("torch_list_get_item")
        deleteList = try symbol("torch_delete_list")
        newString = try symbol("torch_new_string_handle")
        newTensorHandle = try symbol("aoti_torch_new_tensor_handle")
        deleteTensor = try symbol("aoti_torch_delete_tensor_object")
        dataPointer = try symbol("aoti_torch_get_data_ptr")
        isDefined = try symbol("aoti_torch_is_defined")
        dimensions = try symbol("aoti_torch_get_dim")
        sizes = try symbol("aoti_torch_get_sizes")
        strides = try symbol("aoti_torch_get_strides")
        elementCount = try symbol("aoti_torch_get_numel")
        dtype = try symbol("aoti_torch_get_dtype")
        deviceType = try symbol("aoti_torch_get_device_type")
        deviceIndex = try symbol("aoti_torch_get_device_index")
        isContiguous = try symbol("aoti_torch_is_contiguous")
        subtract = try symbol("aoti_torch_aten_subtract_Tensor")
        scalarTensor = try symbol("aoti_torch_scalar_to_tensor_float64")
        emptyStrided = try symbol("aoti_torch_empty_strided")
        copyInto = try symbol("aoti_torch_copy_")
        fillWithZero = try symbol("aoti_torch_zero_")
        fromBlob = try symbol("torch_from_blob")
        gradModeIsEnabled = try symbol("aoti_torch_grad_mode_is_enabled")
        setGradMode = try symbol("aoti_torch_grad_mode_set_enabled")
        setRequiresGrad = try symbol("torch_set_requires_grad")
        threadCount = try symbol("torch_get_num_threads")
        gradient = try symbol("_ZNK3c1010TensorImpl4gradEv", in: library)
        newCell = optional("torch_new_stable_ivalue")
        lastMessage = optional("torch_exception_get_what_without_backtrace")
        setOpenMPThreads = optional("omp_set_num_threads")
        var codes: [Int32] = []
        for type in DType.allCases { codes.append(try code(type.codeFunction)) }
        dtypeCodes = codes
        cpuCode = try code("aoti_torch_device_type_cpu")
        cudaCode = try code("aoti_torch_device_type_cuda")
        stridedLayout = try code("aoti_torch_layout_strided")
        contiguousFormat = try code("aoti_torch_memory_format_contiguous_format")
    }

    /// libtorch's threads wait for work by turning in a loop for milliseconds, which takes cores from the threads of our
    /// kernels; without any turning a step of training takes half as long again. They read this once, as their library is
    /// opened. What the user has set stays.
    private static func shortenWaiting() {
        if getenv("OMP_WAIT_POLICY") == nil { setenv("GOMP_SPINCOUNT", "2000", 0) }
    }

    /// Has libtorch keep large tensors in large pages: a step of 1024x1024 spends less time on asking for memory, by some
    /// hundredths. It reads this with the first tensor, and warns where the system has none. What the user has set stays.
    private static func useLargePages() {
        #if os(Linux)
            guard access("/sys/kernel/mm/transparent_hugepage", F_OK) == 0 else { return }
            setenv("THP_MEM_ALLOC_ENABLE", "1", 0)
        #endif
    }

    private static func open(_ folder: String, _ name: String) throws(TorchError) -> UnsafeMutableRawPointer {
        #if os(macOS)
            let path = "\(folder)/\(name).dylib"
        #else
            let path = "\(folder)/\(name).so"
        #endif
        guard let handle = dlopen(path, RTLD_NOW | RTLD_LOCAL) else {
            throw .libraryUnusable(path: folder, reason: Self.explain(dlerror().map { String(cString: $0) } ?? path))
        }
        return handle
    }

    /// Adds what to do to the two loader messages that users of older distributions meet.
    private static func explain(_ message: String) -> String {
        for library in ["GLIBC_", "GLIBCXX_", "CXXABI_"] where message.contains("`\(library)") {
            return message + "; this libtorch is built for a newer system: install one that fits with "
                + "OMNIGEN2_LIBTORCH= scripts/bootstrap, or update libstdc++ and glibc"
        }
        return message
    }

    /// Opens the CUDA half, whose kernels register themselves on load.
    func openCUDA() throws(TorchError) {
        _ = try Self.open(folder, "libc10_cuda")
        _ = try Self.open(folder, "libtorch_cuda")
    }

    func code(of type: DType) -> Int32 { dtypeCodes[type.rawValue] }

    func dtype(ofCode code: Int32) -> DType? {
        dtypeCodes.firstIndex(of: code).flatMap(DType.init(rawValue:))
    }

    /// The words of the last failed call on this thread.
    func failureMessage() -> String {
        guard let message = lastMessage?().map({ String(cString: $0) }), !message.isEmpty else {
            return "the call failed (libtorch before 2.13 gives no message)"
        }
        return message
    }

    /// A heap cell holding `value`: how a present optional argument travels. The callee frees it.
    func cell(_ value: UInt64) -> UInt64 {
        var cell: UnsafeMutablePointer<UInt64>?
        if let newCell, newCell(&cell) == 0, let cell {
            cell.pointee = value
            return UInt64(UInt(bitPattern: cell))
        }
        guard let memory = malloc(MemoryLayout<UInt64>.size) else { return 0 }
        memory.storeBytes(of: value, as: UInt64.self)
        return UInt64(UInt(bitPattern: memory))
    }

    /// Sets the size of the OpenMP team of the calling thread.
    func setThreads(_ count: Int) { setOpenMPThreads?(Int32(count)) }
}
