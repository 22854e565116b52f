extension Tensor {
    /// The same elements in another shape; one size may be -1.
    package func reshaped(_ shape: Int...) throws(TorchError) -> Tensor { try reshaped(shape) }

    package func reshaped(_ shape: [Int]) throws(TorchError) -> Tensor {
        try dispatch("aten::reshape", "", .tensor(self), .ints(shape))
    }

    package func permuted(_ dimensions: Int...) throws(TorchError) -> Tensor {
        try dispatch("aten::permute", "", .tensor(self), .ints(dimensions))
    }

    package func transposed(_ first: Int, _ second: Int) throws(TorchError) -> Tensor {
        try dispatch("aten::transpose", "int", .tensor(self), .int(first), .int(second))
    }

    /// Adds a dimension of size 1.
    package func unsqueezed(_ dimension: Int) throws(TorchError) -> Tensor {
        try dispatch("aten::unsqueeze", "", .tensor(self), .int(dimension))
    }

    /// Repeats dimensions of size 1 without copying; -1 keeps a size.
    package func expanded(_ shape: [Int]) throws(TorchError) -> Tensor {
        try dispatch("aten::expand", "", .tensor(self), .ints(shape), .bool(false))
    }

    /// Rows `range` of a dimension, as a view.
    package func narrowed(_ dimension: Int, _ range: Range<Int>) throws(TorchError) -> Tensor {
        try dispatch(
            "aten::slice", "Tensor", .tensor(self), .int(dimension), .some(.int(range.lowerBound)),
            .some(.int(range.upperBound)), .int(1))
    }

    /// One index of a dimension, which disappears.
    package func selected(_ dimension: Int, _ index: Int) throws(TorchError) -> Tensor {
        try dispatch("aten::select", "int", .tensor(self), .int(dimension), .int(index))
    }

    /// Cuts a dimension into `count` equal parts.
    package func chunks(_ count: Int, _ dimension: Int) throws(TorchError) -> [Tensor] {
        let size = self.size(dimension)
        guard count > 0, size % count == 0 else {
            throw .invalid("a dimension of \(size) cannot be cut into \(count) equal parts")
        }
        return try split(Array(repeating: size / count, count: count), dimension)
    }

    /// Cuts a dimension into parts of the given sizes, which sum up to its own.
    package func split(_ sizes: [Int], _ dimension: Int) throws(TorchError) -> [Tensor] {
        if sizes.count == 1, sizes[0] == size(dimension) { return [self] }
        return try dispatchList("aten::split_with_sizes", "", .tensor(self), .ints(sizes), .int(dimension))
    }

    /// Each entry of a dimension `count` times in a row.
    package func repeatInterleaved(_ count: Int, _ dimension: Int) throws(TorchError) -> Tensor {
        try dispatch(
            "aten::repeat_interleave", "self_int", .tensor(self), .int(count), .some(.int(dimension)), .none)
    }

    /// Shifts the entries of a dimension by `count` places; those that leave come in at the other end.
    package func rolled(_ count: Int, _ dimension: Int) throws(TorchError) -> Tensor {
        try dispatch("aten::roll", "", .tensor(self), .ints([count]), .ints([dimension]))
    }

    /// Pads the last dimensions with zeros; `padding` is (before, after) pairs from the last dimension on.
    package func padded(_ padding: [Int]) throws(TorchError) -> Tensor {
        try dispatch("aten::pad", "", .tensor(self), .ints(padding), .string("constant"), .some(.double(0)))
    }

    /// Picks the entries `index` (int64) of a dimension.
    package func gathered(_ dimension: Int, _ index: Tensor) throws(TorchError) -> Tensor {
        try dispatch("aten::index_select", "", .tensor(self), .int(dimension), .tensor(index))
    }

    package static func concatenated(_ tensors: [Tensor], _ dimension: Int) throws(TorchError) -> Tensor {
        if tensors.count == 1 { return tensors[0] }
        return try dispatch("aten::cat", "", .tensors(tensors), .int(dimension))
    }

    package static func stacked(_ tensors: [Tensor], _ dimension: Int = 0) throws(TorchError) -> Tensor {
        try dispatch("aten::stack", "", .tensors(tensors), .int(dimension))
    }
}
