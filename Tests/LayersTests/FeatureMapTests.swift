import Testing
import Torch

@testable import Layers

/// Strips of rows give what the whole gives.
@Suite struct FeatureMapTests {
    /// Sums of float32 in another order.
    private static let sumTolerance: Float = 1e-5
    /// Roundings to bfloat16, over some layers; relative to the length of the result.
    private static let bfloat16Tolerance: Float = 0.02
    /// Strips of 2 rows, of some, and one.
    private static let stripPixels = [1, 64, 1_000_000]

    /// Normal numbers for everything: norms that scale and shift.
    private final class NormalSource: WeightSource {
        private let random = RandomSource(seed: 3)
        var origin: String { "test" }
        var names: [String]? { nil }
        func shape(of name: String) -> [Int]? { nil }
        func tensor(_ name: String, _ shape: [Int], initial: InitialValue) throws -> Tensor? {
            switch initial {
            case .ones, .zeros: try random.tensor(name, shape, initial: .normal(1))
            default: try random.tensor(name, shape, initial: initial)
            }
        }
    }

    /// Channels of layers that our kernel convolves, and that libtorch does.
    private static let widths = [20, 12]

    /// Some layers of each kind.
    private struct Chain {
        let input, first, second, shortcut, upsampler, downsampler, output: Convolution
        let firstNorm, secondNorm, thirdNorm, lastNorm: GroupNorm

        init(_ dtype: DType, width: Int = widths[0]) throws {
            let w = Weights(NormalSource(), dtype: dtype)
            input = try Convolution(w["input"], 3, 8)
            first = try Convolution(w["first"], 8, width)
            second = try Convolution(w["second"], width, width)
            shortcut = try Convolution(w["shortcut"], 8, width, kernel: 1, padding: 0)
            upsampler = try Convolution(w["upsampler"], width, width)
            downsampler = try Convolution(w["downsampler"], width, width, stride: 2, padding: 0)
            output = try Convolution(w["output"], width, 5)
            firstNorm = try GroupNorm(w["norm1"], groups: 4, channels: 8, epsilon: 1e-6)
            secondNorm = try GroupNorm(w["norm2"], groups: width, channels: width, epsilon: 1e-6)
            thirdNorm = try GroupNorm(w["norm3"], groups: 1, channels: width, epsilon: 1e-6)
            lastNorm = try GroupNorm(w["norm4"], groups: width / 4, channels: width, epsilon: 1e-6)
        }

        func callAsFunction(_ x: Tensor, _ stripPixels: Int, isSmaller: Bool) throws -> Tensor {
            let x = try FeatureMap(x, input, stripPixels: stripPixels)
            let hidden = try x.convolved(first, after: firstNorm)
            var y = try hidden.convolved(second, after: secondNorm, addedTo: x, through: shortcut)
            y = try y.changed(after: thirdNorm) {
                try $0 * 0.5 + $0.transposed(1, 2).contiguous().transposed(1, 2).tanh()
            }
            y = isSmaller ? try y.downsampled(downsampler) : try y.upsampled(upsampler)
            return try y.output(output, after: lastNorm)
        }
    }

    private func distance(_ a: Tensor, _ b: Tensor) throws -> Float {
        let (a, b) = try (a.floats(), b.floats())
        let difference = zip(a, b).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
        return (difference / b.reduce(0) { $0 + $1 * $1 }).squareRoot()
    }

    @Test(arguments: [(2, 3), (5, 7), (33, 18), (64, 41)])
    func stripsEqualTheWhole(height: Int, width: Int) async throws {
        try await withEngine {
            for (dtype, width) in Self.widths.flatMap({ [(DType.float32, $0), (.bfloat16, $0)] }) {
                let tolerance = dtype == .float32 ? Self.sumTolerance : Self.bfloat16Tolerance
                let chain = try Chain(dtype, width: width)
                let x = try Tensor.randn([1, 3, height, width], Generator(seed: 5)).to(dtype)
                for isSmaller in [false, true] {
                    let whole = try withGradients { try chain(x, 0, isSmaller: isSmaller).detached() }
                    for stripPixels in Self.stripPixels {
                        let strips = try chain(x, stripPixels, isSmaller: isSmaller)
                        #expect(strips.shape == whole.shape && strips.dtype == dtype && strips.isContiguous)
                        let error = try distance(strips, whole)
                        #expect(error < tolerance, "\(dtype), \(stripPixels) pixels, smaller: \(isSmaller)")
                    }
                }
            }
        }
    }

    /// A seam would show as rows that differ.
    @Test func noRowDiffersBecauseAStripEnds() async throws {
        try await withEngine {
            let chain = try Chain(.float32)
            let x = try Tensor.randn([1, 3, 40, 24], Generator(seed: 6))
            let one = try chain(x, 1_000_000, isSmaller: false)
            let many = try chain(x, 1, isSmaller: false)
            for row in 0..<80 {
                let error = try distance(many.selected(2, row), one.selected(2, row))
                #expect(error < Self.sumTolerance, "row \(row)")
            }
        }
    }

    @Test func kernelsOverCopiesAddUp() async throws {
        try await withEngine {
            let convolution = try Convolution(Weights(NormalSource(), dtype: .float32)["any"], 2, 3)
            let places = try [0, 1].flatMap { row in
                try [0, 1].map { try convolution.overCopies(row: row, column: $0) }
            }
            for place in places {
                #expect(place.weight.shape == [3, 2, 2, 2])
                let sums = try (place.weight.sum().floats()[0], convolution.weight.sum().floats()[0])
                #expect(abs(sums.0 - sums.1) < 1e-5)
            }
        }
    }

    @Test func aConvolutionOfOtherSizesIsRefused() async throws {
        try await withEngine {
            let chain = try Chain(.float32)
            let x = try FeatureStrips(pixels: Tensor.randn([6, 5, 24], Generator(seed: 7)), stripPixels: 1)
            #expect(throws: TorchError.self) { try x.convolved(chain.second) }
            var wide = x
            #expect(throws: TorchError.self) { try wide.upsampled(chain.upsampler) }
        }
    }

    @Test func gradientsGoThroughTheWhole() async throws {
        try await withEngine {
            try withGradients {
                let chain = try Chain(.float32)
                let x = try Tensor.randn([2, 3, 6, 4], Generator(seed: 7))
                try x.setRequiresGradient()
                try chain(x, FeatureMap.stripPixels, isSmaller: false).sum().backward()
                let gradient = try #require(x.gradient)
                #expect(try gradient.absolute().sum().floats()[0] > 0)
            }
        }
    }

    @Test func momentsOfPartsAreThoseOfAll() async throws {
        try await withEngine {
            // A mean far from zero, and a variance that differs from part to part.
            let x = try Tensor.randn([50, 3, 12], Generator(seed: 8)) + 1000
            var all = ChannelMoments(channels: 12)
            var parts = all
            try all.add(x)
            for rows in [0..<1, 1..<1, 1..<30, 30..<50] { try parts.add(x.narrowed(0, rows).contiguous()) }
            let numbers = try x.reshaped(150, 12).doubles()
            for channels in [0..<1, 4..<12] {
                let group = (0..<150).flatMap { pixel in channels.map { numbers[pixel * 12 + $0] } }
                let mean = group.reduce(0, +) / Double(group.count)
                let variance = group.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(group.count)
                for moments in [all.ofGroup(channels), parts.ofGroup(channels)] {
                    #expect(abs(moments.mean - mean) < 1e-9 * abs(mean))
                    #expect(abs(moments.variance - variance) < 1e-5 * variance)
                }
            }
        }
    }
}
