/// A way through the pixels of a stored picture that visits them in the order of the upright one.
struct PixelWalk {
    /// The size of the upright picture.
    let width: Int
    let height: Int
    /// Pixel indices into the stored picture: of the upright top left corner, and the steps right and down.
    let start: Int
    let column: Int
    let row: Int

    /// Copies RGB pixels into upright order.
    func arranged(rgb source: UnsafeBufferPointer<UInt8>) -> [UInt8] {
        if start == 0, column == 1, row == width {
            return Array(source)
        }
        return fill { target, pixel in
            for channel in 0..<3 {
                target[channel] = source[pixel * 3 + channel]
            }
        }
    }

    /// Copies RGBA pixels with straight alpha into upright order, over white.
    func compositedOnWhite(rgba source: UnsafeBufferPointer<UInt8>) -> [UInt8] {
        fill { target, pixel in
            let alpha = UInt32(source[pixel * 4 + 3])
            for channel in 0..<3 {
                let blended = UInt32(source[pixel * 4 + channel]) * alpha + 255 * (255 - alpha)
                target[channel] = dividedBy255(blended)
            }
        }
    }

    @inline(__always)
    private func fill(_ write: (_ target: UnsafeMutablePointer<UInt8>, _ pixel: Int) -> Void) -> [UInt8] {
        let count = width * height * 3
        return [UInt8](unsafeUninitializedCapacity: count) { buffer, initializedCount in
            guard var target = buffer.baseAddress else { return }
            for y in 0..<height {
                var pixel = start + y * row
                for _ in 0..<width {
                    write(target, pixel)
                    target += 3
                    pixel += column
                }
            }
            initializedCount = count
        }
    }
}

/// `value / 255` rounded, exact for every product of two bytes.
@inline(__always)
private func dividedBy255(_ value: UInt32) -> UInt8 {
    let biased = value &+ 128
    return UInt8(truncatingIfNeeded: (biased &+ (biased >> 8)) >> 8)
}
