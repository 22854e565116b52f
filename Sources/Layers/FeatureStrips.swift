import Torch

/// One picture's features on the CPU in strips of whole rows, each [rows, W, C].
///
/// A convolution reads a strip with its neighbours' rows and a norm knows the moments of all strips, so there is no seam
/// between them. What is more than one layer's input and output has the size of a strip, and the input can go strip by
/// strip as the output comes.
struct FeatureStrips {
    private(set) var height = 0
    private(set) var width = 0
    private(set) var channels = 0
    private(set) var dtype = DType.float32
    private var strips: [Tensor?] = []
    /// Rows of each strip but the last; even, as rows may be copies of each other.
    private var stripHeight = 1
    private(set) var moments = ChannelMoments(channels: 0)
    private(set) var stripPixels = 0

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
    init(pixels: Tensor, stripPixels: Int) throws {
        self.init(width: pixels.size(1), channels: pixels.size(2), dtype: pixels.dtype, stripPixels: stripPixels)
        for rows in Self.ranges(pixels.size(0), stripHeight) {
            try append(pixels.narrowed(0, rows).contiguous())
        }
    }

    private init(width: Int, channels: Int, dtype: DType, stripPixels: Int) {
        (self.width, self.channels, self.dtype, self.stripPixels) = (width, channels, dtype, stripPixels)
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
    func made(
        height: Int, width: Int, channels: Int, _ body: (Range<Int>) throws -> Tensor
    ) throws -> FeatureStrips {
        var result = FeatureStrips(width: width, channels: channels, dtype: dtype, stripPixels: stripPixels)
        for rows in Self.ranges(height, result.stripHeight) { try result.append(body(rows)) }
        return result
    }

    /// Lets go of strips that lie above a row.
    mutating func release(above row: Int) {
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
    func rows(_ wanted: Range<Int>) throws -> Tensor {
        let there = wanted.clamped(to: 0..<height)
        var parts: [Tensor] = []
        try forEachStrip(there) { strip, rows in parts.append(try strip.narrowed(0, rows)) }
        let joined = try Tensor.concatenated(parts, 0)
        if there == wanted { return joined }
        return try joined.padded([
            0, 0, 0, 0, there.lowerBound - wanted.lowerBound, wanted.upperBound - there.upperBound,
        ])
    }

    /// Where rows lie, [W, C] each; nowhere if they are outside. Until they are let go.
    func addresses(_ wanted: Range<Int>) throws -> [UnsafeRawPointer?] {
        let there = wanted.clamped(to: 0..<height)
        var addresses = [UnsafeRawPointer?](repeating: nil, count: there.lowerBound - wanted.lowerBound)
        try forEachStrip(there) { strip, rows in
            let first = try UnsafeRawPointer(strip.mutableData())
            let rowBytes = width * channels * dtype.byteCount
            addresses += rows.map { first + $0 * rowBytes }
        }
        return addresses + Array(repeating: nil, count: wanted.count - addresses.count)
    }

    /// silu(norm(x)) of rows, zeros where they lie outside.
    func normedRows(_ wanted: Range<Int>, _ factors: ChannelFactors) throws -> Tensor {
        let there = wanted.clamped(to: 0..<height)
        var row = there.lowerBound - wanted.lowerBound
        let result = try Tensor.empty([wanted.count, width, channels], dtype: dtype)
        try result.clearRows(0..<row)
        try result.clearRows(row + there.count..<wanted.count)
        try forEachStrip(there) { strip, rows in
            try factors.apply(to: strip, rows: rows, silu: true, into: result, at: row)
            row += rows.count
        }
        return result
    }

    /// [1, C, H, W].
    func tensor() throws -> Tensor { try rows(0..<height).permuted(2, 0, 1).unsqueezed(0).contiguous() }
}

extension Tensor {
    fileprivate func clearRows(_ rows: Range<Int>) throws {
        if !rows.isEmpty { try narrowed(0, rows).clear() }
    }
}
