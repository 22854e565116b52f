import CKernels
import Torch

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// When our own kernels compute, and when libtorch does.
///
/// A layer asks here in one place of its forward; what it does otherwise is the same mathematics in libtorch's operators.
package enum Kernels {
    /// Whether ours are faster than libtorch's on this machine: so measured with AVX2 and all above it. `OMNIGEN2_KERNELS`
    /// names a path that is taken whatever its speed.
    package static let arePreferred = kernels_path().rawValue >= KERNELS_AVX2.rawValue || isPathNamed

    /// Whether libtorch's convolutions of bfloat16 are computed in float32: its own take 2.5 times as long on x86 without BF16's
    /// instructions, without AVX-512 five times.
    static var convolutionsAreInFloat32: Bool {
        #if arch(x86_64)
            kernels_path().rawValue < KERNELS_AVX512.rawValue
        #else
            false
        #endif
    }

    private static let isPathNamed =
        ProcessInfo.processInfo.environment["OMNIGEN2_KERNELS"].map { !$0.isEmpty } ?? false

    /// The instructions that run: "amx", "avx512", "avx512vnni", "avxvnni", "avx2", "neon" or "portable".
    package static var path: String { String(cString: kernels_path_name(kernels_path())) }

    /// How weights lie that are only read.
    package static var storage: WeightStorage { arePreferred ? .packed : .dense }

    /// Whether a layer may compute with these tensors: all in the memory of the CPU and of the first one's number type,
    /// which has kernels. Kernels leave no trace for gradients.
    static func take(_ first: Tensor, _ others: Tensor?...) -> Bool {
        guard arePreferred, !gradientsAreRecorded, first.device == .cpu else { return false }
        let dtype = first.dtype
        guard dtype == .bfloat16 || dtype == .float32 else { return false }
        return others.allSatisfy { other in other.map { $0.dtype == dtype && $0.device == .cpu } ?? true }
    }

    /// Runs `body` for each of 0..<count, on all threads, in any order.
    static func concurrently(_ count: Int, _ body: (Int) -> Void) {
        withoutActuallyEscaping(body) { body in
            var body = body
            withUnsafeMutablePointer(to: &body) { context in
                kernels_parallel(
                    Int32(count),
                    { context, task, _ in context?.assumingMemoryBound(to: ((Int) -> Void).self).pointee(Int(task)) },
                    context)
            }
        }
    }
}

extension Tensor {
    /// The elements as a kernel reads and writes them.
    func elements<Element>(_ type: Element.Type) throws -> UnsafeMutablePointer<Element> {
        try mutableData().assumingMemoryBound(to: type)
    }

    /// Rows [..., D] that a kernel can read: itself where the numbers of the last dimension lie side by side and rows at one
    /// distance, else a copy.
    func kernelRows() throws -> (tensor: Tensor, stride: Int) {
        let (shape, strides) = (shape, strides)
        let width = shape.last ?? 1
        if shape.count == 2, strides[1] == 1, strides[0] >= width { return (self, strides[0]) }
        return (try contiguous(), width)
    }
}
