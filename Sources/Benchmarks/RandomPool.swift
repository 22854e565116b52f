import Torch

/// Normal random numbers in bfloat16, drawn once, of which any number of memories are filled: drawing each number of a
/// model of full size anew would take many minutes.
struct RandomPool {
    /// A prime, so that rows of a matrix that is longer do not repeat.
    static let count = 4_194_301

    let numbers: [UInt16]

    init(seed: UInt64) { numbers = Generator(seed: seed).randnBFloat16(Self.count) }

    /// Where the numbers of this name begin: FNV-1a of it.
    static func start(of name: String) -> Int {
        let hash = name.utf8.reduce(0xcbf2_9ce4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
        return Int(hash % UInt64(count))
    }

    /// The parts of the pool that `amount` numbers of this name are taken from, one after the other.
    static func ranges(_ name: String, _ amount: Int) -> [Range<Int>] {
        var ranges: [Range<Int>] = []
        var (start, left) = (start(of: name), amount)
        while left > 0 {
            let end = min(start + left, count)
            ranges.append(start..<end)
            left -= end - start
            start = 0
        }
        return ranges
    }

    /// Fills memory of `amount` numbers.
    func fill(_ memory: UnsafeMutablePointer<UInt16>, _ amount: Int, name: String) {
        var place = memory
        for range in Self.ranges(name, amount) {
            numbers.withUnsafeBufferPointer { numbers in
                if let base = numbers.baseAddress { place.update(from: base + range.lowerBound, count: range.count) }
            }
            place += range.count
        }
    }
}
