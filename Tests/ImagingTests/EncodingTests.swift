import Imaging
import Testing

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

@Suite struct EncodingTests {
    @Test func pngAndLosslessWebPGiveThePictureBack() throws {
        let image = try noise(width: 37, height: 21)
        #expect(try Image.decode(image.pngData()) == image)
        #expect(try Image.decode(image.webpData(lossless: true)) == image)
    }

    @Test func lossyFormatsStayCloseAndQualityCosts() throws {
        let image = try noise(width: 4, height: 4).resized(width: 64, height: 64, filter: .bicubic)
        for encode in [{ try image.jpegData(quality: $0) }, { try image.webpData(quality: $0) }] {
            let (good, poor) = (try encode(95), try encode(20))
            #expect(good.count > poor.count)
            #expect(try meanDifference(image, Image.decode(good)) < 4)
            #expect(try meanDifference(image, Image.decode(good)) < meanDifference(image, Image.decode(poor)))
        }
    }

    @Test(arguments: [0, 101, -5]) func qualitiesOutOfRangeAreRefused(_ quality: Int) throws {
        let image = try noise(width: 2, height: 2)
        #expect(throws: ImageError.cannotEncode(.jpeg, reason: "expected a quality of 1 to 100, got \(quality)")) {
            try image.jpegData(quality: quality)
        }
    }

    @Test func picturesTooLongForAFormatAreRefused() throws {
        let image = try Image(width: 70_000, height: 1, pixels: [UInt8](repeating: 0, count: 210_000))
        #expect(throws: ImageError.cannotEncode(.webp, reason: "WebP holds at most 16383 pixels a side")) {
            try image.webpData()
        }
        #expect(throws: ImageError.self) { try image.jpegData() }
        #expect(try Image.decode(image.pngData()) == image)
    }

    @Test func aFileIsWrittenWholeByItsExtension() throws {
        try inTemporaryFolder { folder in
            let image = try noise(width: 8, height: 5)
            for (name, format) in [("a.png", ImageFormat.png), ("b.JPG", .jpeg), ("c.jpeg", .jpeg), ("d.webp", .webp)] {
                try image.write(to: "\(folder)/\(name)", quality: 80, lossless: true)
                let bytes = [UInt8](try Data(contentsOf: URL(filePath: "\(folder)/\(name)")))
                #expect(ImageFormat(startOf: bytes) == format)
            }
            #expect(try Image(contentsOf: "\(folder)/a.png") == image)
            #expect(try Image(contentsOf: "\(folder)/d.webp") == image)
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder).count == 4)
        }
    }

    @Test func anExistingFileIsReplaced() throws {
        try inTemporaryFolder { folder in
            let path = "\(folder)/picture.png"
            try noise(width: 8, height: 5).write(to: path)
            let second = try noise(width: 3, height: 9)
            try second.write(to: path, text: [("seed", "7")])
            #expect(try Image(contentsOf: path) == second)
        }
    }

    @Test func aFailedWriteLeavesNothingBehind() throws {
        try inTemporaryFolder { folder in
            let image = try noise(width: 2, height: 2)
            try FileManager.default.createDirectory(atPath: "\(folder)/taken.png", withIntermediateDirectories: false)
            let error = #expect(throws: ImageError.self) { try image.write(to: "\(folder)/taken.png") }
            #expect(error?.description.hasPrefix("\(folder)/taken.png: cannot put the file in place: ") == true)
            #expect(throws: ImageError.self) { try image.write(to: "\(folder)/absent/a.png") }
            #expect(throws: ImageError.unknownExtension(path: "\(folder)/a.gif")) {
                try image.write(to: "\(folder)/a.gif")
            }
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["taken.png"])
        }
    }

    @Test func readingErrorsNameThePath() throws {
        try inTemporaryFolder { folder in
            let absent = #expect(throws: ImageError.self) { try Image(contentsOf: "\(folder)/absent.png") }
            #expect(absent?.description == "\(folder)/absent.png: cannot open: No such file or directory")
            let path = "\(folder)/note.png"
            try Data("hello".utf8).write(to: URL(filePath: path))
            let wrong = #expect(throws: ImageError.self) { try Image(contentsOf: path) }
            #expect(
                wrong?.description == "\(path): not a PNG, JPEG or WebP picture: it starts with 68 65 6c 6c 6f")
        }
    }

    private func meanDifference(_ a: Image, _ b: Image) -> Double {
        let sum = zip(a.pixels, b.pixels).reduce(0) { $0 + abs(Int($1.0) - Int($1.1)) }
        return Double(sum) / Double(a.pixels.count)
    }

    private func inTemporaryFolder(_ body: (String) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "imaging-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try body(folder)
    }
}
