import Imaging
import Layers
import Torch

/// Pictures to the patches the vision tower reads.
///
/// Source: `Qwen2VLImageProcessor` of `transformers` 4.51.3.
package struct ImageProcessor {
    private let configuration: VisionConfiguration
    private let pixelRange: ClosedRange<Int>

    /// What the released processor's `preprocessor_config.json` says.
    package static let defaultPixelRange = 3136...12_845_056
    private static let mean: [Float] = [0.48145466, 0.4578275, 0.40821073]
    private static let deviation: [Float] = [0.26862954, 0.26130258, 0.27577711]

    package init(_ configuration: VisionConfiguration, pixelRange: ClosedRange<Int> = defaultPixelRange) {
        self.configuration = configuration
        self.pixelRange = pixelRange
    }

    /// Patches of all pictures end to end, and the grid of each.
    package struct Patches {
        package let values: [Float]
        package let grids: [PatchGrid]
        fileprivate let width: Int

        /// [patches, patch values], float32.
        package func tensor() throws -> Tensor { try Tensor(values, [values.count / width, width]) }
    }

    /// - Throws: for a picture whose sides differ by more than 200 times.
    package func patches(_ images: [Image]) throws -> Patches {
        var values: [Float] = []
        var grids: [PatchGrid] = []
        for image in images {
            let size = try SmartResize(
                height: image.height, width: image.width, factor: configuration.patchSize * configuration.mergeSize,
                minimumPixels: pixelRange.lowerBound, maximumPixels: pixelRange.upperBound)
            guard size.width > 0, size.height > 0 else {
                throw LanguageModelError.input(
                    "a picture of \(image.width)x\(image.height) has no size within \(pixelRange.upperBound) pixels")
            }
            let resized = try image.resized(width: size.width, height: size.height, filter: .bicubic)
            let grid = PatchGrid(
                rows: resized.height / configuration.patchSize, columns: resized.width / configuration.patchSize)
            append(resized, grid, to: &values)
            grids.append(grid)
        }
        return Patches(values: values, grids: grids, width: configuration.patchValues)
    }

    /// Squares of merged patches, row by row; in a patch: channel, time, row, column. A still picture fills every
    /// moment of time.
    private func append(_ image: Image, _ grid: PatchGrid, to values: inout [Float]) {
        let (merge, p) = (configuration.mergeSize, configuration.patchSize)
        let table = Self.normalised()
        values.reserveCapacity(values.count + grid.count * configuration.patchValues)
        for top in stride(from: 0, to: grid.rows, by: merge) {
            for left in stride(from: 0, to: grid.columns, by: merge) {
                for row in top..<top + merge {
                    for column in left..<left + merge {
                        for channel in 0..<3 {
                            for _ in 0..<configuration.temporalPatchSize {
                                for y in row * p..<(row + 1) * p {
                                    let line = (y * image.width + column * p) * 3 + channel
                                    for x in 0..<p {
                                        values.append(table[channel][Int(image.pixels[line + 3 * x])])
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }

    /// (level / 255 - mean) / deviation for each channel and level, rounded where the original rounds.
    private static func normalised() -> [[Float]] {
        (0..<3).map { channel in
            (0..<256).map { level in
                let unit = Float(Double(level) * (1 / 255.0))
                return (unit - mean[channel]) / deviation[channel]
            }
        }
    }
}
