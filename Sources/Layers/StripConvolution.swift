import Torch

/// A convolution of a picture in strips, after a norm and SiLU where there is one.
struct StripConvolution {
    private let convolution: Convolution
    private let factors: ChannelFactors?
    /// Absent where libtorch computes.
    private let kernel: ConvolutionKernel?

    init(_ convolution: Convolution, of x: FeatureStrips, after norm: GroupNorm?) throws {
        self.convolution = convolution
        factors = try norm.map { try ChannelFactors($0, x.moments) }
        kernel = try ConvolutionKernel(convolution, of: x.dtype)
    }

    /// The result's rows, plus a residual [rows, W, outputs].
    func callAsFunction(_ x: FeatureStrips, _ rows: Range<Int>, addedTo residual: Tensor? = nil) throws -> Tensor {
        if let kernel {
            return try kernel(x, rows.withNeighbours, after: factors, addedTo: residual)
        }
        let window = try factors.map { try x.normedRows(rows.withNeighbours, $0) } ?? x.rows(rows.withNeighbours)
        let result = try convolution.ofPixels(window)
        return try residual.map { try $0 + result } ?? result
    }
}

/// The convolution of a picture in strips that is twice as high and wide, each pixel copied.
///
/// A kernel of 3 x 3 sees copies of 2 x 2 pixels. So libtorch computes four kernels of 2 x 2, one for each place among the
/// copies, with 4/9 of the products.
struct UpsampledStripConvolution {
    private let outputs: Int
    /// Absent where libtorch computes.
    private let kernel: ConvolutionKernel?
    /// [row, column]; empty where the kernel computes.
    private let places: [[Convolution]]

    init(_ convolution: Convolution, of x: FeatureStrips) throws {
        outputs = convolution.outputs
        kernel = try ConvolutionKernel(convolution, of: x.dtype, isDoubled: true)
        places =
            kernel != nil
            ? [] : try [0, 1].map { row in try [0, 1].map { try convolution.overCopies(row: row, column: $0) } }
    }

    /// The result's rows that come from some rows of x.
    func callAsFunction(_ x: FeatureStrips, from rows: Range<Int>) throws -> Tensor {
        if let kernel { return try kernel(x, rows.withNeighbours) }
        let window = try x.rows(rows.withNeighbours)
        let result = try Tensor.empty([rows.count, 2, x.width, 2, outputs], dtype: window.dtype)
        for (row, places) in places.enumerated() {
            for (column, place) in places.enumerated() {
                let pixels = try place.ofPixels(window.narrowed(0, row..<row + rows.count + 1))
                try result.selected(1, row).selected(2, column)
                    .copy(from: pixels.narrowed(1, column..<column + x.width))
            }
        }
        return try result.reshaped(2 * rows.count, 2 * x.width, outputs)
    }
}

extension Range<Int> {
    fileprivate var withNeighbours: Range<Int> { lowerBound - 1..<upperBound + 1 }
}
