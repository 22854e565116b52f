import CKernels
import Foundation

/// The instruction sets that this machine can run, the slowest first.
let paths = [KERNELS_PORTABLE, KERNELS_NEON, KERNELS_AVX2, KERNELS_AVX512].filter { path in
    onlyOne.withLock {
        let usual = kernels_path()
        defer { kernels_force_path(usual) }
        return kernels_force_path(path)
    }
}

/// The path is one for the whole process, and tests run at once.
private let onlyOne = NSLock()

/// Runs `body` once on each path.
func onEachPath(_ body: (_ name: String) throws -> Void) rethrows {
    for path in paths {
        try onlyOne.withLock {
            let usual = kernels_path()
            kernels_force_path(path)
            defer { kernels_force_path(usual) }
            try body(String(cString: kernels_path_name(path)))
        }
    }
}
