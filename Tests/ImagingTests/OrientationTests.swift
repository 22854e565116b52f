import Testing

@testable import Imaging

@Suite struct OrientationTests {
    /// What is seen of the stored rows ABC, DEF.
    static let seen: [(UInt16, [String])] = [
        (1, ["ABC", "DEF"]), (2, ["CBA", "FED"]), (3, ["FED", "CBA"]), (4, ["DEF", "ABC"]),
        (5, ["AD", "BE", "CF"]), (6, ["DA", "EB", "FC"]), (7, ["FC", "EB", "DA"]), (8, ["CF", "BE", "AD"]),
    ]

    @Test(arguments: seen) func theStoredPictureIsTurned(_ value: UInt16, _ rows: [String]) throws {
        let stored = "ABCDEF".utf8.flatMap { [$0, $0, $0] as [UInt8] }
        let layout = try #require(Orientation(rawValue: value)).layout(width: 3, height: 2)
        let upright = stored.withUnsafeBufferPointer { layout.arranged(rgb: $0) }
        #expect(layout.width == rows[0].count)
        #expect(layout.height == rows.count)
        #expect(upright == rows.joined().utf8.flatMap { [$0, $0, $0] as [UInt8] })
    }

    @Test(arguments: seen) func transparentPicturesTurnTheSameWay(_ value: UInt16, _ rows: [String]) throws {
        let stored = "ABCDEF".utf8.flatMap { [$0, $0, $0, 255] as [UInt8] }
        let layout = try #require(Orientation(rawValue: value)).layout(width: 3, height: 2)
        let upright = stored.withUnsafeBufferPointer { layout.compositedOnWhite(rgba: $0) }
        #expect(upright == rows.joined().utf8.flatMap { [$0, $0, $0] as [UInt8] })
    }

    @Test(arguments: 1...8 as ClosedRange<UInt8>) func bothByteOrdersAndThePrefixAreRead(_ value: UInt8) {
        let expected = Orientation(rawValue: UInt16(value))
        #expect(Orientation(exif: Self.bigEndian(value)) == expected)
        #expect(Orientation(exif: Self.littleEndian(value)) == expected)
        #expect(Orientation(exif: Array("Exif\0\0".utf8) + Self.littleEndian(value)) == expected)
    }

    @Test func absentInvalidAndCutTagsAreNone() {
        #expect(Orientation(exif: []) == nil)
        #expect(Orientation(exif: Self.bigEndian(0)) == nil)
        #expect(Orientation(exif: Self.bigEndian(9)) == nil)
        for count in 0..<20 {
            #expect(Orientation(exif: Array(Self.bigEndian(6)[..<count])) == nil)
        }
        let farAway: [UInt8] = [0x4D, 0x4D, 0, 42, 0xFF, 0xFF, 0xFF, 0xFF]
        #expect(Orientation(exif: farAway) == nil)
    }

    @Test(arguments: [Fixtures.pngTurned, Fixtures.webpTurned]) func losslessFilesAreTurned(_ bytes: [UInt8]) throws {
        let stored = try noise(width: 3, height: 2).pixels
        let upright = [3, 0, 4, 1, 5, 2].flatMap { stored[($0 * 3)..<($0 * 3 + 3)] }
        #expect(try Image.decode(bytes) == Image(width: 2, height: 3, pixels: upright))
    }

    @Test func aJPEGIsTurned() throws {
        let image = try Image.decode(Fixtures.jpegTurned)
        #expect(image.width == 2)
        #expect(image.height == 3)
    }

    private static func bigEndian(_ value: UInt8) -> [UInt8] {
        [0x4D, 0x4D, 0, 42, 0, 0, 0, 8, 0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, value, 0, 0]
    }

    private static func littleEndian(_ value: UInt8) -> [UInt8] {
        [0x49, 0x49, 42, 0, 8, 0, 0, 0, 1, 0, 0x12, 0x01, 3, 0, 1, 0, 0, 0, value, 0, 0, 0]
    }
}
