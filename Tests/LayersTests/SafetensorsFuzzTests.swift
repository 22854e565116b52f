import Layers
import Testing

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

@Suite struct SafetensorsFuzzTests {
    /// `OMNIGEN2_FUZZ` sets how many files are tried.
    private static let count = getenv("OMNIGEN2_FUZZ").flatMap { Int(String(cString: $0)) } ?? 50_000

    private static let seeds: [[UInt8]] = [
        safetensorsBytes("{}"),
        safetensorsBytes(#"{"t":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]}}   "#, data: 24),
        safetensorsBytes(
            #"{"__metadata__":{"format":"pt"},"a":{"dtype":"I8","shape":[3],"data_offsets":[0,3]},"#
                + #""b.é\u0041":{"dtype":"BF16","shape":[1,2],"data_offsets":[3,7],"x":[1.5,{"y":null}]}}"#, data: 7),
    ]

    private static let fragments = [
        "18446744073709551615", "9223372036854775807", "9223372036854775808", "4294967296", "-1", "0", "1e3", "1.0",
        "\"", "\\", "\\u0000", "\\uD83D\\uDE00", "\\uD83D", "{", "}", "[", "]", ",", ":", "null", "true", "\u{0}", "é",
        "\"dtype\":\"U8\",", "\"F4\"", "\"C64\"", "\"__metadata__\":{},", "[0,0]", " ",
    ]

    @Test func mutatedFilesAreReadOrRefusedWithoutATrap() {
        var random = Random(state: 2024)
        var accepted = 0
        for round in 0..<Self.count {
            var bytes = Self.seeds[random.below(Self.seeds.count)]
            if round % 16 == 0 {
                bytes = (0..<random.below(64)).map { _ in UInt8(random.below(256)) }
            }
            for _ in 0..<1 + random.below(3) { Self.mutate(&bytes, &random) }
            bytes.withUnsafeBytes { bytes in
                guard let header = try? SafetensorsHeader.parse(bytes, name: "fuzzed") else { return }
                accepted += 1
                Self.check(header, of: bytes)
            }
        }
        #expect(accepted > Self.count / 100 && accepted < Self.count / 2)
    }

    /// An accepted header describes every byte of the data once.
    private static func check(_ header: SafetensorsHeader, of bytes: UnsafeRawBufferPointer) {
        var position = 8 + Int(bytes.loadUnaligned(as: UInt64.self).littleEndian)
        for entry in header.entries {
            #expect(entry.byteRange.lowerBound == position)
            #expect(entry.elementType.byteCount(of: entry.shape) == entry.byteRange.count)
            position = entry.byteRange.upperBound
        }
        #expect(position == bytes.count)
        #expect(Set(header.entries.map(\.name)).count == header.entries.count)
    }

    private static func mutate(_ bytes: inout [UInt8], _ random: inout Random) {
        let kind = random.below(8)
        guard !bytes.isEmpty, kind > 0 else {
            bytes.append(UInt8(random.below(256)))
            return
        }
        let position = random.below(bytes.count)
        let end = min(bytes.count, position + 1 + random.below(8))
        let length = bytes.count
        switch kind {
        case 1: bytes[position] ^= 1 << random.below(8)
        case 2: bytes[position] = UInt8(random.below(256))
        case 3: bytes.removeSubrange(position...)
        case 4: bytes.removeSubrange(position..<end)
        case 5: bytes.insert(contentsOf: bytes[position..<end], at: random.below(length))
        case 6: bytes.insert(contentsOf: fragments[random.below(fragments.count)].utf8, at: position)
        default: bytes.replaceSubrange(position..<end, with: fragments[random.below(fragments.count)].utf8)
        }
        // Mostly keep the length in step, so that the text behind it is read at all.
        if length >= 8, bytes.count >= 8, position >= 8, random.below(4) > 0 {
            let announced = bytes.withUnsafeBytes { $0.loadUnaligned(as: UInt64.self).littleEndian }
            let corrected = announced &+ UInt64(bitPattern: Int64(bytes.count - length))
            withUnsafeBytes(of: corrected.littleEndian) { bytes.replaceSubrange(0..<8, with: $0) }
        }
    }
}

/// SplitMix64: small, seeded, the same everywhere.
private struct Random {
    var state: UInt64

    mutating func below(_ bound: Int) -> Int {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = (state ^ state >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return Int((mixed ^ mixed >> 31) % UInt64(bound))
    }
}
