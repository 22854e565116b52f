import CKernels
import Torch

/// Mean and squared deviations of each channel, over pixels that come in parts.
struct ChannelMoments {
    private var pixelCount = 0.0
    private var means: [Double]
    /// Sums of the squares of what differs from the mean.
    private var squares: [Double]

    init(channels: Int) {
        means = Array(repeating: 0, count: channels)
        squares = means
    }

    /// Takes more pixels into account: x [..., C] without gaps, in the CPU's memory.
    mutating func add(_ x: Tensor) throws {
        let channels = means.count
        let pixels = x.count / max(channels, 1)
        guard pixels > 0 else { return }
        var partMeans = means
        var partSquares = means
        let scratch = try KernelScratch.borrow(kernels_channel_moments_scratch(pixels, Int32(channels)))
        if x.dtype == .bfloat16 {
            try kernels_channel_moments_bfloat16(
                pixels, Int32(channels), x.elements(UInt16.self), &partMeans, &partSquares, scratch)
        } else {
            try kernels_channel_moments_float32(
                pixels, Int32(channels), x.elements(Float.self), &partMeans, &partSquares, scratch)
        }
        let share = Double(pixels) / (pixelCount + Double(pixels))
        for channel in means.indices {
            let difference = partMeans[channel] - means[channel]
            means[channel] += difference * share
            squares[channel] += partSquares[channel] + difference * difference * pixelCount * share
        }
        pixelCount += Double(pixels)
    }

    /// Mean and variance of all channels of a group.
    func ofGroup(_ channels: Range<Int>) -> (mean: Double, variance: Double) {
        let mean = means[channels].reduce(0, +) / Double(channels.count)
        let between = means[channels].reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(channels.count)
        let within = squares[channels].reduce(0, +) / (Double(channels.count) * pixelCount)
        return (mean, within + between)
    }
}

/// A group norm whose moments are known: what each channel is multiplied with, and what is added.
struct ChannelFactors {
    let scale, shift: [Float]

    init(_ norm: GroupNorm, _ moments: ChannelMoments) throws {
        let (weight, bias) = try (norm.weight.doubles(), norm.bias.doubles())
        let width = weight.count / norm.groups
        var (scale, shift) = ([Float](), [Float]())
        for first in stride(from: 0, to: weight.count, by: width) {
            let (mean, variance) = moments.ofGroup(first..<first + width)
            for channel in first..<first + width {
                let factor = weight[channel] / (variance + norm.epsilon).squareRoot()
                scale.append(Float(factor))
                shift.append(Float(bias[channel] - mean * factor))
            }
        }
        (self.scale, self.shift) = (scale, shift)
    }

    /// Norms rows of x [rows, W, C] into the rows of `output` that begin with `first`, through SiLU if that is wanted.
    func apply(to x: Tensor, rows: Range<Int>, silu: Bool, into output: Tensor, at first: Int) throws {
        let (pixels, channels) = (rows.count * x.size(1), scale.count)
        let (read, written) = (rows.lowerBound * x.size(1) * channels, first * x.size(1) * channels)
        if x.dtype == .bfloat16 {
            try kernels_scale_shift_bfloat16(
                pixels, Int32(channels), x.elements(UInt16.self) + read, scale, shift, silu,
                output.elements(UInt16.self) + written)
        } else {
            try kernels_scale_shift_float32(
                pixels, Int32(channels), x.elements(Float.self) + read, scale, shift, silu,
                output.elements(Float.self) + written)
        }
    }
}
