import Testing
import Torch

@testable import Layers

@Suite struct ResultMemoryTests {
    private static let megabyte = 1 << 20

    /// A tensor of so many megabytes.
    private static func tensor(_ megabytes: Int) throws -> Tensor {
        try ResultMemory.tensor([megabytes, megabyte / 2], .bfloat16)
    }

    private static func place(_ tensor: Tensor) throws -> UnsafeRawPointer {
        UnsafeRawPointer(try tensor.mutableData())
    }

    @Test func whatIsFreedIsTakenAgainAndWhatIsHeldIsNot() async throws {
        try await withEngine {
            try ResultMemory.keeping {
                var first: Tensor? = try Self.tensor(8)
                let place = try first.map(Self.place)
                let second = try Self.tensor(8)
                #expect(try Self.place(second) != place)
                first = nil
                let third = try Self.tensor(7)
                #expect(try Self.place(third) == place)
                #expect(try Self.place(second) != Self.place(third))
            }
        }
    }

    @Test func theSmallestThatFitsIsTakenAndNoneMuchTooLarge() async throws {
        try await withEngine {
            try ResultMemory.keeping {
                var pieces: [Tensor] = try [12, 10, 9].map(Self.tensor)
                let places = try pieces.map(Self.place)
                pieces = []
                let tensor = try Self.tensor(8)
                #expect(try Self.place(tensor) == places[2])
                let next = try Self.tensor(8)
                #expect(try Self.place(next) == places[1])
                let last = try Self.tensor(8)
                #expect(try !places.contains(Self.place(last)))
            }
        }
    }

    @Test func aResultOutlivesWhatKeptItsMemory() async throws {
        try await withEngine {
            let kept = try ResultMemory.keeping {
                let inner = try ResultMemory.keeping { try Self.tensor(4) }
                let values = try inner.elements(UInt16.self)
                values.update(repeating: 0x3f80, count: inner.count)
                return inner
            }
            let other = try Self.tensor(4)
            try other.elements(UInt16.self).update(repeating: 0, count: other.count)
            #expect(try kept.to(.float32).floats().allSatisfy { $0 == 1 })
        }
    }
}
