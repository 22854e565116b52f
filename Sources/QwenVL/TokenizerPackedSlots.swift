/// A hash table of small indices by open addressing, four bytes a slot.
///
/// The keys stay with the owner. A table of the full vocabulary has to fit a core's cache, or reading the vocabulary
/// waits for memory half a million times.
struct PackedSlots: Sendable {
    /// The largest index a slot holds.
    static let maximumIndex = 1 << 24 - 2

    /// Index + 1 in the low 24 bits, 8 bits of the hash above them; 0 where free. The count is a power of two.
    private var slots: [UInt32]
    private var count = 0

    init(capacity: Int) {
        var size = 1024
        while size * 3 < capacity * 4 { size *= 2 }
        slots = [UInt32](repeating: 0, count: size)
    }

    /// Whether the table must grow before the next insertion.
    var isFull: Bool { (count + 1) * 4 > slots.count * 3 }

    private static func tag(_ hash: UInt64) -> UInt32 { UInt32(truncatingIfNeeded: hash >> 32) & 0xFF00_0000 }

    /// The index with this hash that `matches` accepts.
    @inline(__always)
    func find(hash: UInt64, matches: (Int) -> Bool) -> Int? {
        let mask = slots.count - 1
        let tag = Self.tag(hash)
        var position = Int(truncatingIfNeeded: hash) & mask
        while true {
            let slot = slots[position]
            if slot == 0 { return nil }
            if slot & 0xFF00_0000 == tag {
                let index = Int(slot & 0x00FF_FFFF) - 1
                if matches(index) { return index }
            }
            position = (position + 1) & mask
        }
    }

    /// Adds an index whose key is not in the table yet.
    mutating func insert(_ index: Int, hash: UInt64) {
        let mask = slots.count - 1
        var position = Int(truncatingIfNeeded: hash) & mask
        while slots[position] != 0 { position = (position + 1) & mask }
        slots[position] = UInt32(index + 1) | Self.tag(hash)
        count += 1
    }

    /// Doubles the table; `hash` gives the hash of each index in it.
    mutating func grow(hash: (Int) -> UInt64) {
        let old = slots
        slots = [UInt32](repeating: 0, count: old.count * 2)
        count = 0
        for slot in old where slot != 0 {
            let index = Int(slot & 0x00FF_FFFF) - 1
            insert(index, hash: hash(index))
        }
    }
}
