#if canImport(FoundationEssentials)
    @_spi(_Unicode) import Swift
#else
    import Foundation
#endif

/// Canonical composition (NFC) of UTF-8, with the Unicode version of the original's tables.
package enum TokenizerNormalization {
    /// Hugging Face's tokenizers composes with the tables of Unicode 9: what came later is left alone.
    private static let tableVersion = 9
    /// No text below U+0300 changes; that is UTF-8 without a lead byte from 0xCC on.
    private static let firstAffectedByte: UInt8 = 0xCC

    /// Three Tibetan vowels that count as starters, yet decompose into marks only. The standard library does not sort
    /// those marks among their neighbours unless they are written out beforehand.
    private static let decomposedStarters: [Unicode.Scalar: [Unicode.Scalar]] = [
        "\u{F73}": ["\u{F71}", "\u{F72}"], "\u{F75}": ["\u{F71}", "\u{F74}"], "\u{F81}": ["\u{F71}", "\u{F80}"],
    ]

    /// The composed text; `bytes` must be valid UTF-8.
    package static func composed(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        guard bytes.contains(where: { $0 >= firstAffectedByte }) else { return bytes }
        var output: [UInt8] = []
        output.reserveCapacity(bytes.count)
        var run = String.UnicodeScalarView()
        for scalar in String(decoding: bytes, as: UTF8.self).unicodeScalars {
            if let marks = decomposedStarters[scalar] {
                run.append(contentsOf: marks)
            } else if isInTables(scalar) {
                run.append(scalar)
            } else {
                append(run, to: &output)
                output.append(contentsOf: String(scalar).utf8)
                run = String.UnicodeScalarView()
            }
        }
        append(run, to: &output)
        return output[...]
    }

    private static func isInTables(_ scalar: Unicode.Scalar) -> Bool {
        guard scalar.value >= 0x300 else { return true }
        return scalar.properties.age.map { $0.major <= tableVersion } ?? false
    }

    private static func append(_ run: String.UnicodeScalarView, to output: inout [UInt8]) {
        guard !run.isEmpty else { return }
        #if canImport(FoundationEssentials)
            // The standard library's own NFC: FoundationEssentials has none.
            var composed = String.UnicodeScalarView()
            for scalar in String(run)._nfc { composed.append(scalar) }
            output.append(contentsOf: String(composed).utf8)
        #else
            output.append(contentsOf: String(run).precomposedStringWithCanonicalMapping.utf8)
        #endif
    }
}
