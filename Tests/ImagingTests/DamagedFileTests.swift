import Imaging
import Testing

/// Whatever the bytes, decoding gives a picture or a one-line error.
@Suite struct DamagedFileTests {
    static let files: [[UInt8]] = [
        Fixtures.interlaced, Fixtures.paletteWithTransparency, Fixtures.pngTurned, Fixtures.pngText, Fixtures.rgba16,
        Fixtures.jpegTurned, Fixtures.jpegGrey, Fixtures.jpegInks, Fixtures.webpTurned, Fixtures.webpAlpha,
        Fixtures.webpAnimated, Fixtures.webpLossy,
    ]

    @Test(arguments: files) func everyTruncationIsHandled(_ file: [UInt8]) {
        for count in 0..<file.count {
            _ = survives(Array(file[..<count]))
        }
        #expect(!survives(Array(file[..<(file.count / 2)])))
    }

    @Test(arguments: files) func randomChangesAreHandled(_ file: [UInt8]) {
        var random = SplitMix(state: UInt64(file.count))
        var decoded = 0
        for _ in 0..<400 {
            var bytes = file
            for _ in 0...Int(random.next() % 4) {
                bytes[Int(random.next() % UInt64(bytes.count))] = UInt8(truncatingIfNeeded: random.next() >> 32)
            }
            decoded += survives(bytes) ? 1 : 0
        }
        #expect(decoded < 400)
    }

    @Test(arguments: files.filter { ImageFormat(startOf: $0) == .png })
    func changesBehindValidChecksumsAreHandled(_ file: [UInt8]) {
        var random = SplitMix(state: UInt64(file.count))
        var decoded = 0
        for _ in 0..<400 {
            var bytes = file
            bytes[8 + Int(random.next() % UInt64(bytes.count - 8))] = UInt8(truncatingIfNeeded: random.next() >> 32)
            decoded += survives(withChecksums(bytes)) ? 1 : 0
        }
        #expect(decoded > 0)
    }

    @Test func damageIsExplainedInOneLine() {
        let expected = ImageError.malformed(.png, reason: "the data ends early")
        #expect(throws: expected) { try Image.decode(Array(Fixtures.rgba[..<45])) }
        let error = #expect(throws: ImageError.self) { try Image.decode(Array(Fixtures.jpegGrey.dropLast(6))) }
        #expect(error?.description == "damaged JPEG picture: Premature end of JPEG file")
        #expect(throws: ImageError.malformed(.webp, reason: "the data ends early")) {
            try Image.decode(Array(Fixtures.webpLossy.dropLast(60)))
        }
    }

    @Test func aMissingPNGTrailerIsForgiven() throws {
        #expect(try Image.decode(Array(Fixtures.rgba.dropLast(12))) == Image.decode(Fixtures.rgba))
    }

    private func survives(_ bytes: [UInt8]) -> Bool {
        _ = try? PNGText.read(bytes)
        do {
            let image = try Image.decode(bytes, pixelLimit: 1 << 14)
            return image.pixels.count == image.width * image.height * 3
        } catch {
            #expect(!error.description.contains("\n"))
            return false
        }
    }

    /// The file with the checksum of each chunk made right.
    private func withChecksums(_ file: [UInt8]) -> [UInt8] {
        var file = file
        var start = 8
        while start + 12 <= file.count {
            let length = file[start..<(start + 4)].reduce(0) { $0 << 8 | Int($1) }
            let end = start + 8 + length
            guard end + 4 <= file.count else { break }
            let checksum = ~file[(start + 4)..<end].reduce(UInt32.max) { crc, byte in
                (0..<8).reduce(crc ^ UInt32(byte)) { value, _ in value >> 1 ^ (value & 1) * 0xEDB8_8320 }
            }
            for index in 0..<4 {
                file[end + index] = UInt8(truncatingIfNeeded: checksum >> UInt32(24 - 8 * index))
            }
            start = end + 4
        }
        return file
    }
}

private struct SplitMix {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}
