import Testing

@testable import QwenVL

struct BytePairEncodingTests {
    /// Three letters and merges that compete for them.
    private static let merges = ["a b", "b c", "a a", "ab c", "aa b", "bc a", "aa aa", "abc a", "c c", "cc ab"]

    private func vocabulary() -> TokenizerVocabulary {
        var vocabulary = TokenizerVocabulary(capacity: 16)
        let tokens = ["a", "b", "c"] + Self.merges.map { $0.split(separator: " ").joined() }
        for (id, token) in tokens.enumerated() { _ = vocabulary.insert(Array(token.utf8), id: id) }
        #expect(vocabulary.count == tokens.count)
        return vocabulary
    }

    /// The definition, applied one merge at a time.
    private func reference(_ text: [UInt8], _ vocabulary: TokenizerVocabulary) -> [Int] {
        var parts = text.map { [$0] }
        while true {
            var best: (rank: Int, position: Int)?
            for position in parts.indices.dropLast() {
                let pair = [parts[position], [0x20], parts[position + 1]].flatMap(\.self)
                guard let rank = Self.merges.firstIndex(where: { Array($0.utf8) == pair }) else { continue }
                if best.map({ rank < $0.rank }) ?? true { best = (rank, position) }
            }
            guard let best else { return parts.compactMap { vocabulary.id(of: $0) } }
            parts[best.position] += parts.remove(at: best.position + 1)
        }
    }

    @Test func shortAndLongWordsMergeByRankThenLeftmost() throws {
        let vocabulary = vocabulary()
        var encoding = BytePairEncoding(vocabulary: vocabulary)
        for merge in Self.merges {
            var spelling = Array(merge.utf8)
            try encoding.append(spelling: &spelling, vocabulary: vocabulary, path: "merges")
        }
        var generator = SeededGenerator(state: 1)
        for length in Array(0...40) + [100, 150] {
            for _ in 0..<8 {
                let text = (0..<length).map { _ in UInt8.random(in: 97...99, using: &generator) }
                var ids: [Int] = []
                encoding.encode(text[...], into: &ids)
                #expect(ids == reference(text, vocabulary), "\(String(decoding: text, as: UTF8.self))")
            }
        }
    }

    @Test func aPairIsMergedOnlyOnce() {
        let vocabulary = vocabulary()
        var encoding = BytePairEncoding(vocabulary: vocabulary)
        let first = encoding.append(left: 0, right: 1, result: 3)
        let second = encoding.append(left: 0, right: 1, result: 3)
        #expect(first)
        #expect(!second)
    }

    @Test func aVocabularyKeepsItsTokensWhenItGrows() {
        var vocabulary = TokenizerVocabulary(capacity: 0)
        for id in 0..<5000 { _ = vocabulary.insert(Array("token \(id)".utf8), id: id * 2) }
        for id in 0..<5000 { #expect(vocabulary.id(of: Array("token \(id)".utf8)) == id * 2) }
        #expect(vocabulary.id(of: Array("token".utf8)) == nil)
        #expect(vocabulary.spelling(of: 1) == nil)
        let isKnownInserted = vocabulary.insert(Array("token 7".utf8), id: 1)
        let isTakenInserted = vocabulary.insert(Array("other".utf8), id: 14)
        #expect(!isKnownInserted && !isTakenInserted)
        #expect(vocabulary.count == 5000)
    }
}
