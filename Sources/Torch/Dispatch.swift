/// One argument of an operator call, in the order of its schema.
enum Argument {
    case tensor(Tensor)
    case tensors([Tensor])
    case int(Int)
    case ints([Int])
    case double(Double)
    case bool(Bool)
    case string(StaticString)
    case dtype(DType)
    case memoryFormatContiguous
    /// An absent optional.
    case none
    /// A present optional, whatever it holds.
    indirect case some(Argument)

    static func optional(_ tensor: Tensor?) -> Argument { tensor.map { .some(.tensor($0)) } ?? .none }
    static func optional(_ value: Int?) -> Argument { value.map { .some(.int($0)) } ?? .none }
    static func optional(_ value: Double?) -> Argument { value.map { .some(.double($0)) } ?? .none }
    static func optional(_ type: DType?) -> Argument { type.map { .some(.dtype($0)) } ?? .none }
}

/// Calls the operator `aten::name.overload` with every argument of its schema; it returns one tensor.
func dispatch(
    _ name: StaticString, _ overload: StaticString = "", _ arguments: Argument...
) throws(TorchError) -> Tensor {
    let torch = try Engine.library(for: name)
    let word = try torch.call(name, overload, arguments)
    guard let handle = TensorHandle(bitPattern: UInt(word)) else {
        throw .operation(name: "\(name)", shapes: arguments.shapes, message: "returned no tensor")
    }
    return Tensor(owning: handle)
}

/// The same for an operator that returns a list of tensors.
func dispatchList(
    _ name: StaticString, _ overload: StaticString = "", _ arguments: Argument...
) throws(TorchError) -> [Tensor] {
    let torch = try Engine.library(for: name)
    let word = try torch.call(name, overload, arguments)
    guard let list = OpaquePointer(bitPattern: UInt(word)) else {
        throw .operation(name: "\(name)", shapes: arguments.shapes, message: "returned no list")
    }
    defer { _ = torch.deleteList(list) }
    var count = 0
    guard torch.listCount(list, &count) == 0 else { throw .invalid(torch.failureMessage()) }
    var tensors: [Tensor] = []
    for index in 0..<count {
        var element: UInt64 = 0
        guard torch.listElement(list, index, &element) == 0, let handle = TensorHandle(bitPattern: UInt(element)) else {
            throw .invalid(torch.failureMessage())
        }
        tensors.append(Tensor(owning: handle))
    }
    return tensors
}

/// The same for an operator whose result is not wanted.
func dispatchVoid(
    _ name: StaticString, _ overload: StaticString = "", _ arguments: Argument...
) throws(TorchError) {
    _ = try Engine.library(for: name).call(name, overload, arguments)
}

extension LibTorch {
    /// Arguments and results share one array of words; results come first.
    fileprivate func call(
        _ name: StaticString, _ overload: StaticString, _ arguments: [Argument]
    ) throws(TorchError) -> UInt64 {
        OperatorCalls.add()
        let capacity = max(arguments.count, 8)
        let stack = UnsafeMutablePointer<UInt64>.allocate(capacity: capacity)
        defer { stack.deallocate() }
        for (index, argument) in arguments.enumerated() { stack[index] = try encode(argument) }
        for index in arguments.count..<capacity { stack[index] = 0 }
        let status = callDispatcher(name.cString, overload.cString, stack, callVersion)
        guard status == 0 else {
            throw .operation(name: "\(name)", shapes: arguments.shapes, message: failureMessage())
        }
        return stack[0]
    }

    /// Tensor arguments are consumed by the call, so a fresh handle travels.
    private func encode(_ argument: Argument) throws(TorchError) -> UInt64 {
        switch argument {
        case .tensor(let tensor): return try retainedWord(tensor)
        case .int(let value): return UInt64(bitPattern: Int64(value))
        case .double(let value): return value.bitPattern
        case .bool(let value): return value ? 1 : 0
        case .dtype(let type): return UInt64(UInt32(bitPattern: code(of: type)))
        case .memoryFormatContiguous: return UInt64(UInt32(bitPattern: contiguousFormat))
        case .none: return 0
        case .some(let value): return cell(try encode(value))
        case .ints(let values): return try list(values.map { .int($0) })
        case .tensors(let values): return try list(values.map { .tensor($0) })
        case .string(let text):
            var handle: OpaquePointer?
            _ = newString(text.cString, text.utf8CodeUnitCount, &handle)
            return UInt64(UInt(bitPattern: handle))
        }
    }

    private func retainedWord(_ tensor: Tensor) throws(TorchError) -> UInt64 {
        var copy: TensorHandle?
        guard newTensorHandle(tensor.handle, &copy) == 0 else { throw .invalid(failureMessage()) }
        return UInt64(UInt(bitPattern: copy))
    }

    private func list(_ elements: [Argument]) throws(TorchError) -> UInt64 {
        var handle: OpaquePointer?
        guard newList(elements.count, &handle) == 0, let handle else { throw .invalid(failureMessage()) }
        for element in elements { _ = listAppend(handle, try encode(element)) }
        return UInt64(UInt(bitPattern: handle))
    }
}

extension [Argument] {
    /// Shapes of the tensor arguments, for error messages.
    fileprivate var shapes: [[Int]] {
        flatMap { argument -> [[Int]] in
            switch argument {
            case .tensor(let tensor), .some(.tensor(let tensor)): [tensor.shape]
            case .tensors(let tensors): tensors.map(\.shape)
            default: []
            }
        }
    }
}

extension StaticString {
    fileprivate var cString: UnsafePointer<CChar> {
        UnsafeRawPointer(utf8Start).assumingMemoryBound(to: CChar.self)
    }
}
