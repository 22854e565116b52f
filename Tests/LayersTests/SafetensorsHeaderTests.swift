import Layers
import Testing

/// The bytes of a file with the header `json` and `count` zero bytes behind it.
func safetensorsBytes(_ json: String, data count: Int = 0) -> [UInt8] {
    withUnsafeBytes(of: UInt64(json.utf8.count).littleEndian, Array.init) + Array(json.utf8)
        + Array(repeating: 0, count: count)
}

private func parse(_ bytes: [UInt8]) throws(SafetensorsError) -> SafetensorsHeader {
    let result = bytes.withUnsafeBytes { bytes in
        Result { () throws(SafetensorsError) in try SafetensorsHeader.parse(bytes, name: "m") }
    }
    return try result.get()
}

/// What is said of a file with that header.
private func complaint(_ json: String, data count: Int = 0) -> String {
    do {
        _ = try parse(safetensorsBytes(json, data: count))
        return "accepted"
    } catch {
        return error.description
    }
}

@Suite struct SafetensorsHeaderTests {
    @Test func aHeaderGivesTensorsInFileOrderAndMetadata() throws {
        let header = try parse(
            safetensorsBytes(
                #" {"b":{"dtype":"BF16","shape":[2,3],"data_offsets":[4,16]},"__metadata__":{"format":"pt"},"#
                    .dropFirst()
                    + #""a":{"shape":[],"data_offsets":[0,4],"dtype":"F32"}, "e":{"dtype":"U8","shape":[0,7],"#
                    + "\n\"data_offsets\":[4,4],\"more\":[{\"x\":-1.5e+3},null,true]}}   ", data: 16))
        #expect(header.entries.map(\.name) == ["a", "e", "b"])
        #expect(header.entries.map(\.elementType) == [.float32, .uint8, .bfloat16])
        #expect(header.entries.map(\.shape) == [[], [0, 7], [2, 3]])
        #expect(header.entries.map(\.byteRange.count) == [4, 0, 12])
        #expect(header.metadata == ["format": "pt"])
    }

