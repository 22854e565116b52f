import Testing

@testable import QwenVL

struct SmartResizeTests {
    @Test func sizesAreThoseOfTheOriginal() throws {
        let cases: [(height: Int, width: Int, maximumPixels: Int, expected: [Int])] = [
            (28, 28, 12_845_056, [56, 56]), (70, 70, 12_845_056, [56, 56]), (98, 98, 12_845_056, [112, 112]),
            (43, 41, 12_845_056, [84, 56]), (100, 75, 12_845_056, [112, 84]), (28, 5600, 12_845_056, [28, 5600]),
            (1024, 1024, 1_003_520, [980, 980]), (8000, 6000, 12_845_056, [4116, 3080]),
            (12000, 100, 1_003_520, [10948, 84]),
        ]
        for (height, width, maximumPixels, expected) in cases {
            let size = try SmartResize(height: height, width: width, maximumPixels: maximumPixels)
            #expect([size.height, size.width] == expected, "\(height) x \(width)")
        }
    }

    @Test func picturesTheTowerCannotTakeAreErrors() {
        #expect(throws: SmartResizeError.aspectRatio(height: 28, width: 5601, ratio: 5601 / 28)) {
            try SmartResize(height: 28, width: 5601)
        }
        for (height, width) in [(27, 28), (1, 201), (0, 0), (-5, 30), (28, .max)] {
            #expect(throws: SmartResizeError.self) { try SmartResize(height: height, width: width) }
        }
        #expect(throws: SmartResizeError.self) { try SmartResize(height: 28, width: 28, factor: 0) }
        #expect(throws: SmartResizeError.self) { try SmartResize(height: 28, width: 28, maximumPixels: 0) }
    }

    @Test func sidesAreMultiplesAndTheAreaStaysWithinItsBounds() throws {
        var generator = SeededGenerator(state: 3)
        for _ in 0..<500 {
            let height = Int.random(in: 28...4000, using: &generator)
            let width = Int.random(in: 28...4000, using: &generator)
            let size = try SmartResize(height: height, width: width, minimumPixels: 3136, maximumPixels: 500_000)
            #expect(size.height % 28 == 0 && size.width % 28 == 0)
            #expect((3136...500_000).contains(size.height * size.width), "\(height) x \(width)")
        }
    }
}
