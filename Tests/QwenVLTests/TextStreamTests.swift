import Testing

@testable import QwenVL

@Suite struct UTF8StreamTests {
    private static let text = "aé€𝄞\u{301}👩‍👩‍👧z"

    @Test(arguments: 1...7)
    func piecesAreWholeCharactersAndJoinToTheText(size: Int) {
        let bytes = Array(Self.text.utf8)
        var stream = UTF8Stream()
        var pieces: [String] = []
        for start in stride(from: 0, to: bytes.count, by: size) {
            pieces.append(stream.append(Array(bytes[start..<min(start + size, bytes.count)])))
        }
        pieces.append(stream.finish())
        #expect(pieces.joined().utf8.elementsEqual(bytes))
        #expect(!pieces.contains { $0.unicodeScalars.contains("\u{FFFD}") })
    }

    /// Broken bytes come out as they do from the whole text, wherever it is cut.
    @Test(
        arguments: [
            [0x61, 0xFF, 0x62], [0xE2, 0x82], [0xE2, 0x82, 0x41], [0xF0, 0x9F, 0xF0, 0x9F, 0x92, 0x96],
            [0xED, 0xA0, 0x80],
            [0xC0, 0x80, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xE0, 0x80, 0xE2, 0x82, 0xAC],
            [0x80, 0x80, 0x80, 0x80, 0xC3],
        ] as [[UInt8]])
    func brokenBytesBecomeReplacementCharacters(bytes: [UInt8]) {
        var stream = UTF8Stream()
        let pieces = bytes.map { stream.append([$0]) } + [stream.finish()]
        #expect(pieces.joined().unicodeScalars.elementsEqual(String(decoding: bytes, as: UTF8.self).unicodeScalars))
    }
}

@Suite struct StopStringsTests {
    /// What the reader sees of pieces, and after how many of them the text ends.
    private static func read(_ pieces: [String], _ strings: [String]) -> (seen: [String], end: Int?) {
        var stop = StopStrings(strings)
        var seen: [String] = []
        for (index, piece) in pieces.enumerated() {
            let (text, stops) = stop.append(Array(piece.utf8), visible: !piece.hasPrefix("<|"))
            seen.append(String(decoding: text, as: UTF8.self))
            if stops { return (seen, index) }
        }
        return (seen + [String(decoding: stop.finish(), as: UTF8.self)], nil)
    }

    @Test func aStringIsFoundAcrossTokensAndWithOverhangs() {
        for pieces in [["st", "op"], ["stop"], ["st", "opera"], ["las", "topper"], ["s", "to", "pped"]] {
            let (seen, end) = Self.read(pieces, ["stop"])
            #expect(end == pieces.count - 1)
            #expect(seen.joined() == (pieces[0] == "las" ? "la" : ""))
        }
    }

    @Test func whatMayBecomeAStringIsHeldBackAndNoMore() {
        let (seen, end) = Self.read(["ab", "s", "t", "x", "sto"], ["stop"])
        #expect(seen == ["ab", "", "", "stx", "", "sto"])
        #expect(end == nil)
    }

    @Test func theFirstOfSeveralStringsCuts() {
        let (seen, end) = Self.read(["one two", " three"], ["three", "two three", ""])
        #expect(seen.joined() == "one " && end == 1)
    }

    @Test func specialTokensStopAndAreNotSeen() {
        let (seen, end) = Self.read(["a", "<|x|>", "b", "<|img|>", "c"], ["<|img|>"])
        #expect(seen.joined() == "ab" && end == 3)
    }
}
