/// How the stored picture is to be turned for viewing: the EXIF tag 0x0112.
enum Orientation: UInt16, CaseIterable {
    case upright = 1
    case mirrored
    case upsideDown
    case mirroredUpsideDown
    case transposed
    case turnedLeft
    case transposedUpsideDown
    case turnedRight

    /// Reads the tag from an EXIF block, with or without its "Exif\0\0" prefix; nil if there is no valid one.
    init?(exif: [UInt8]) {
        let prefix = Array("Exif\0\0".utf8)
        let block = TIFFReader(bytes: exif.starts(with: prefix) ? exif.dropFirst(prefix.count) : exif[...])
        guard let value = block?.shortInFirstDirectory(tag: 0x0112) else { return nil }
        self.init(rawValue: value)
    }

    /// The walk through a stored picture of this size that visits its pixels in upright order.
    func layout(width: Int, height: Int) -> PixelWalk {
        let (right, bottom) = (width - 1, (height - 1) * width)
        return switch self {
        case .upright: PixelWalk(width: width, height: height, start: 0, column: 1, row: width)
        case .mirrored: PixelWalk(width: width, height: height, start: right, column: -1, row: width)
        case .upsideDown: PixelWalk(width: width, height: height, start: bottom + right, column: -1, row: -width)
        case .mirroredUpsideDown: PixelWalk(width: width, height: height, start: bottom, column: 1, row: -width)
        case .transposed: PixelWalk(width: height, height: width, start: 0, column: width, row: 1)
        case .turnedLeft: PixelWalk(width: height, height: width, start: bottom, column: -width, row: 1)
        case .transposedUpsideDown:
            PixelWalk(width: height, height: width, start: bottom + right, column: -width, row: -1)
        case .turnedRight: PixelWalk(width: height, height: width, start: right, column: width, row: -1)
        }
    }
}

/// The little of TIFF that the orientation needs. Every read is checked against the end.
private struct TIFFReader {
    let bytes: ArraySlice<UInt8>
    let isBigEndian: Bool

    init?(bytes: ArraySlice<UInt8>) {
        switch Array(bytes.prefix(4)) {
        case [0x49, 0x49, 42, 0]: isBigEndian = false
        case [0x4D, 0x4D, 0, 42]: isBigEndian = true
        default: return nil
        }
        self.bytes = bytes
    }

    func shortInFirstDirectory(tag: Int) -> UInt16? {
        guard let directory = integer(at: 4, size: 4), let count = integer(at: directory, size: 2) else { return nil }
        for index in 0..<count {
            let entry = directory + 2 + index * 12
            guard let found = integer(at: entry, size: 2) else { return nil }
            if found == tag {
                let shortType = 3
                guard integer(at: entry + 2, size: 2) == shortType else { return nil }
                return integer(at: entry + 8, size: 2).flatMap(UInt16.init(exactly:))
            }
        }
        return nil
    }

    private func integer(at offset: Int, size: Int) -> Int? {
        guard offset >= 0, offset <= bytes.count - size else { return nil }
        let digits = bytes.dropFirst(offset).prefix(size)
        let ordered = isBigEndian ? Array(digits) : digits.reversed()
        return ordered.reduce(0) { $0 << 8 | Int($1) }
    }
}
