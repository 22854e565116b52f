import Imaging
import Testing

@Suite struct DecodingTests {
    @Test func everyKindOfPNGBecomesRGB() throws {
        try expect(Fixtures.palette, 4, 1, [255, 0, 0, 0, 255, 0, 0, 0, 255, 9, 8, 7])
        try expect(Fixtures.grey1, 8, 1, grey([255, 0, 255, 255, 0, 0, 0, 255]))
        try expect(Fixtures.grey2, 4, 1, grey([0, 85, 170, 255]))
        try expect(Fixtures.grey4, 2, 1, grey([51, 204]))
        try expect(Fixtures.interlaced, 5, 4, noise(width: 5, height: 4).pixels)
    }

    @Test func sixteenBitSamplesKeepTheirHighByte() throws {
        try expect(Fixtures.grey16, 3, 1, grey([0, 0x12, 255]))
        try expect(Fixtures.rgb16, 1, 2, [1, 2, 3, 254, 128, 0])
    }

    @Test func transparencyIsCompositedOnWhite() throws {
        try expect(Fixtures.rgba, 2, 1, [244, 224, 204, 1, 2, 3])
        try expect(Fixtures.rgba16, 1, 1, [244, 224, 204])
        try expect(Fixtures.greyAlpha, 3, 1, grey([255, 132, 10]))
        try expect(Fixtures.grey8Keyed, 3, 1, grey([5, 255, 7]))
        try expect(Fixtures.paletteWithTransparency, 4, 1, [255, 0, 0, 255, 255, 255, 128, 128, 255, 9, 8, 7])
        try expect(Fixtures.webpAlpha, 2, 1, [244, 224, 204, 1, 2, 3])
    }

    @Test func greyAndInkJPEGsEqualPillows() throws {
        try expect(Fixtures.jpegGrey, 3, 2, [UInt8](repeating: 77, count: 18))
        try expect(Fixtures.jpegInks, 2, 1, [0, 119, 172, 0, 119, 172])
    }

    @Test func lossyWebPEqualsPillows() throws {
        let image = try Image.decode(Fixtures.webpLossy)
        #expect(image.width == 16)
        #expect(image.height == 8)
        #expect(fnv1a(image.pixels) == 0xF113_13AE_40DA_FB04)
    }

    @Test func anAnimationGivesItsFirstFrame() throws {
        try expect(Fixtures.webpAnimated, 2, 2, (0..<4).flatMap { _ -> [UInt8] in [9, 80, 200] })
    }

    @Test func bytesOfNoFormatAreNamed() {
        let error = #expect(throws: ImageError.self) { try Image.decode(Array("GIF89a..".utf8)) }
        #expect(error?.description == "not a PNG, JPEG or WebP picture: it starts with 47 49 46 38 39 61 2e 2e")
        #expect(throws: ImageError.unknownFormat(start: [])) { try Image.decode([]) }
    }

    @Test func aBombIsRefusedByTheSizeItAnnounces() {
        let expected = ImageError.tooManyPixels(width: 60_000, height: 50_000, limit: Image.maximumPixels)
        let error = #expect(throws: expected) { try Image.decode(Fixtures.bomb) }
        #expect(error?.description == "a picture of 60000 x 50000 pixels is above the limit of 178956970 pixels")
    }

    /// A PNG that is all header, and says what it likes.
    private func header(width: UInt32, height: UInt32) -> [UInt8] {
        func big(_ value: UInt32) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: value >> (24 - 8 * $0)) } }
        let chunk = Array("IHDR".utf8) + big(width) + big(height) + [8, 2, 0, 0, 0]
        let checksum = ~chunk.reduce(UInt32.max) { crc, byte in
            (0..<8).reduce(crc ^ UInt32(byte)) { value, _ in value >> 1 ^ (value & 1) * 0xEDB8_8320 }
        }
        let data = big(0) + Array("IDAT".utf8) + big(0x35AF_061E)
        return [0x89, 0x50, 0x4E, 0x47, 13, 10, 26, 10] + big(13) + chunk + big(checksum) + data
    }

    @Test func aHeaderAloneIsEnoughToRefuseABomb() {
        let expected = ImageError.tooManyPixels(width: 100_000, height: 100_000, limit: Image.maximumPixels)
        #expect(throws: expected) { try Image.decode(header(width: 100_000, height: 100_000)) }
    }

    @Test(arguments: [(UInt32(0), UInt32(5)), (5, 0), (0, 0), (.max, 1)])
    func impossibleSidesAreErrorsInOneLine(width: UInt32, height: UInt32) throws {
        let error = #expect(throws: ImageError.self) { try Image.decode(header(width: width, height: height)) }
        #expect(error?.description.hasPrefix("damaged PNG picture: ") == true)
        #expect(error?.description.contains("\n") == false)
    }

    @Test(arguments: [
        (Fixtures.rgba, true, false), (Fixtures.rgba16, true, true), (Fixtures.rgb16, false, true),
        (Fixtures.grey16, false, true), (Fixtures.paletteWithTransparency, true, false),
        (Fixtures.webpAlpha, true, false), (Fixtures.palette, false, false), (Fixtures.jpegGrey, false, false),
        (Fixtures.webpLossy, false, false),
    ])
    func whatDecodingLosesIsKnown(bytes: [UInt8], transparency: Bool, wideSamples: Bool) throws {
        let file = try PictureFile(decoding: bytes)
        #expect(file.hadTransparency == transparency && file.hadWideSamples == wideSamples)
        #expect(try file.image == Image.decode(bytes))
    }

    @Test(arguments: [Fixtures.rgba, Fixtures.jpegInks, Fixtures.webpAlpha, Fixtures.webpAnimated])
    func theLimitHoldsForEveryFormat(_ bytes: [UInt8]) throws {
        let image = try Image.decode(bytes)
        let area = image.width * image.height
        #expect(try Image.decode(bytes, pixelLimit: area) == image)
        let expected = ImageError.tooManyPixels(width: image.width, height: image.height, limit: area - 1)
        #expect(throws: expected) { try Image.decode(bytes, pixelLimit: area - 1) }
    }

    @Test func aPictureMustFillItsSize() {
        #expect(throws: ImageError.wrongPixelCount(width: 2, height: 2, got: 11)) {
            try Image(width: 2, height: 2, pixels: [UInt8](repeating: 0, count: 11))
        }
        #expect(throws: ImageError.invalidSize(width: Int.max, height: 2)) {
            try Image(width: Int.max, height: 2, pixels: [])
        }
    }

    private func expect(
        _ bytes: [UInt8], _ width: Int, _ height: Int, _ pixels: [UInt8], at location: SourceLocation = #_sourceLocation
    ) throws {
        let expected = try Image(width: width, height: height, pixels: pixels)
        let image = try Image.decode(bytes)
        #expect(image.width == width && image.height == height, sourceLocation: location)
        #expect(image.pixels == expected.pixels, sourceLocation: location)
    }

    private func grey(_ values: [UInt8]) -> [UInt8] {
        values.flatMap { [$0, $0, $0] }
    }
}
