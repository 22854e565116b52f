import CKernels
import Layers

/// The kernels by themselves, at shapes of the published model.
enum KernelCases {
    private static let seed: UInt64 = 0

    static var all: [BenchmarkCase<RandomPool>] {
        [
            attention(tokens: 4096), attention(tokens: 1100), attention(tokens: 4096, inBytes: true),
            product("gemm-bf16", .bfloat16, .bfloat16), product("gemm-int8", .int8, .int8),
            reading("gemv-bf16", .bfloat16), reading("gemv-bf12", .compactBfloat16), reading("gemv-int8", .int8),
            reading("gemv-int4", .int4),
        ]
    }

    static func load() -> RandomPool { RandomPool(seed: seed) }

    /// Attention of a layer of the diffusion transformer; in bytes it rounds its inputs each time.
    private static func attention(tokens: Int, inBytes: Bool = false) -> BenchmarkCase<RandomPool> {
        let (heads, keyHeads, size) = (21, 7, 120)
        let rounds = inBytes && kernels_have_attention_int8()
        let shape = "\(tokens) tokens, \(heads)/\(keyHeads) heads of \(size), \(rounds ? "int8" : "bf16")"
        let name = inBytes ? "attention-int8-\(tokens)" : "attention-\(tokens)"
        let kernel = inBytes ? kernels_attention_int8 : kernels_attention_bfloat16
        let scratchSize = inBytes ? kernels_attention_int8_scratch : kernels_attention_bfloat16_scratch
        return BenchmarkCase(name, shape) { pool in
            let query = AlignedMemory(pool, tokens * heads * size, name: "query")
            let key = AlignedMemory(pool, tokens * keyHeads * size, name: "key")
            let value = AlignedMemory(pool, tokens * keyHeads * size, name: "value")
            let output = AlignedMemory(2 * tokens * heads * size)
            let lengths = AlignedMemory(MemoryLayout<Int32>.size)
            let length = lengths.bytes.bindMemory(to: Int32.self, capacity: 1)
            length.pointee = Int32(tokens)
            var sizes = kernels_attention()
            (sizes.sequences, sizes.query_lengths, sizes.key_lengths) = (
                1, UnsafePointer(length), UnsafePointer(length)
            )
            (sizes.heads, sizes.key_heads, sizes.head_size) = (Int32(heads), Int32(keyHeads), Int32(size))
            (sizes.query_stride, sizes.query_head_stride) = (heads * size, size)
            (sizes.key_stride, sizes.key_head_stride) = (keyHeads * size, size)
            (sizes.value_stride, sizes.value_head_stride) = (keyHeads * size, size)
            sizes.scale = 1 / Float(size).squareRoot()
            let scratch = AlignedMemory(scratchSize(&sizes))
            let operations = 4 * Double(heads * size) * Double(tokens) * Double(tokens)
            return Measurement(work: .operations(operations, rounds ? .int8 : .bfloat16)) {
                withExtendedLifetime(lengths) {
                    kernel(&sizes, query.bfloat16, key.bfloat16, value.bfloat16, output.bfloat16, scratch.bytes)
                }
            }
        }
    }

    /// A feed-forward product of the diffusion transformer at 1024x1024; int8 rounds its inputs each time.
    private static func product(
        _ name: String, _ numbers: PackedForm.Numbers, _ peak: MachinePeak
    ) -> BenchmarkCase<RandomPool> {
        let (rows, inputs, outputs) = (4160, 2520, 10240)
        return BenchmarkCase(name, "\(rows) x \(inputs) x \(outputs)") { pool in
            let form = PackedForm(outputs: outputs, inputs: inputs, numbers: numbers, isGated: false)
            let weight = try PackedWeight.random(pool, form, name: name)
            let x = AlignedMemory(pool, rows * inputs, name: "x")
            let y = AlignedMemory(2 * rows * outputs)
            let operations = 2 * Double(rows) * Double(inputs) * Double(outputs)
            return Measurement(work: .operations(operations, peak)) {
                try weight.multiply(x.bytes, rows: rows, to: y.bytes)
            }
        }
    }

    /// What a token does in the language model: several weights, that no cache holds, with one row each.
    private static func reading(_ name: String, _ numbers: PackedForm.Numbers) -> BenchmarkCase<RandomPool> {
        let (inputs, outputs, total) = (2048, 11008, 400 << 20)
        return BenchmarkCase(name, "1 x \(inputs) x \(outputs), weights of 400 MiB in turn") { pool in
            let form = PackedForm(outputs: outputs, inputs: inputs, numbers: numbers, isGated: false)
            let size = form.byteCount
            let weights = try (0..<(total + size - 1) / size).map { index in
                try PackedWeight.random(pool, form, name: "\(name).\(index)")
            }
            let x = AlignedMemory(pool, inputs, name: "x")
            let y = AlignedMemory(2 * outputs)
            return Measurement(work: .bytes(Double(size * weights.count)), count: weights.count) {
                for weight in weights { try weight.multiply(x.bytes, rows: 1, to: y.bytes) }
            }
        }
    }
}
