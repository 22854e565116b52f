import Torch

extension Tensor {
    /// Overwrites tokens, from `first` on, of [1, capacity, K, D] with `tokens` [1, L, K, D].
    package func replaceTokens(from first: Int, with tokens: Tensor) throws {
        let (shape, strides) = (tokens.shape, tokens.strides)
        let isDense = strides[3] == 1 && strides[2] == shape[3]
        let fits = first >= 0 && first + shape[1] <= size(1) && (shape[2], shape[3]) == (size(2), size(3))
        guard Kernels.take(self, tokens), isContiguous, isDense, fits else {
            try narrowed(1, first..<first + shape[1]).copy(from: tokens)
            return
        }
        let size = dtype.byteCount
        let row = shape[2] * shape[3] * size
        let (target, source) = (try mutableData() + first * row, try tokens.mutableData())
        for token in 0..<shape[1] {
            (target + token * row).copyMemory(from: source + token * strides[1] * size, byteCount: row)
        }
    }
}
