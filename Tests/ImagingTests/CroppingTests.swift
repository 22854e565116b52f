import Testing

@testable import Imaging

@Suite struct CroppingTests {
    @Test func paddingRepeatsTheLastColumnAndRowToTheRightAndBelow() throws {
        let image = try Image(width: 2, height: 2, pixels: [1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4])
        let padded = try image.padded(width: 4, height: 3)
        let rows: [[UInt8]] = [[1, 2, 2, 2], [3, 4, 4, 4], [3, 4, 4, 4]]
        #expect(padded.pixels == rows.joined().flatMap { [$0, $0, $0] })
        #expect(padded.width == 4 && padded.height == 3)
    }

    @Test(arguments: [(77, 101, 80, 112), (1, 1, 16, 16), (32, 16, 32, 16)])
    func croppingUndoesPadding(width: Int, height: Int, paddedWidth: Int, paddedHeight: Int) throws {
        let image = try noise(width: width, height: height)
        let padded = try image.padded(width: paddedWidth, height: paddedHeight)
        #expect(try padded.cropped(width: width, height: height) == image)
    }

    @Test func sizesOnTheWrongSideAreErrors() throws {
        let image = try noise(width: 5, height: 4)
        #expect(throws: ImageError.invalidSize(width: 4, height: 4)) { try image.padded(width: 4, height: 4) }
        #expect(throws: ImageError.invalidSize(width: Int.max, height: 4)) {
            try image.padded(width: Int.max, height: 4)
        }
        for (width, height) in [(6, 4), (5, 0), (-1, 4), (5, Int.max)] {
            #expect(throws: ImageError.invalidSize(width: width, height: height)) {
                try image.cropped(width: width, height: height)
            }
        }
    }
}
