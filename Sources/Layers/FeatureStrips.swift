import Torch

/// One picture's features on the CPU in strips of whole rows, each [rows, W, C].
///
/// A convolution reads a strip with its neighbours' rows and a norm knows the moments of all strips, so there is no seam
/// between them. What is more than one layer's input and output has the size of a strip, and the input can go strip by
/// strip as the output comes.
struct FeatureStrips {
    private(set) var height = 0
    private(set) var width = 0
    private var strips: [Tensor?] = []
    /// Rows of each strip but the last; even, as rows may be copies of each other.
    private var stripHeight = 1
    private var moments = ChannelMoments(channels: 0)

    private var stripPixels = 0

    /// Of no rows yet.
    init() {}

    /// - Parameters:
    ///   - x: [1, C, H, W].
    ///   - stripPixels: of a strip, about.
    /// - Returns: `nil` when libtorch is to compute with the whole.
    init?(_ x: Tensor, stripPixels: Int) throws {
        guard !gradientsAreRecorded, x.device == .cpu, x.dtype == .bfloat16 || x.dtype == .float32,
            x.shape.count == 4, x.size(0) == 1, x.count > 0
        else { return nil }
        try self.init(pixels: x.selected(0, 0).permuted(1, 2, 0), stripPixels: stripPixels)
    }

    /// - Parameter pixels: [H, W, C].
    private init(pixels: Tensor, stripPixels: Int) throws {
        self.init(width: pixels.size(1), channels: pixels.size(2), stripPixels: stripPixels)
        for rows in Self.ranges(pixels.size(0), stripHeight) {
            try append(pixels.narrowed(0, rows).contiguous())
        }
    }

    private init(width: Int, channels: Int, stripPixels: Int) {
        (self.width, self.stripPixels) = (width, stripPixels)
        stripHeight = max(stripPixels / max(2 * width, 1), 1) * 2
        moments = ChannelMoments(channels: channels)
    }

    private static func ranges(_ count: Int, _ size: Int) -> [Range<Int>] {
        stride(from: 0, to: count, by: size).map { $0..<min($0 + size, count) }
    }

    /// The strip below all others, [rows, W, C]; all but the last have `stripHeight` rows.
    private mutating func append(_ strip: Tensor) throws {
        let strip = try strip.contiguous()
        strips.append(strip)
        height += strip.size(0)
        try moments.add(strip)
    }

    /// A picture whose strips `body` computes, given which rows are wanted.
    private func made(
        height: Int, width: Int, channels: Int, _ body: (Range<Int>) throws -> Tensor
    ) throws -> FeatureStrips {
        var result = FeatureStrips(width: width, channels: channels, stripPixels: stripPixels)
        for rows in Self.ranges(height, result.stripHeight) { try result.append(body(rows)) }
        return result
    }

    /// Lets go of strips that lie above a row.
    private mutating func release(above row: Int) {
        for index in 0..<min(max(row, 0) / stripHeight, strips.count) { strips[index] = nil }
    }

    /// Hands out, from above, each strip that has some of the rows, with its own rows that are meant.
    private func forEachStrip(_ rows: Range<Int>, _ body: (Tensor, Range<Int>) throws -> Void) throws {
        var row = rows.lowerBound
        while row < rows.upperBound {
            let index = row / stripHeight
            let start = index * stripHeight
            let end = min(start + stripHeight, rows.upperBound)
            guard let strip = strips[index] else {
                throw TorchError.invalid("rows \(rows) of a picture have been let go")
            }
            try body(strip, row - start..<end - start)
            row = end
        }
    }

    /// Rows [rows, W, C], zeros where they lie outside.
    private func rows(_ wanted: Range<Int>) throws -> Tensor {
        let there = wanted.clamped(to: 0..<height)
        var parts: [Tensor] = []
        try forEachStrip(there) { strip, rows in parts.append(try strip.narrowed(0, rows)) }
        let joined = try Tensor.concatenated(parts, 0)
        if there == wanted { return joined }
        return try joined.padded([
            0, 0, 0, 0, there.lowerBound - wanted.lowerBound, wanted.upperBound - there.upperBound,
        ])
    }

    /// silu(norm(x)) of rows, zeros where they lie outside.
    private func normedRows(_ wanted: Range<Int>, _ factors: ChannelFactors) throws -> Tensor {
        let there = wanted.clamped(to: 0..<height)
        var row = there.lowerBound - wanted.lowerBound
        guard let example = strips.last ?? nil else { throw TorchError.invalid("a picture without rows") }
        let shape = [wanted.count, width, example.size(2)]
        let result = try Tensor.empty(shape, dtype: example.dtype)
        try result.clearRows(0..<row)
        try result.clearRows(row + there.count..<wanted.count)
        try forEachStrip(there) { strip, rows in
            try factors.apply(to: strip, rows: rows, silu: true, into: result, at: row)
            row += rows.count
        }
        return result
    }

