/// Equal blocks of a model, one behind the other: all in memory, or each of them there only while it is its turn.
package struct BlockStack<Block> {
    private let storage: Storage

    private enum Storage {
        case resident([Block])
        case streamed(Stream)
    }

    /// The block whose turn it is.
    private final class Stream {
        let residency: any Residency
        let make: (Int, BlockBytes) throws -> Block
        private var current: (index: Int, block: Block)?

        init(_ residency: any Residency, _ make: @escaping (Int, BlockBytes) throws -> Block) {
            self.residency = residency
            self.make = make
        }

        func block(_ index: Int, next: Int?) throws -> Block {
            if let current, current.index == index { return current.block }
            current = nil
            let block = try make(index, residency.bytes(of: index, next: next))
            current = (index, block)
            return block
        }

        func release() {
            current = nil
            residency.forget()
        }
    }

    package init(_ blocks: [Block]) { storage = .resident(blocks) }

    /// - Parameter make: a block of its bytes; what it is made of keeps them.
    package init(_ residency: any Residency, _ make: @escaping (Int, BlockBytes) throws -> Block) {
        storage = .streamed(Stream(residency, make))
    }

    package var count: Int {
        switch storage {
        case .resident(let blocks): blocks.count
        case .streamed(let stream): stream.residency.count
        }
    }

    /// Hands out the blocks in their order. One that is streamed is not to be kept: its memory is the next one's.
    ///
    /// - Throws: what `body` does, and `CancellationError` before the next block when the task is cancelled; see
    ///   `BlockCancellation`.
    package func forEach(_ body: (Int, Block) throws -> Void) throws {
        try ResultMemory.keeping { try inTurn(body) }
    }

    private func inTurn(_ body: (Int, Block) throws -> Void) throws {
        switch storage {
        case .resident(let blocks):
            for (index, block) in blocks.enumerated() {
                try BlockCancellation.check()
                try body(index, block)
            }
        case .streamed(let stream):
            defer { stream.release() }
            for index in 0..<count {
                try BlockCancellation.check()
                try body(index, stream.block(index, next: index + 1 < count ? index + 1 : nil))
            }
        }
    }

    package func map<Result>(_ transform: (Block) throws -> Result) throws -> [Result] {
        var results: [Result] = []
        try forEach { results.append(try transform($1)) }
        return results
    }

    /// What `body` makes of the first block, which stays for a `forEach` that follows; `nil` without blocks.
    package func withFirst<Result>(_ body: (Block) throws -> Result) throws -> Result? {
        switch storage {
        case .resident(let blocks): try blocks.first.map(body)
        case .streamed(let stream): try count == 0 ? nil : body(stream.block(0, next: count > 1 ? 1 : nil))
        }
    }

    /// The blocks, where all are in memory.
    package var resident: [Block]? {
        if case .resident(let blocks) = storage { blocks } else { nil }
    }
}
