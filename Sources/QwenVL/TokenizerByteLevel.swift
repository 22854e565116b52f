/// GPT-2's printable alphabet for bytes: each of the 256 bytes is written as one character of a vocabulary.
///
/// Bytes that print in Latin-1 stand for themselves; the other 68 are written U+0100, U+0101 and so on, in order.
/// Source: `bytes_to_unicode` of GPT-2's encoder, `ByteLevel` of Hugging Face's tokenizers.
package enum TokenizerByteLevel {
    /// The scalar value each byte is written as.
    package static let scalarOfByte: [UInt16] = {
        var next: UInt16 = 0x100
        return (0...255).map { (byte: UInt16) in
            if isPrintable(byte) { return byte }
            defer { next += 1 }
            return next
        }
    }()

    /// The inverse of `scalarOfByte`, -1 where a scalar below U+0144 stands for no byte.
    private static let byteOfScalar: [Int16] = {
        var table = [Int16](repeating: -1, count: 0x144)
        for (byte, scalar) in scalarOfByte.enumerated() { table[Int(scalar)] = Int16(byte) }
        return table
    }()

    private static func isPrintable(_ byte: UInt16) -> Bool {
        (0x21...0x7E).contains(byte) || (0xA1...0xAC).contains(byte) || (0xAE...0xFF).contains(byte)
    }

    /// The UTF-8 of the character that stands for a byte.
    package static func spelling(of byte: UInt8) -> [UInt8] {
        let scalar = scalarOfByte[Int(byte)]
        return scalar < 0x80 ? [UInt8(scalar)] : [UInt8(0xC0 | scalar >> 6), UInt8(0x80 | scalar & 0x3F)]
    }

    /// Appends the bytes a token's spelling stands for; a spelling with any other character stands for its own UTF-8.
    static func appendBytes(ofSpelling spelling: some Collection<UInt8>, to output: inout [UInt8]) {
        let start = output.count
        var lead: Int?
        for unit in spelling {
            let scalar: Int
            if let high = lead {
                scalar = high | Int(unit & 0x3F)
                lead = nil
            } else if unit < 0x80 {
                scalar = Int(unit)
            } else if unit < 0xE0 {
                lead = Int(unit & 0x1F) << 6
                continue
            } else {
                scalar = byteOfScalar.count
            }
            guard scalar < byteOfScalar.count, byteOfScalar[scalar] >= 0 else {
                output.removeSubrange(start...)
                output.append(contentsOf: spelling)
                return
            }
            output.append(UInt8(byteOfScalar[scalar]))
        }
    }
}
