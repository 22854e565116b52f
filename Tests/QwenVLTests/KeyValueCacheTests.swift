import Layers
import Testing
import Torch

@testable import QwenVL

@Suite struct KeyValueCacheTests {
    private static let ids = (0..<300).map { $0 * 7 % 37 }
    /// Text, a picture of 3 x 4 tokens, text: positions that are no count of tokens.
    private static let positions: [MultimodalPosition] =
        MultimodalPosition.text(0..<5)
        + (0..<12).map { MultimodalPosition(time: 5, row: 5 + $0 / 4, column: 5 + $0 % 4) }
        + MultimodalPosition.text(9..<292)

    private struct Reader {
        let model: LanguageModel
        let embeddings: Tensor
        let cache: KeyValueCache

        init(_ model: LanguageModel) throws {
            self.model = model
            embeddings = try model.embed(KeyValueCacheTests.ids)
            cache = KeyValueCache(layerCount: model.configuration.layerCount)
        }

        func read(_ range: Range<Int>) throws -> [Float] {
            let tokens = PackedTokens(try embeddings.narrowed(0, range), lengths: [range.count])
            return try model(tokens, Array(KeyValueCacheTests.positions[range]), cache: cache).tokens.floats()
        }

        func whole() throws -> [Float] {
            let tokens = PackedTokens(embeddings, lengths: [KeyValueCacheTests.ids.count])
            return try model(tokens, KeyValueCacheTests.positions).tokens.floats()
        }
    }

    private static func distance(_ left: [Float], _ right: [Float]) -> Float {
        guard left.count == right.count else { return .infinity }
        return zip(left, right).map { abs($0 - $1) }.max() ?? 0
    }

    @Test func tokenByTokenEqualsOnePass() async throws {
        try await withEngine {
            let reader = try Reader(SmallLanguageModel.make())
            let steps = try Self.ids.indices.flatMap { try reader.read($0..<$0 + 1) }
            #expect(Self.distance(steps, try reader.whole()) < 1e-5)
            #expect(reader.cache.count == Self.ids.count)
        }
    }

    @Test(arguments: [[1, 2, 297], [100, 200], [299, 1], [255, 2, 43], [300]])
    func chunksEqualOnePass(lengths: [Int]) async throws {
        try await withEngine {
            let reader = try Reader(SmallLanguageModel.make())
            var start = 0
            let chunks = try lengths.flatMap { length in
                defer { start += length }
                return try reader.read(start..<start + length)
            }
            #expect(Self.distance(chunks, try reader.whole()) < 1e-5)
        }
    }

    @Test func whatIsTruncatedIsForgotten() async throws {
        try await withEngine {
            let reader = try Reader(SmallLanguageModel.make())
            _ = try reader.read(0..<20)
            _ = try reader.read(100..<140)
            reader.cache.truncate(to: 20)
            #expect(reader.cache.count == 20)
            let rest = try reader.read(20..<60)
            let width = reader.model.configuration.hiddenSize
            #expect(Self.distance(rest, Array(try reader.whole()[(20 * width)..<(60 * width)])) < 1e-5)
            reader.cache.truncate(to: 1000)
            #expect(reader.cache.count == 60)
        }
    }

    @Test func aFailedRunLeavesTheCacheAsItWas() async throws {
        try await withEngine {
            let reader = try Reader(SmallLanguageModel.make())
            let two = PackedTokens(try reader.embeddings.narrowed(0, 0..<4), lengths: [2, 2])
            #expect(throws: LanguageModelError.self) {
                try reader.model(two, Array(Self.positions[0..<4]), cache: reader.cache)
            }
            let shallow = KeyValueCache(layerCount: 1)
            let one = PackedTokens(try reader.embeddings.narrowed(0, 0..<4), lengths: [4])
            #expect(throws: LanguageModelError.self) {
                try reader.model(one, Array(Self.positions[0..<4]), cache: shallow)
            }
            #expect(reader.cache.count == 0 && shallow.count == 0)
        }
    }

    @Test(.enabled(if: Kernels.arePreferred), arguments: [WeightStorage.packed, .int8, .int4])
    func aLayerTakesFewCallsForAToken(storage: WeightStorage) async throws {
        try await withEngine {
            let reader = try Reader(SmallLanguageModel.make(dtype: .bfloat16, storage: storage))
            _ = try reader.read(0..<20)
            let token = PackedTokens(try reader.embeddings.narrowed(0, 20..<21), lengths: [1])
            var counts: [Int] = []
            _ = try reader.model(token, [Self.positions[20]], cache: reader.cache) { _, _ in
                counts.append(OperatorCalls.count)
            }
            #expect(counts.count == 2)
            #expect((1...15).contains(counts[1] - counts[0]), "\(counts[1] - counts[0]) calls")
        }
    }

    @Test func cachedHeadsMayBePartsOfOneTensor() async throws {
        try await withEngine {
            for dtype in [DType.float32, .bfloat16] {
                let joined = try Tensor.randn([1, 30, 8, 6], Generator(seed: 4)).to(dtype)
                let cache = KeyValueCache(layerCount: 1)
                for range in [0..<7, 7..<8, 8..<30] {
                    let parts = try joined.narrowed(1, range).split([4, 2, 2], 2)
                    _ = try cache.append(layer: 0, parts[1], parts[2])
                    cache.advance(by: range.count)
                }
                let parts = try joined.split([4, 2, 2], 2)
                cache.truncate(to: 29)
                let last = try (key: parts[1].narrowed(1, 29..<30), value: parts[2].narrowed(1, 29..<30))
                let all = try cache.append(layer: 0, last.key, last.value)
                #expect(all.length == 30)
                #expect(try all.key.narrowed(1, 0..<30).floats() == parts[1].floats())
                #expect(try all.value.narrowed(1, 0..<30).floats() == parts[2].floats())
            }
        }
    }

    @Test func reservedMemoryStaysWhereItIs() async throws {
        try await withEngine {
            let cache = KeyValueCache(layerCount: 1)
            cache.reserve(600)
            func append(_ tokens: Int) throws -> UnsafeMutableRawPointer {
                let rows = try Tensor.ones([1, tokens, 1, 4])
                defer { cache.advance(by: tokens) }
                return try cache.append(layer: 0, rows, rows).key.mutableData()
            }
            let first = try append(250)
            let last = try append(350)
            #expect(first == last)
        }
    }
}
