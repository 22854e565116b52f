import CKernels
import Foundation
import Testing

/// Moments of channels, and scale and shift with SiLU, against float64.
@Suite struct GroupNormKernelTests {
    private static let channels = [1, 2, 15, 16, 17, 64, 65, 130]
    private static let pixels = [1, 2, 300, 3000]

    private func checkMoments<E: GroupNormElement>(_: E.Type, _ instructions: InstructionSet) {
        for (channels, pixels) in Self.channels.flatMap({ channels in Self.pixels.map { (channels, $0) } }) {
            var random = Normal(seed: channels + pixels)
            let x: [E] = random.array(pixels * channels, 3).map { E(rounding: ($0 as E).value + 10) }
            var (means, squares) = (
                [Double](repeating: .nan, count: channels), [Double](repeating: .nan, count: channels)
            )
            let size = kernels_channel_moments_scratch(pixels, Int32(channels))
            let scratchIsWhole = withScratch(size) { scratch in
                _ = with(instructions) { E.moments(pixels, channels, x, &means, &squares, scratch) }
            }
            #expect(scratchIsWhole)
            for channel in 0..<channels {
                let column = stride(from: channel, to: x.count, by: channels).map { x[$0].value }
                let mean = column.reduce(0, +) / Double(pixels)
                let square = column.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
                #expect(abs(means[channel] - mean) < 1e-5, "\(channels) channels, \(pixels) pixels")
                #expect(
                    abs(squares[channel] - square) <= 1e-5 * square + 1e-9, "\(channels) channels, \(pixels) pixels")
            }
        }
    }

    @Test(arguments: InstructionSet.all) func moments(_ instructions: InstructionSet) {
        checkMoments(UInt16.self, instructions)
        checkMoments(Float.self, instructions)
    }

    private func checkScale<E: GroupNormElement>(_: E.Type, _ instructions: InstructionSet) {
        for (channels, silu) in Self.channels.flatMap({ [($0, false), ($0, true)] }) {
            var random = Normal(seed: channels)
            let (x, pixels): ([E], Int) = (random.array(2100 * channels, 4), 2100)
            let (scale, shift): ([Float], [Float]) = (random.array(channels), random.array(channels))
            var output = x
            _ = with(instructions) { E.scale(pixels, channels, &output, scale, shift, silu) }
            let expected = x.enumerated().map { index, number in
                let y = number.value * Double(scale[index % channels]) + Double(shift[index % channels])
                return silu ? y / (1 + exp(-y)) : y
            }
            #expect(relativeError(output, expected) < 4 * E.epsilon, "\(channels) channels, silu \(silu)")
        }
    }

    @Test(arguments: InstructionSet.all) func scaleAndShift(_ instructions: InstructionSet) {
        checkScale(UInt16.self, instructions)
        checkScale(Float.self, instructions)
    }

    @Test(arguments: InstructionSet.all) func extremeNumbers(_ instructions: InstructionSet) {
        // 1e-40, its half, and a thousandth of it.
        let (denormal, half, margin) = (Float(bitPattern: 71362), Float(bitPattern: 35681), Float(bitPattern: 71))
        var x: [Float] = [.nan, .infinity, -.infinity, 1e38, -1e38, denormal, 0, -200]
        let (one, zero) = ([Float](repeating: 1, count: 8), [Float](repeating: 0, count: 8))
        _ = with(instructions) { Float.scale(1, 8, &x, one, zero, true) }
        #expect(x[0].isNaN && x[1] == .infinity && x[3] == 1e38 && x[6] == 0)
        #expect(abs(x[4]) < 1e-3 && abs(x[5] - half) < margin && abs(x[7]) < 1e-30)
        var (means, squares) = ([0.0], [0.0])
        _ = withScratch(kernels_channel_moments_scratch(3, 1)) { scratch in
            _ = with(instructions) { Float.moments(3, 1, [1, .nan, 2], &means, &squares, scratch) }
        }
        #expect(means[0].isNaN && squares[0].isNaN)
    }

    @Test func threadsChangeNoBit() {
        var random = Normal(seed: 1)
        let x: [Float] = random.array(9000 * 24)
        let results = [Int32(1), 3].map { threads in
            var (means, squares) = ([Double](repeating: 0, count: 24), [Double](repeating: 0, count: 24))
            _ = withScratch(kernels_channel_moments_scratch(9000, 24)) { scratch in
                _ = with(InstructionSet.all[InstructionSet.all.count - 1], threads: threads) {
                    Float.moments(9000, 24, x, &means, &squares, scratch)
                }
            }
            return means + squares
        }
        #expect(results[0] == results[1])
    }
}

private protocol GroupNormElement: Element {
    static func moments(
        _ pixels: Int, _ channels: Int, _ x: [Self], _ means: inout [Double], _ squares: inout [Double],
        _ scratch: UnsafeMutableRawPointer)
    /// In place.
    static func scale(
        _ pixels: Int, _ channels: Int, _ x: inout [Self], _ scale: [Float], _ shift: [Float], _ silu: Bool)
}

extension UInt16: GroupNormElement {
    static func moments(
        _ pixels: Int, _ channels: Int, _ x: [UInt16], _ means: inout [Double], _ squares: inout [Double],
        _ scratch: UnsafeMutableRawPointer
    ) { kernels_channel_moments_bfloat16(pixels, Int32(channels), x, &means, &squares, scratch) }
    static func scale(
        _ pixels: Int, _ channels: Int, _ x: inout [UInt16], _ scale: [Float], _ shift: [Float], _ silu: Bool
    ) {
        x.withUnsafeMutableBufferPointer {
            kernels_scale_shift_bfloat16(pixels, Int32(channels), $0.baseAddress, scale, shift, silu, $0.baseAddress)
        }
    }
}

extension Float: GroupNormElement {
    static func moments(
        _ pixels: Int, _ channels: Int, _ x: [Float], _ means: inout [Double], _ squares: inout [Double],
        _ scratch: UnsafeMutableRawPointer
    ) { kernels_channel_moments_float32(pixels, Int32(channels), x, &means, &squares, scratch) }
    static func scale(
        _ pixels: Int, _ channels: Int, _ x: inout [Float], _ scale: [Float], _ shift: [Float], _ silu: Bool
    ) {
        x.withUnsafeMutableBufferPointer {
            kernels_scale_shift_float32(pixels, Int32(channels), $0.baseAddress, scale, shift, silu, $0.baseAddress)
        }
    }
}