    func convolved(_ convolution: Convolution) throws -> FeatureStrips {
        try made(height: height, width: width, channels: convolution.outputs) { strip in
            try convolution.ofPixels(rows(strip.withNeighbours))
        }
    }

    func convolved(_ convolution: Convolution, after norm: GroupNorm) throws -> FeatureStrips {
        let factors = try ChannelFactors(norm, moments)
        return try made(height: height, width: width, channels: convolution.outputs) { strip in
            try convolution.ofPixels(normedRows(strip.withNeighbours, factors))
        }
    }

    /// The same; what has been read is let go.
    mutating func drained(into convolution: Convolution, after norm: GroupNorm) throws -> FeatureStrips {
        let factors = try ChannelFactors(norm, moments)
        return try made(height: height, width: width, channels: convolution.outputs) { strip in
            let result = try convolution.ofPixels(normedRows(strip.withNeighbours, factors))
            release(above: strip.upperBound - 1)
            return result
        }
    }

    /// shortcut(x) + convolution(silu(norm(self))), without a shortcut x itself; what has been read is let go.
    mutating func drained(
        into convolution: Convolution, after norm: GroupNorm, addedTo x: inout FeatureStrips,
        through shortcut: Convolution?
    ) throws -> FeatureStrips {
        let factors = try ChannelFactors(norm, moments)
        return try made(height: height, width: width, channels: convolution.outputs) { strip in
            let change = try convolution.ofPixels(normedRows(strip.withNeighbours, factors))
            let residual = try x.rows(strip)
            release(above: strip.upperBound - 1)
            x.release(above: strip.upperBound)
            return try (shortcut?.ofPixels(residual) ?? residual) + change
        }
    }

    /// The convolution of what is twice as high and wide, each pixel copied; what has been read is let go.
    ///
    /// A kernel of 3 x 3 sees copies of 2 x 2 pixels. So it is four kernels of 2 x 2, one for each place among the copies,
    /// with 4/9 of the products.
    mutating func upsampled(_ convolution: Convolution) throws -> FeatureStrips {
        let places = try [0, 1].map { row in try [0, 1].map { try convolution.overCopies(row: row, column: $0) } }
        return try made(height: 2 * height, width: 2 * width, channels: convolution.outputs) { strip in
            let source = strip.lowerBound / 2..<strip.upperBound / 2
            let window = try rows(source.withNeighbours)
            let result = try Tensor.empty([source.count, 2, width, 2, convolution.outputs], dtype: window.dtype)
            for (row, places) in places.enumerated() {
                for (column, place) in places.enumerated() {
                    let pixels = try place.ofPixels(window.narrowed(0, row..<row + source.count + 1))
                    try result.selected(1, row).selected(2, column)
                        .copy(from: pixels.narrowed(1, column..<column + width))
                }
            }
            release(above: source.upperBound - 1)
            return try result.reshaped(strip.count, 2 * width, convolution.outputs)
        }
    }

    mutating func downsampled(_ convolution: Convolution) throws -> FeatureStrips {
        // A kernel of 3 over one row and one column more than there are.
        let (halfHeight, halfWidth) = ((height - 2) / 2 + 1, (width - 2) / 2 + 1)
        return try made(height: halfHeight, width: halfWidth, channels: convolution.outputs) { strip in
            let source = try rows(2 * strip.lowerBound..<2 * strip.upperBound + 1).padded([0, 0, 0, 1])
            release(above: 2 * strip.upperBound)
            return try convolution.ofPixels(source)
        }
    }

    /// self + change(norm(self)), where `change` sees rows of pixels [1, H W, C].
    func changed(after norm: GroupNorm, _ change: (Tensor) throws -> Tensor) throws -> FeatureStrips {
        let x = try rows(0..<height)
        let normed = try Tensor.empty(x.shape, dtype: x.dtype)
        try ChannelFactors(norm, moments).apply(to: x, rows: 0..<height, silu: false, into: normed, at: 0)
        let changed = try change(normed.reshaped(1, height * width, -1))
        return try FeatureStrips(pixels: x + changed.reshaped(x.shape), stripPixels: stripPixels)
    }

    /// [1, C, H, W].
    func tensor() throws -> Tensor { try rows(0..<height).permuted(2, 0, 1).unsqueezed(0).contiguous() }
}

extension Range<Int> {
    fileprivate var withNeighbours: Range<Int> { lowerBound - 1..<upperBound + 1 }
    fileprivate func shifted(by offset: Int) -> Range<Int> { lowerBound + offset..<upperBound + offset }
}

extension Tensor {
    fileprivate func clearRows(_ rows: Range<Int>) throws {
        if !rows.isEmpty { try narrowed(0, rows).clear() }
    }
}
