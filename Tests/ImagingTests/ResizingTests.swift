import Imaging
import Testing

@Suite struct ResizingTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let source: (width: Int, height: Int)
        let target: (width: Int, height: Int)
        let filter: ResizeFilter
        /// FNV-1a of the bytes that Pillow 13.0.0 gives.
        let hash: UInt64

        init(_ width: Int, _ height: Int, to newWidth: Int, _ newHeight: Int, _ filter: ResizeFilter, _ hash: UInt64) {
            source = (width, height)
            target = (newWidth, newHeight)
            self.filter = filter
            self.hash = hash
        }

        var testDescription: String { "\(source) to \(target) \(filter)" }
    }

    static let cases: [Case] = [
        Case(5, 4, to: 3, 2, .bilinear, 0x0C3CD25E0D721435),
        Case(5, 4, to: 3, 2, .bicubic, 0xB3EDAB0E3A07582F),
        Case(5, 4, to: 3, 2, .lanczos, 0x89EA884C569CFDE6),
        Case(5, 4, to: 9, 7, .bilinear, 0x5013D3450E21E46C),
        Case(5, 4, to: 9, 7, .bicubic, 0xCC57CDBB3C5706B9),
        Case(5, 4, to: 9, 7, .lanczos, 0x335BD42AD957D5B7),
        Case(5, 4, to: 1, 1, .bilinear, 0xEEF7511A2BBB790F),
        Case(5, 4, to: 1, 1, .bicubic, 0x221D371A4877F2CB),
        Case(5, 4, to: 1, 1, .lanczos, 0x28FC701A4BDB0DEF),
        Case(5, 4, to: 5, 9, .bilinear, 0xF86FD93E21D1D880),
        Case(5, 4, to: 5, 9, .bicubic, 0xA95A9848CFDB80D4),
        Case(5, 4, to: 5, 9, .lanczos, 0xDC8798E03553942A),
        Case(5, 4, to: 11, 4, .bilinear, 0x4BF4AB292A5CC082),
        Case(5, 4, to: 11, 4, .bicubic, 0x47EDAE476D2ABC09),
        Case(5, 4, to: 11, 4, .lanczos, 0xFE399C7AE57A8CEE),
        Case(1, 1, to: 3, 2, .bilinear, 0xACB12891B8D5A50B),
        Case(1, 1, to: 3, 2, .bicubic, 0xACB12891B8D5A50B),
        Case(1, 1, to: 3, 2, .lanczos, 0xACB12891B8D5A50B),
        Case(5, 4, to: 6, 2, .bilinear, 0x885A19A935814349),
        Case(5, 4, to: 6, 2, .bicubic, 0x7CDBFD13BCFC802E),
        Case(5, 4, to: 6, 2, .lanczos, 0xDF475C011B36FB49),
        Case(64, 48, to: 31, 47, .bilinear, 0xF706CB40F7EDA8E5),
        Case(64, 48, to: 31, 47, .bicubic, 0x52FB0291366E247A),
        Case(64, 48, to: 31, 47, .lanczos, 0x1F2C1D15A83843B2),
        Case(64, 48, to: 63, 17, .bilinear, 0xD49DA6D7542412D4),
        Case(64, 48, to: 63, 17, .bicubic, 0x4B0D04EE99EFE324),
        Case(64, 48, to: 63, 17, .lanczos, 0x03D9F8438B4E2E79),
        Case(48, 64, to: 100, 33, .bilinear, 0xA78A0FCD0274CFC3),
        Case(48, 64, to: 100, 33, .bicubic, 0xCE92546D9C7CD735),
        Case(48, 64, to: 100, 33, .lanczos, 0x727FDF0A5CB16BFF),
        Case(37, 53, to: 53, 37, .bilinear, 0x9F096E9BD21A57D8),
        Case(37, 53, to: 53, 37, .bicubic, 0x7B402810D629E2EF),
        Case(37, 53, to: 53, 37, .lanczos, 0xFBB14733B180DA5C),
        Case(200, 3, to: 7, 5, .bilinear, 0x71644E370D1540DF),
        Case(200, 3, to: 7, 5, .bicubic, 0x414D9C5D3549C330),
        Case(200, 3, to: 7, 5, .lanczos, 0xE8813D1616B5831E),
    ]

    @Test(arguments: cases) func resizedBytesEqualPillows(_ example: Case) throws {
        let source = try noise(width: example.source.width, height: example.source.height)
        let result = try source.resized(
            width: example.target.width, height: example.target.height, filter: example.filter)
        #expect(result.width == example.target.width)
        #expect(result.height == example.target.height)
        #expect(fnv1a(result.pixels) == example.hash)
    }

    @Test func columnsFirstEqualsPillowByteForByte() throws {
        let result = try noise(width: 5, height: 4).resized(width: 3, height: 2, filter: .lanczos)
        #expect(
            result.pixels == [159, 47, 89, 145, 41, 65, 96, 148, 81, 190, 96, 108, 219, 114, 146, 163, 215, 109])
    }

    @Test func rowsFirstEqualsPillowByteForByte() throws {
        let result = try noise(width: 5, height: 4).resized(width: 6, height: 2, filter: .bilinear)
        let first: [UInt8] = [138, 37, 80, 170, 60, 94, 170, 58, 71, 130, 55, 67, 94, 101, 88, 124, 223, 84]
        let second: [UInt8] = [186, 100, 114, 190, 95, 95, 204, 92, 139, 207, 130, 144, 181, 193, 104, 130, 219, 113]
        #expect(result.pixels == first + second)
    }

    @Test(arguments: ResizeFilter.allCases) func oneColourStaysThatColour(_ filter: ResizeFilter) throws {
        let pixels = (0..<(13 * 7)).flatMap { _ -> [UInt8] in [0, 131, 255] }
        let result = try Image(width: 13, height: 7, pixels: pixels).resized(width: 29, height: 3, filter: filter)
        #expect(result.pixels == (0..<(29 * 3)).flatMap { _ -> [UInt8] in [0, 131, 255] })
    }

    @Test(arguments: ResizeFilter.allCases) func theSameSizeIsTheSamePicture(_ filter: ResizeFilter) throws {
        let source = try noise(width: 9, height: 6)
        #expect(try source.resized(width: 9, height: 6, filter: filter) == source)
    }

    @Test(arguments: ResizeFilter.allCases) func resizingCommutesWithMirroring(_ filter: ResizeFilter) throws {
        let source = try noise(width: 24, height: 18)
        let mirroredLast = try mirrored(source.resized(width: 8, height: 6, filter: filter))
        #expect(try mirrored(source).resized(width: 8, height: 6, filter: filter) == mirroredLast)
    }

    @Test(arguments: [(0, 5), (5, 0), (-1, 5), (Int.max, 5), (5, Int.max)])
    func impossibleSizesAreRefused(_ size: (Int, Int)) {
        let expected = ImageError.invalidSize(width: size.0, height: size.1)
        #expect(throws: expected) { try noise(width: 5, height: 4).resized(width: size.0, height: size.1) }
    }

    @Test func hugeResultsAreRefused() {
        let expected = ImageError.tooManyPixels(width: 20_000, height: 20_000, limit: Image.maximumPixels)
        #expect(throws: expected) { try noise(width: 5, height: 4).resized(width: 20_000, height: 20_000) }
    }

    private func mirrored(_ image: Image) throws -> Image {
        var pixels: [UInt8] = []
        for y in 0..<image.height {
            for x in (0..<image.width).reversed() {
                pixels += image.pixels[((y * image.width + x) * 3)...].prefix(3)
            }
        }
        return try Image(width: image.width, height: image.height, pixels: pixels)
    }
}
