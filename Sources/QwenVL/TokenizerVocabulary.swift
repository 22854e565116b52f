/// The tokens of a byte-pair vocabulary, each in the spelling of its file ("Ġthe"), by id and by spelling.
///
/// All spellings lie in one array and are found by open addressing, so that loading allocates a handful of times.
struct TokenizerVocabulary: Sendable {
    /// An id beyond this is taken for a broken file before memory is reserved for it.
    static let maximumID = 1 << 24 - 1

    private var spellings: [UInt8] = []
    /// Start and end in `spellings` by id; an id the file leaves out is empty.
    private var bounds: [(start: UInt32, end: UInt32)] = []
    /// Id + 1 by hash, 0 where free; its count is a power of two.
    private var slots: [UInt32]
    private(set) var count = 0

    init(capacity: Int) {
        var size = 1024
        while size < capacity * 2 { size *= 2 }
        slots = [UInt32](repeating: 0, count: size)
        bounds.reserveCapacity(capacity)
        spellings.reserveCapacity(capacity * 8)
    }

    /// One more than the largest id.
    var idLimit: Int { bounds.count }

    /// The UTF-8 of a token's spelling, nil for an id without a token.
    func spelling(of id: Int) -> ArraySlice<UInt8>? {
        guard bounds.indices.contains(id) else { return nil }
        let (start, end) = bounds[id]
        return start == end ? nil : spellings[Int(start)..<Int(end)]
    }

    /// The id of the token spelled as `text[range]`.
    func id(of text: some RandomAccessCollection<UInt8>) -> Int? {
        let contiguous = text.withContiguousStorageIfAvailable { slots[slot(of: $0)] }
        let found = contiguous ?? slots[Array(text).withUnsafeBufferPointer { slot(of: $0) }]
        return found == 0 ? nil : Int(found) - 1
    }

    /// Adds a token; false if its spelling is empty or known, or its id is taken.
    mutating func insert(_ text: [UInt8], id: Int) -> Bool {
        guard !text.isEmpty, id >= 0, id <= Self.maximumID, spelling(of: id) == nil else { return false }
        let slot = text.withUnsafeBufferPointer { self.slot(of: $0) }
        guard slots[slot] == 0 else { return false }
        while bounds.count <= id { bounds.append((0, 0)) }
        bounds[id] = (UInt32(spellings.count), UInt32(spellings.count + text.count))
        spellings.append(contentsOf: text)
        slots[slot] = UInt32(id) + 1
        count += 1
        if count * 2 > slots.count { grow() }
        return true
    }

    /// The slot that holds this spelling, or the free one where it belongs.
    private func slot(of text: UnsafeBufferPointer<UInt8>) -> Int {
        let mask = slots.count - 1
        var slot = Self.hash(text) & mask
        while slots[slot] != 0, !matches(text, id: Int(slots[slot]) - 1) { slot = (slot + 1) & mask }
        return slot
    }

    private func matches(_ text: UnsafeBufferPointer<UInt8>, id: Int) -> Bool {
        let (start, end) = bounds[id]
        guard Int(end - start) == text.count else { return false }
        for index in 0..<text.count where spellings[Int(start) + index] != text[index] { return false }
        return true
    }

    private mutating func grow() {
        slots = [UInt32](repeating: 0, count: slots.count * 2)
        for id in bounds.indices {
            guard let text = spelling(of: id) else { continue }
            let slot = text.withUnsafeBufferPointer { self.slot(of: $0) }
            slots[slot] = UInt32(id) + 1
        }
    }

    /// FNV-1a, folded so that the low bits depend on all.
    private static func hash(_ text: UnsafeBufferPointer<UInt8>) -> Int {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in text { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        return Int(truncatingIfNeeded: hash ^ (hash >> 32))
    }
}
