/// How the weights of linear layers lie in memory.
package enum WeightStorage: Sendable {
    /// As tensors: for libtorch, and for training, which changes them.
    case dense
    /// In the model's number type, in the order in which our kernels read them.
    case packed
    /// As packed, in 8 bits with a scale for each output. Layers that are small or sensitive stay as with `packed`.
    case int8
}
