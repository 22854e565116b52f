/// The frame of a record in an event file: its length, a checksum of that, the bytes, a checksum of those, all with the
/// lowest byte first.
///
/// Source: `RecordWriter` of `tensorflow/core/lib/io/record_writer.cc`.
enum EventRecord {
    static func bytes(_ content: [UInt8]) -> [UInt8] {
        let length = littleEndian(UInt64(content.count))
        return length + littleEndian(CRC32C.masked(length)) + content + littleEndian(CRC32C.masked(content))
    }

    private static func littleEndian(_ value: some FixedWidthInteger) -> [UInt8] {
        withUnsafeBytes(of: value.littleEndian) { Array($0) }
    }
}
