import Testing
import Torch

@testable import OmniGen2

@Suite struct TextStateCacheTests {
    @Test func aTextIsComputedOnceUntilSixtyFourOthersCame() async throws {
        try await withEngine {
            let cache = TextStateCache()
            var computed: [[Int]] = []
            func states(_ ids: [Int]) throws -> Float {
                try cache.states(ids) {
                    computed.append($0)
                    return try Tensor([Float($0[0])], [1])
                }.floats()[0]
            }
            for id in [1, 2, 1, 1] { #expect(try states([id]) == Float(id)) }
            #expect(computed == [[1], [2]] && cache.hits == 2)
            for id in 3..<66 { _ = try states([id]) }  // 65 texts: the least recently used one, 2, goes
            computed = []
            _ = try (states([1]), states([2]))
            #expect(computed == [[2]])
        }
    }
}
