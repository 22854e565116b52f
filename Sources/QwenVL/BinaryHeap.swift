/// A binary heap of keys, the smallest first.
package struct BinaryHeap<Key: Comparable> {
    private var keys: [Key] = []

    package init() {}

    package mutating func push(_ key: Key) {
        keys.append(key)
        var child = keys.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard keys[child] < keys[parent] else { return }
            keys.swapAt(child, parent)
            child = parent
        }
    }

    package mutating func popMinimum() -> Key? {
        guard let minimum = keys.first, let last = keys.popLast() else { return nil }
        guard !keys.isEmpty else { return minimum }
        keys[0] = last
        var parent = 0
        while true {
            var child = parent * 2 + 1
            guard child < keys.count else { return minimum }
            if child + 1 < keys.count, keys[child + 1] < keys[child] { child += 1 }
            guard keys[child] < keys[parent] else { return minimum }
            keys.swapAt(child, parent)
            parent = child
        }
    }
}
