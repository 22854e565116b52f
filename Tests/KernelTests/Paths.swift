import CKernels

/// Runs `body` once with each instruction set that this machine has, alone.
func onEachPath(_ body: (_ name: String) throws -> Void) rethrows {
    for instructions in InstructionSet.all {
        _ = try with(instructions) { try body(String(cString: kernels_path_name(kernels_path()))) }
    }
}
