import Imaging
import Torch

/// Where an edit may change its source: white is free, black is kept. What is kept comes back byte for byte.
///
/// While the picture is drawn, latents outside the mask are held on the straight line from the noise to the source, so
/// that what is drawn inside continues what stands around it.
struct EditMask {
    private let source: Image
    /// Whether a pixel may change, row by row, at the source's size.
    private let free: [Bool]

    /// A pixel is free when its brightest channel is in the upper half.
    private static let threshold: UInt8 = 128

    /// The mask of a request for its first reference; `nil` when there is none.
    ///
    /// - Throws: `GenerationError.invalid` when the mask is not of the source's size, or frees nothing.
    init?(_ request: GenerationRequest) throws(GenerationError) {
        guard let mask = request.mask else { return nil }
        guard let source = request.references.first else {
            throw GenerationError.invalid("a mask needs a picture to change")
        }
        guard PictureSize(mask) == PictureSize(source) else {
            throw GenerationError.invalid(
                "the mask is \(mask.width)x\(mask.height), the picture it is for is \(source.width)x\(source.height)")
        }
        self.source = source
        free = stride(from: 0, to: mask.pixels.count, by: 3).map { index in
            max(mask.pixels[index], mask.pixels[index + 1], mask.pixels[index + 2]) >= Self.threshold
        }
        guard free.contains(true) else {
            throw GenerationError.invalid("the mask is black everywhere: nothing may change")
        }
    }

    /// The drawn picture, of the source's size, with the source's pixels wherever the mask keeps them.
    func applied(to drawn: Image) throws -> Image {
        var pixels = drawn.pixels
        for (pixel, isFree) in free.enumerated() where !isFree {
            for channel in 3 * pixel..<3 * pixel + 3 { pixels[channel] = source.pixels[channel] }
        }
        return try Image(width: drawn.width, height: drawn.height, pixels: pixels)
    }

    /// 1 where any pixel of a latent's is free, 0 elsewhere, row by row; what was added beyond the source's edges is
    /// free.
    fileprivate func freeLatents(_ canvas: Canvas, rows: Int, columns: Int) -> [Float] {
        let whole = canvas.finish == .crop ? canvas.drawn : canvas.output
        var values = [Float](repeating: 0, count: rows * columns)
        for row in 0..<whole.height {
            for column in 0..<whole.width where isFree(row, column) {
                values[row * rows / whole.height * columns + column * columns / whole.width] = 1
            }
        }
        return values
    }

    private func isFree(_ row: Int, _ column: Int) -> Bool {
        row >= source.height || column >= source.width || free[row * source.width + column]
    }
}

/// Latents that stay on the straight line from their noise to the source, x_t = (1 - t) noise + t source.
struct HeldLatents {
    /// 1 and 0, [1, 1, H, W]: what may change, and what may not.
    private let free, held: Tensor
    private let source, noise: Tensor

    /// - Parameters:
    ///   - source: latents of the source, [C, H, W].
    ///   - noise: what the pictures start from, [B, C, H, W].
    init(_ mask: EditMask, _ canvas: Canvas, source: Tensor, noise: Tensor) throws {
        let (rows, columns) = (noise.size(2), noise.size(3))
        let values = mask.freeLatents(canvas, rows: rows, columns: columns)
        free = try Tensor(values, [1, 1, rows, columns]).to(noise.dtype).to(noise.device)
        held = try Tensor(values.map { 1 - $0 }, [1, 1, rows, columns]).to(noise.dtype).to(noise.device)
        self.source = try source.unsqueezed(0)
        self.noise = noise
    }

    /// The latents at a time, with those that are held put in their place.
    func applied(to latents: Tensor, time: Float) throws -> Tensor {
        let line = try noise * Double(1 - time) + source * Double(time)
        // Products with 1 and 0, so that what is free stays as it is to the last bit.
        return try free * latents + held * line
    }
}
