/// Watches a text as it grows for strings that end it, whichever tokens they are spread over.
///
/// A string counts as soon as a token completes it, even if that token goes on. Source: `StopStringCriteria` of
/// `transformers` 4.51.3, `generation/stopping_criteria.py`; here only text that was generated counts, not the prompt.
package struct StopStrings {
    private let strings: [[UInt8]]
    /// Bytes not yet handed out, and which of them the reader shall see.
    private var pending: [UInt8] = []
    private var isVisible: [Bool] = []

    /// Empty strings are passed over.
    package init(_ strings: [String]) { self.strings = strings.map { Array($0.utf8) }.filter { !$0.isEmpty } }

    /// Adds the bytes of a token.
    ///
    /// - Parameter visible: false for a special token, which takes part in the search and not in the text.
    /// - Returns: the bytes that can be no part of a stop string any more, and whether one is complete; then the
    ///   text ends before it.
    package mutating func append(_ bytes: [UInt8], visible: Bool) -> (text: [UInt8], stops: Bool) {
        let known = pending.count
        pending += bytes
        isVisible += repeatElement(visible, count: bytes.count)
        if let start = firstMatch(endingAfter: known) {
            defer { (pending, isVisible) = ([], []) }
            return (release(start), true)
        }
        let held = strings.map(longestBeginning).max() ?? 0
        return (release(pending.count - held), false)
    }

    /// What was held back, when no more text comes.
    package mutating func finish() -> [UInt8] { release(pending.count) }

    private func firstMatch(endingAfter known: Int) -> Int? {
        strings.compactMap { string in
            guard pending.count >= string.count else { return nil }
            let first = max(0, known - string.count + 1)
            return (first...max(first, pending.count - string.count)).first { pending[$0...].starts(with: string) }
        }.min()
    }

    /// How many of the last bytes may begin this string.
    private func longestBeginning(of string: [UInt8]) -> Int {
        let longest = min(string.count - 1, pending.count)
        return (0...longest).reversed().first { pending.suffix($0).elementsEqual(string.prefix($0)) } ?? 0
    }

    private mutating func release(_ count: Int) -> [UInt8] {
        let text = zip(pending, isVisible).prefix(count).filter(\.1).map(\.0)
        pending.removeFirst(count)
        isVisible.removeFirst(count)
        return text
    }
}
