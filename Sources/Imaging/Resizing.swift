extension Image {
    /// The picture at another size, equal bit for bit to Pillow's `Image.resize((width, height), filter)`.
    ///
    /// Throws if a side is not in `1...maximumSide`, or the result or its intermediate has more than `maximumPixels` pixels.
    public func resized(width: Int, height: Int, filter: ResizeFilter = .lanczos) throws(ImageError) -> Image {
        try Self.checkSides(width: width, height: height)
        // Current Pillow: rows first when the height shrinks by more than twice what the width does. The order
        // shows in the result, because the intermediate is rounded to 8 bits.
        let rowsFirst = self.height > height && self.height - height > 2 * (self.width - width)
        let intermediate = rowsFirst ? (self.width, height) : (width, self.height)
        for (columns, rows) in [intermediate, (width, height)] {
            guard columns * rows <= Self.maximumPixels else {
                throw .tooManyPixels(width: columns, height: rows, limit: Self.maximumPixels)
            }
        }
        var result = pixels
        if rowsFirst { result = resizedRows(of: result, width: self.width, to: height, filter) }
        if width != self.width {
            let weights = ResizeWeights(inputs: self.width, outputs: width, filter: filter)
            result = resampledColumns(of: result, width: self.width, rows: intermediate.1, weights)
        }
        if !rowsFirst, height != self.height { result = resizedRows(of: result, width: width, to: height, filter) }
        return Image(trustedWidth: width, height: height, pixels: result)
    }

    private func resizedRows(of source: [UInt8], width: Int, to height: Int, _ filter: ResizeFilter) -> [UInt8] {
        let weights = ResizeWeights(inputs: self.height, outputs: height, filter: filter)
        return resampledRows(of: source, bytesPerRow: width * 3, weights)
    }
}

/// Half a unit in fixed point, so that the shift rounds.
private let half: Int32 = 1 << (ResizeWeights.precision - 1)

@inline(__always)
private func clipped(_ sum: Int32) -> UInt8 {
    UInt8(truncatingIfNeeded: max(0, min(255, sum >> ResizeWeights.precision)))
}

/// Horizontal pass: each row of `width` pixels becomes one of `weights.first.count` pixels.
private func resampledColumns(of source: [UInt8], width: Int, rows: Int, _ weights: ResizeWeights) -> [UInt8] {
    let outputs = weights.first.count
    let count = outputs * rows * 3
    return [UInt8](unsafeUninitializedCapacity: count) { buffer, initializedCount in
        source.withUnsafeBufferPointer { source in
            weights.weights.withUnsafeBufferPointer { allTaps in
                guard var target = buffer.baseAddress, let source = source.baseAddress,
                    let allTaps = allTaps.baseAddress
                else { return }
                for row in 0..<rows {
                    let line = source + row * width * 3
                    for output in 0..<outputs {
                        let taps = allTaps + output * weights.stride
                        weighPixel(line + weights.first[output] * 3, taps, weights.count[output], into: target)
                        target += 3
                    }
                }
            }
        }
        initializedCount = count
    }
}

@inline(__always)
private func weighPixel(
    _ source: UnsafePointer<UInt8>, _ taps: UnsafePointer<Int32>, _ count: Int, into target: UnsafeMutablePointer<UInt8>
) {
    var (red, green, blue) = (half, half, half)
    for index in 0..<count {
        let tap = taps[index]
        red &+= Int32(source[index * 3]) &* tap
        green &+= Int32(source[index * 3 + 1]) &* tap
        blue &+= Int32(source[index * 3 + 2]) &* tap
    }
    target[0] = clipped(red)
    target[1] = clipped(green)
    target[2] = clipped(blue)
}

/// Vertical pass: whole rows are summed at a time, which vectorises.
private func resampledRows(of source: [UInt8], bytesPerRow: Int, _ weights: ResizeWeights) -> [UInt8] {
    let outputs = weights.first.count
    let count = outputs * bytesPerRow
    var sums = [Int32](repeating: 0, count: bytesPerRow)
    return [UInt8](unsafeUninitializedCapacity: count) { buffer, initializedCount in
        source.withUnsafeBufferPointer { source in
            sums.withUnsafeMutableBufferPointer { sums in
                guard let target = buffer.baseAddress, let source = source.baseAddress, let sums = sums.baseAddress
                else { return }
                for output in 0..<outputs {
                    sums.update(repeating: half, count: bytesPerRow)
                    for index in 0..<weights.count[output] {
                        let line = source + (weights.first[output] + index) * bytesPerRow
                        let tap = weights.weights[output * weights.stride + index]
                        for x in 0..<bytesPerRow {
                            sums[x] &+= Int32(line[x]) &* tap
                        }
                    }
                    for x in 0..<bytesPerRow {
                        target[output * bytesPerRow + x] = clipped(sums[x])
                    }
                }
            }
        }
        initializedCount = count
    }
}
