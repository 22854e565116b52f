import Imaging
import Testing

@Suite struct PNGTextTests {
    @Test func textComesBackInOrderWithItsImage() throws {
        let text = [
            (key: "prompt", value: "a cat, 猫, 🐈\nsecond line"), (key: "Café", value: "crème brûlée"),
            (key: "empty", value: ""), (key: "prompt", value: "twice"),
            (key: "long", value: String(repeating: "0123456789", count: 20_000)),
        ]
        let image = try noise(width: 3, height: 2)
        let bytes = try image.pngData(text: text)
        let read = try PNGText.read(bytes)
        #expect(read.map(\.key) == text.map(\.key))
        #expect(read.map(\.value) == text.map(\.value))
        #expect(try Image.decode(bytes) == image)
    }

    @Test func latin1IsTEXtAndTheRestITXt() throws {
        let image = try noise(width: 1, height: 1)
        let latin1 = try image.pngData(text: [("k", "é")])
        #expect(contains(latin1, Array("tEXtk\0".utf8) + [0xE9]))
        let unicode = try image.pngData(text: [("k", "猫")])
        #expect(contains(unicode, Array("iTXtk\0\0\0\0\0猫".utf8)))
    }

    @Test func everyKindOfEntryIsReadBeforeAndBehindThePicture() throws {
        let text = try PNGText.read(Fixtures.pngText)
        #expect(text.map(\.key) == ["a", "z", "i", "iz", "last"])
        let zipped = String(repeating: "zip ", count: 20)
        #expect(text.map(\.value) == ["bé\nc", zipped, "猫", String(repeating: "猫", count: 30), "end"])
    }

    @Test(arguments: ["", "猫", " lead", "trail ", "two  spaces", "a\nb", String(repeating: "k", count: 80)])
    func keysThatPNGCannotHoldAreRefused(_ key: String) throws {
        let image = try noise(width: 1, height: 1)
        let error = #expect(throws: ImageError.self) { try image.pngData(text: [(key, "value")]) }
        guard case .invalidText(key, _) = error else {
            Issue.record("expected invalidText, got \(String(describing: error))")
            return
        }
    }

    @Test func aNULInAValueIsRefused() throws {
        let image = try noise(width: 1, height: 1)
        #expect(throws: ImageError.invalidText(key: "k", reason: "the value contains a NUL")) {
            try image.pngData(text: [("k", "a\0b")])
        }
    }

    @Test func aPictureWithoutTextHasNone() throws {
        #expect(try PNGText.read(noise(width: 2, height: 2).pngData()).isEmpty)
    }

    @Test func otherFormatsHaveNoPNGText() throws {
        #expect(throws: ImageError.self) { try PNGText.read(Fixtures.jpegGrey) }
    }

    private func contains(_ bytes: [UInt8], _ part: [UInt8]) -> Bool {
        bytes.indices.contains { bytes[$0...].starts(with: part) }
    }
}
