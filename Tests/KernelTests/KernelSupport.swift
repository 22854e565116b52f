import CKernels
import Synchronization

/// An instruction set that kernels are written for.
enum InstructionSet: CaseIterable {
    case portable, neon, avx2, avxvnni, avx512vnni, avx512, amx

    fileprivate var path: kernels_path {
        switch self {
        case .portable: KERNELS_PORTABLE
        case .neon: KERNELS_NEON
        case .avx2: KERNELS_AVX2
        case .avxvnni: KERNELS_AVX_VNNI
        case .avx512vnni: KERNELS_AVX512_VNNI
        case .avx512: KERNELS_AVX512
        case .amx: KERNELS_AMX
        }
    }

    /// Those that this machine can run.
    static let all = allCases.filter { with($0) { true } ?? false }
}

private let choice = Mutex(())

/// Runs `body` with one instruction set, and with so many threads if that is said, alone: both are the process's. `nil`
/// when the machine has not got the instructions.
func with<Result>(
    _ instructions: InstructionSet, threads: Int32? = nil, _ body: () throws -> Result
) rethrows -> Result? {
    try choice.withLock { _ in
        let (path, count) = (kernels_path(), kernels_threads())
        guard kernels_force_path(instructions.path) else { return nil }
        kernels_set_threads(threads ?? count)
        defer {
            _ = kernels_force_path(path)
            kernels_set_threads(count)
        }
        return try body()
    }
}

/// A number type that kernels take: bfloat16, as bits, or float32.
protocol Element {
    init(rounding value: Double)
    var value: Double { get }
    /// The relative error of one rounding.
    static var epsilon: Double { get }
}

extension Float: Element {
    init(rounding value: Double) { self.init(value) }
    var value: Double { Double(self) }
    static var epsilon: Double { 0x1p-24 }
}

/// Bits of bfloat16.
extension UInt16: Element {
    init(rounding value: Double) {
        let bits = Float(value).bitPattern
        self = value.isNaN ? 0x7fc0 : UInt16(truncatingIfNeeded: (bits + 0x7fff + (bits >> 16 & 1)) >> 16)
    }
    var value: Double { Double(Float(bitPattern: UInt32(self) << 16)) }
    static var epsilon: Double { 0x1p-9 }
}

/// Normal numbers from a seed.
struct Normal {
    private var state: UInt64

    init(seed: Int) { state = UInt64(seed) &* 0x9e37_79b9_7f4a_7c15 | 1 }

    /// Twelve uniform numbers' sum has the variance 1.
    mutating func next() -> Double {
        (0..<12).reduce(-6) { sum, _ in
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            return sum + Double(state >> 11) * 0x1p-53
        }
    }

    mutating func array<E: Element>(_ count: Int, _ scale: Double = 1) -> [E] {
        (0..<count).map { _ in E(rounding: next() * scale) }
    }
}

/// Runs `body` with 64-byte aligned memory full of NaN, followed by bytes that must not change.
func withScratch(_ size: Int, _ body: (UnsafeMutableRawPointer) -> Void) -> Bool {
    let guardSize = 256
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: size + guardSize, alignment: 64)
    defer { memory.deallocate() }
    _ = memory.initializeMemory(as: UInt8.self, repeating: 0xff)
    if let base = memory.baseAddress { body(base) }
    return memory[size...].allSatisfy { $0 == 0xff }
}

/// |got - expected| / |expected| over all numbers; infinite where one is NaN and not the other.
func relativeError<E: Element>(_ got: [E], _ expected: [Double]) -> Double {
    var (difference, norm) = (0.0, 0.0)
    for (got, expected) in zip(got, expected) where !(got.value.isNaN && expected.isNaN) {
        if got.value == expected { continue }
        difference += (got.value - expected) * (got.value - expected)
        norm += expected * expected
    }
    return difference == 0 ? 0 : difference.isNaN ? .infinity : (difference / norm).squareRoot()
}
