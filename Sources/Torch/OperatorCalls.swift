/// How often libtorch was asked to compute, to make a tensor or a view, or to copy one. Reading a tensor's sizes, strides
/// or address does not count.
package enum OperatorCalls {
    /// Changed where tensors are used, and so on one thread only.
    nonisolated(unsafe) package private(set) static var count = 0

    static func add() { count &+= 1 }
}
