import CImageCodecs

/// The text entries of a PNG file: where the request that made a picture is kept.
public enum PNGText {
    /// All `tEXt`, `zTXt` and `iTXt` entries in file order; the picture itself is not decoded.
    ///
    /// Throws if the bytes are not a PNG or are damaged before the picture data; damage behind it ends the list.
    public static func read(_ bytes: [UInt8]) throws(ImageError) -> [(key: String, value: String)] {
        guard ImageFormat(startOf: bytes) == .png else {
            throw .unknownFormat(start: Array(bytes.prefix(8)))
        }
        var list = CodecTextList()
        let (status, message) = CodecCall.run { message in
            bytes.withUnsafeBufferPointer { codec_png_read_text($0.baseAddress, $0.count, &list, message) }
        }
        defer { codec_text_list_free(&list) }
        guard status == CODEC_OK else { throw .malformed(.png, reason: message) }
        return UnsafeBufferPointer(start: list.entries, count: list.count).map { entry in
            let key = UnsafeRawBufferPointer(start: entry.key, count: entry.key_length)
            let value = UnsafeRawBufferPointer(start: entry.value, count: entry.value_length)
            return (latin1(key), entry.is_utf8 != 0 ? String(decoding: value, as: UTF8.self) : latin1(value))
        }
    }

    private static func latin1(_ bytes: UnsafeRawBufferPointer) -> String {
        String(String.UnicodeScalarView(bytes.map { Unicode.Scalar($0) }))
    }
}

/// Text entries checked and encoded for libpng: key, NUL, value, NUL of each in one run of bytes.
struct PNGTextEntries {
    private struct Entry {
        let keyOffset: Int
        let keyCount: Int
        let valueOffset: Int
        let valueCount: Int
        let isUTF8: Bool
    }

    private var entries: [Entry] = []
    private var bytes: [UInt8] = []

    init(_ text: [(key: String, value: String)]) throws(ImageError) {
        for (key, value) in text {
            let keyBytes = try Self.checkedKey(key)
            guard !value.unicodeScalars.contains("\0") else {
                throw .invalidText(key: key, reason: "the value contains a NUL")
            }
            let latin1 = Self.latin1(value)
            let valueBytes = latin1 ?? Array(value.utf8)
            let keyOffset = bytes.count
            bytes += keyBytes + [0]
            let valueOffset = bytes.count
            bytes += valueBytes + [0]
            entries.append(
                Entry(
                    keyOffset: keyOffset, keyCount: keyBytes.count, valueOffset: valueOffset,
                    valueCount: valueBytes.count, isUTF8: latin1 == nil))
        }
    }

    func withCodecTexts<Result>(_ body: (UnsafeBufferPointer<CodecText>) -> Result) -> Result {
        bytes.withUnsafeBytes { raw in
            let memory = raw.bindMemory(to: CChar.self)
            guard let base = memory.baseAddress, !entries.isEmpty else {
                return body(UnsafeBufferPointer(start: nil, count: 0))
            }
            let texts = entries.map { entry in
                CodecText(
                    key: base + entry.keyOffset, value: base + entry.valueOffset, key_length: entry.keyCount,
                    value_length: entry.valueCount, is_utf8: entry.isUTF8 ? 1 : 0)
            }
            return texts.withUnsafeBufferPointer(body)
        }
    }

    /// PNG's rule for keywords: 1 to 79 printable Latin-1 characters, single spaces, none at the ends.
    private static func checkedKey(_ key: String) throws(ImageError) -> [UInt8] {
        guard let bytes = latin1(key), (1...79).contains(bytes.count) else {
            throw .invalidText(key: key, reason: "expected a key of 1 to 79 Latin-1 characters")
        }
        guard bytes.allSatisfy({ (32...126).contains($0) || $0 > 160 }) else {
            throw .invalidText(key: key, reason: "expected printable characters in the key")
        }
        let space = UInt8(ascii: " ")
        let hasDoubleSpace = zip(bytes, bytes.dropFirst()).contains { $0 == space && $1 == space }
        guard bytes.first != space, bytes.last != space, !hasDoubleSpace else {
            throw .invalidText(key: key, reason: "expected no leading, trailing or double spaces in the key")
        }
        return bytes
    }

    private static func latin1(_ text: String) -> [UInt8]? {
        var bytes: [UInt8] = []
        for scalar in text.unicodeScalars {
            guard let byte = UInt8(exactly: scalar.value) else { return nil }
            bytes.append(byte)
        }
        return bytes
    }
}
