/// The checksum of records: a cyclic redundancy check by Castagnoli's polynomial, lowest bit first.
///
/// Source: RFC 3720, appendix B.4.
enum CRC32C {
    private static let table = (0..<256).map { index -> UInt32 in
        (0..<8).reduce(UInt32(index)) { value, _ in value & 1 == 1 ? value >> 1 ^ 0x82F6_3B78 : value >> 1 }
    }

    static func checksum(_ bytes: [UInt8]) -> UInt32 {
        let table = table
        return ~bytes.reduce(~0) { $0 >> 8 ^ table[Int(UInt8(truncatingIfNeeded: $0) ^ $1)] }
    }

    /// As records hold it: a checksum of bytes that hold their own checksum says little.
    ///
    /// Source: `Mask` of `tensorflow/core/lib/hash/crc32c.h`.
    static func masked(_ bytes: [UInt8]) -> UInt32 {
        let value = checksum(bytes)
        return (value >> 15 | value << 17) &+ 0xA282_EAD8
    }
}
