extension Image {
    /// The picture at another size, equal bit for bit to `Image.resize((width, height), filter)` of Pillow 13.
    ///
    /// Throws if a side is not in `1...maximumSide`, or the result or the picture between the two passes has more than
    /// `maximumPixels` pixels.
    public func resized(width: Int, height: Int, filter: ResizeFilter = .lanczos) throws(ImageError) -> Image {
        try Self.checkSides(width: width, height: height)
        try Self.checkArea(width: width, height: height)
        if shrinksRowsFirst(toWidth: width, height: height) {
            return try withRows(height, filter).withColumns(width, filter)
        }
        return try withColumns(width, filter).withRows(height, filter)
    }

    /// Pillow's order of the passes, which decides how often a value is rounded and clipped on its way. Observed of
    /// version 13.0.0, whatever the filter; versions before it always begin with the columns.
    private func shrinksRowsFirst(toWidth newWidth: Int, height newHeight: Int) -> Bool {
        newHeight < height && height - newHeight > 2 * (width - newWidth)
    }

    /// Horizontal pass.
    private func withColumns(_ columns: Int, _ filter: ResizeFilter) throws(ImageError) -> Image {
        if columns == width { return self }
        try Self.checkArea(width: columns, height: height)
        let weights = ResizeWeights(inputs: width, outputs: columns, filter: filter)
        let resampled = resampledColumns(of: pixels, width: width, rows: height, weights)
        return Image(trustedWidth: columns, height: height, pixels: resampled)
    }

    /// Vertical pass.
    private func withRows(_ rows: Int, _ filter: ResizeFilter) throws(ImageError) -> Image {
        if rows == height { return self }
        try Self.checkArea(width: width, height: rows)
        let weights = ResizeWeights(inputs: height, outputs: rows, filter: filter)
        let resampled = resampledRows(of: pixels, bytesPerRow: width * 3, weights)
        return Image(trustedWidth: width, height: rows, pixels: resampled)
    }

    private static func checkArea(width: Int, height: Int) throws(ImageError) {
        guard width * height <= maximumPixels else {
            throw .tooManyPixels(width: width, height: height, limit: maximumPixels)
        }
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
