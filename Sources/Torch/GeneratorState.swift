extension Generator {
    /// A generator's state: a run that saves it and goes on from it gets the same numbers, bit for bit.
    package struct State: Sendable, Equatable, Codable {
        let twister: MersenneTwister
        let cachedNormal: Double?

        init(twister: MersenneTwister, cachedNormal: Double?) {
            self.twister = twister
            self.cachedNormal = cachedNormal
        }

        /// The words of the twister, how many are used up, whether a normal number is kept, and its bits.
        package var words: [UInt64] {
            twister.words.map(UInt64.init)
                + [UInt64(twister.used), cachedNormal == nil ? 0 : 1, cachedNormal?.bitPattern ?? 0]
        }

        /// Throws if `words` are no state that `words` has given.
        package init(words: [UInt64]) throws(StateError) {
            let count = MersenneTwister.wordCount
            guard words.count == count + 3 else {
                throw StateError(reason: "expected \(count + 3) words, got \(words.count)")
            }
            let narrow = words[..<count].compactMap(UInt32.init(exactly:))
            guard words[count] <= count, let twister = MersenneTwister(words: narrow, used: Int(words[count])) else {
                throw StateError(reason: "a word is out of range")
            }
            guard words[count + 1] <= 1 else { throw StateError(reason: "a flag is neither 0 nor 1") }
            self.twister = twister
            cachedNormal = words[count + 1] == 1 ? Double(bitPattern: words[count + 2]) : nil
        }

        package init(from decoder: any Decoder) throws {
            try self.init(words: decoder.singleValueContainer().decode([UInt64].self))
        }

        package func encode(to encoder: any Encoder) throws {
            var container = encoder.singleValueContainer()
            try container.encode(words)
        }

        package static func == (left: State, right: State) -> Bool { left.words == right.words }
    }

    /// Why words are no generator state.
    package struct StateError: Error, CustomStringConvertible {
        let reason: String

        package var description: String { "not the state of a random generator: \(reason)" }
    }
}
