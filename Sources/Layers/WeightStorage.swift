/// How the weights of linear layers lie in memory.
package enum WeightStorage: String, Sendable, CaseIterable {
    /// As tensors: for libtorch, and for training, which changes them.
    case dense
    /// In the model's number type, in the order in which our kernels read them.
    case packed
    /// Packed in 8 bits with a scale for each output. Layers that are small or sensitive stay as with `packed`.
    case int8
    /// Packed in 4 bits, times a multiple for each output and group of inputs, times a scale for each output; the same layers
    /// stay.
    case int4
}
