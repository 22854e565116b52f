/// The tokens of a byte-pair vocabulary, each in the spelling of its file ("Ġthe"), by id and by spelling.
///
/// All spellings lie in one array and are found by open addressing, so that loading allocates a handful of times.
struct TokenizerVocabulary: Sendable {
    /// An id beyond this is taken for a broken file before memory is reserved for it.
    static let maximumID = PackedSlots.maximumIndex

    private var spellings: [UInt8] = []
    /// Start and end in `spellings` by id; an id the file leaves out is empty.
    private var bounds: [(start: UInt32, end: UInt32)] = []
    private var slots: PackedSlots
    private(set) var count = 0

    init(capacity: Int) {
        slots = PackedSlots(capacity: capacity)
        bounds.reserveCapacity(capacity)
        spellings.reserveCapacity(capacity * 8)
    }

    /// The UTF-8 of a token's spelling, nil for an id without a token.
    func spelling(of id: Int) -> ArraySlice<UInt8>? {
        guard bounds.indices.contains(id) else { return nil }
        let (start, end) = bounds[id]
        return start == end ? nil : spellings[Int(start)..<Int(end)]
    }

    /// The id of the token with this spelling.
    func id(of text: UnsafeBufferPointer<UInt8>) -> Int? {
        slots.find(hash: Self.hash(text)) { matches(text, id: $0) }
    }

    /// The id of the token with this spelling; `guess` is looked at first, which spares a search where it is right.
    func id(of text: [UInt8], guess: Int? = nil) -> Int? {
        text.withUnsafeBufferPointer { text in
            if let guess, bounds.indices.contains(guess), matches(text, id: guess) { return guess }
            return id(of: text)
        }
    }

    /// Adds a token; false if its spelling is empty or known, or its id is taken.
    mutating func insert(_ text: [UInt8], id: Int) -> Bool {
        guard !text.isEmpty, id >= 0, id <= Self.maximumID, spelling(of: id) == nil else { return false }
        if slots.isFull {
            let hashes = bounds.indices.map { id in
                spelling(of: id)?.withUnsafeBufferPointer { Self.hash($0) } ?? 0
            }
            slots.grow { hashes[$0] }
        }
        let hash = text.withUnsafeBufferPointer { Self.hash($0) }
        guard self.id(of: text) == nil else { return false }
        slots.insert(id, hash: hash)
        while bounds.count <= id { bounds.append((0, 0)) }
        bounds[id] = (UInt32(spellings.count), UInt32(spellings.count + text.count))
        spellings.append(contentsOf: text)
        count += 1
        return true
    }

    private func matches(_ text: UnsafeBufferPointer<UInt8>, id: Int) -> Bool {
        let (start, end) = bounds[id]
        guard Int(end - start) == text.count else { return false }
        for index in 0..<text.count where spellings[Int(start) + index] != text[index] { return false }
        return true
    }

    /// FNV-1a, folded so that the low bits depend on all.
    private static func hash(_ text: UnsafeBufferPointer<UInt8>) -> UInt64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in text { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        return hash ^ (hash >> 32)
    }
}