    @Test(arguments: ElementType.allCases)
    func everyElementTypeIsReadBySize(type: ElementType) throws {
        let size = type.bitCount
        let json = #"{"t":{"dtype":"\#(type.rawValue)","shape":[2,4],"data_offsets":[0,\#(size)]}}"#
        let header = try parse(safetensorsBytes(json, data: size))
        #expect(header.entries.first?.elementType == type)
        #expect(throws: SafetensorsError.self) {
            try parse(safetensorsBytes(json.replacing("\(size)]}", with: "\(size + 1)]}"), data: size + 1))
        }
    }

    @Test func anEmptyHeaderIsAFileWithoutTensors() throws {
        #expect(try parse(safetensorsBytes("{}")).entries.isEmpty)
        #expect(try parse(safetensorsBytes(#"{"__metadata__":null}"#)).metadata.isEmpty)
    }

    @Test func escapesInNamesAreDecoded() throws {
        let header = try parse(
            safetensorsBytes(
                #"{"a\"\\\/\b\f\n\r\t\u00e9\uD83D\uDE00é":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}"#))
        #expect(header.entries.first?.name == "a\"\\/\u{8}\u{C}\n\r\té😀é")
    }

    @Test func truncatedFilesAreRefused() {
        let whole = safetensorsBytes(#"{"t":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#, data: 8)
        for count in 0..<whole.count {
            #expect(throws: SafetensorsError.self) { try parse(Array(whole[..<count])) }
        }
        expect([], says: "truncated: expected 8 bytes of header length, the file has 0")
        expect(Array(whole[..<20]), says: "truncated: expected a header of 54 bytes, 12 follow")
        expect(
            Array(whole.dropLast()), of: "t",
            says: "truncated: the header describes a file of 70 bytes, it has 69")
        expect(
            whole + [0],
            says: "unexpected bytes behind the last tensor: the header describes a file of 70 bytes, it has 71")
    }

    @Test func absurdHeaderLengthsAreRefused() {
        expect(
            Array(repeating: 0xFF, count: 16),
            says: "header length 18446744073709551615 is beyond the limit of 100000000 bytes")
        expect(
            withUnsafeBytes(of: UInt64(100_000_001).littleEndian, Array.init) + [0x7B],
            says: "header length 100000001 is beyond the limit of 100000000 bytes")
        expect(
            Array(repeating: 0, count: 16), says: "not a safetensors file: the header does not start with '{'")
    }

    @Test func offsetsThatOverlapOrLeaveHolesAreRefused() {
        let a = #""a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}"#
        #expect(
            complaint(#"{\#(a),"b":{"dtype":"U8","shape":[4],"data_offsets":[3,7]}}"#, data: 7)
                == #""m": tensor "b": data_offsets overlap: expected to begin at 4, got [3, 7]"#)
        #expect(
            complaint(#"{\#(a),"b":{"dtype":"U8","shape":[4],"data_offsets":[5,9]}}"#, data: 9)
                == #""m": tensor "b": data_offsets leave a hole: expected to begin at 4, got [5, 9]"#)
        #expect(
            complaint(#"{"b":{"dtype":"U8","shape":[4],"data_offsets":[4,8]}}"#, data: 8)
                == #""m": tensor "b": data_offsets leave a hole: expected to begin at 0, got [4, 8]"#)
        #expect(
            complaint(#"{\#(a),"b":{"dtype":"U8","shape":[4],"data_offsets":[4,0]}}"#, data: 8)
                == #""m": tensor "b": data_offsets end before they begin: [4, 0]"#)
        #expect(
            complaint(#"{"b":{"dtype":"U8","shape":[9223372036854775807],"data_offsets":[0,9223372036854775807]}}"#)
                .hasPrefix(#""m": tensor "b": "#))
    }

    @Test func sizesThatDisagreeWithTheElementTypeAreRefused() {
        #expect(
            complaint(#"{"b":{"dtype":"F16","shape":[2,2],"data_offsets":[0,4]}}"#, data: 4)
                == #""m": tensor "b": shape [2, 2] in F16 takes 8 bytes, data_offsets [0, 4] hold 4"#)
        #expect(
            complaint(#"{"b":{"dtype":"F99","shape":[2],"data_offsets":[0,4]}}"#, data: 4)
                == #""m": tensor "b": unknown dtype "F99""#)
        for shape in ["4611686018427387904,4", "4611686018427387904,4,0", "9223372036854775807,9223372036854775807"] {
            #expect(
                complaint(#"{"b":{"dtype":"F32","shape":[\#(shape)],"data_offsets":[0,0]}}"#)
                    .hasSuffix("in F32 is not a number of bytes"))
        }
        #expect(
            complaint(#"{"b":{"dtype":"F4","shape":[3],"data_offsets":[0,1]}}"#, data: 1)
                .hasSuffix("the size of shape [3] in F4 is not a number of bytes"))
    }

    @Test func duplicateKeysAreRefused() {
        let entry = #"{"dtype":"U8","shape":[0],"data_offsets":[0,0]}"#
        #expect(
            complaint(#"{"a":\#(entry),"\u0061":\#(entry)}"#)
                == #""m": tensor "a": malformed header at byte 61: duplicate key "a""#)
        for json in [
            #"{"__metadata__":{},"__metadata__":{}}"#, #"{"__metadata__":{"a":"b","a":"b"}}"#,
            #"{"a":{"dtype":"U8","dtype":"U8","shape":[0],"data_offsets":[0,0]}}"#,
        ] {
            #expect(complaint(json).contains("duplicate key"))
        }
    }

    @Test(arguments: [
        "{", "{]", "{} x", "{}}", "{,}", #"{"a"}"#, #"{"a":}"#, #"{"a":{}}"#, #"{"a":1}"#, #"{"a":[]}"#, #"{"a":null}"#,
        #"{"__metadata__":{"a":1}}"#, #"{"__metadata__":[]}"#, #"{"__metadata__":{"a":null}}"#,
        #"{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},}"#,
        #"{"a":{"dtype":"U8","shape":[0,],"data_offsets":[0,0]}}"#,
        #"{"a":{"dtype":"U8","shape":[-1],"data_offsets":[0,0]}}"#,
        #"{"a":{"dtype":"U8","shape":[0.0],"data_offsets":[0,0]}}"#,
        #"{"a":{"dtype":"U8","shape":[0e1],"data_offsets":[0,0]}}"#,
        #"{"a":{"dtype":"U8","shape":[00],"data_offsets":[0,0]}}"#,
        #"{"a":{"dtype":"U8","shape":["0"],"data_offsets":[0,0]}}"#,
        #"{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0,0]}}"#,
        #"{"a":{"dtype":"U8","shape":[0],"data_offsets":[0]}}"#,
        #"{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,99999999999999999999]}}"#,
        #"{"a":{"dtype":"U8","shape":[0]}}"#, #"{"a":{"dtype":"U8","data_offsets":[0,0]}}"#,
        #"{"a":{"shape":[0],"data_offsets":[0,0]}}"#, #"{"a":{"dtype":7,"shape":[0],"data_offsets":[0,0]}}"#,
        #"{"\uD800":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}"#,
        #"{"\uD800\u0041":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}"#,
        #"{"\uDC00":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}"#, #"{"\x":{}}"#, #"{"\u12G4":{}}"#,
        "{\"a\n\":{}}",
    ])
    func textThatIsNoSuchJSONIsRefusedWithItsPlace(json: String) {
        #expect(complaint(json).contains("malformed header at byte "), "\(complaint(json))")
    }

    @Test func bytesThatAreNoUTF8AreRefused() {
        let json = #"{"?":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}"#
        for byte: UInt8 in [0xFF, 0xC3, 0x80] {
            let bytes = safetensorsBytes(json).map { $0 == UInt8(ascii: "?") ? byte : $0 }
            expect(bytes, says: "malformed header at byte 10: the string is not UTF-8")
        }
    }

    @Test func deepNestingIsRefused() {
        for opening in ["[", #"{"x":"#] {
            let json = #"{"a":{"y":"# + String(repeating: opening, count: 1_000_000)
            #expect(complaint(json).contains("nested too deeply"))
        }
    }

    @Test func messagesStayOnOneLineOfBoundedLength() {
        let name = String(repeating: "x", count: 10_000)
        let message = complaint(#"{"\n\#(name)":{"dtype":"?","shape":[0],"data_offsets":[0,0]}}"#)
        #expect(message.count < 300 && !message.contains("\n") && message.contains(#"\n"#))
    }
}

private func expect(
    _ bytes: [UInt8], of tensor: String? = nil, says reason: String, sourceLocation: SourceLocation = #_sourceLocation
) {
    do {
        _ = try parse(bytes)
        Issue.record("accepted", sourceLocation: sourceLocation)
    } catch {
        #expect(
            error == SafetensorsError(file: "m", tensor: tensor, reason: reason), sourceLocation: sourceLocation)
    }
}
