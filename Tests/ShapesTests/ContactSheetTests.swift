import Imaging
import Testing

@testable import ShapesWorld

@Suite struct ContactSheetTests {
    @Test func linesAreBrokenBetweenWords() {
        #expect(Lettering.lines("A large red circle", of: 8) == ["a large", "red", "circle"])
        #expect(Lettering.lines("", of: 8).isEmpty)
    }

    /// Whatever a model may say can be read: no letter of the world's sentences is a box.
    @Test func everyLetterOfTheWorldCanBeWritten() {
        var letters: Set<Character> = []
        for index in 0..<500 {
            let examples = ShapesTask.allCases.flatMap {
                ExampleSet.examples($0, count: 1, seed: UInt64(index))
            }
            letters.formUnion(examples.flatMap { $0.instruction.lowercased() + ($0.answer ?? "") })
        }
        let box = (0..<7).map { row in (0..<5).map { Lettering.isSet("\u{1F9E1}", row: row, column: $0) } }
        for letter in letters {
            #expect((0..<7).map { row in (0..<5).map { Lettering.isSet(letter, row: row, column: $0) } } != box)
        }
        #expect(letters.count > 25)
    }

    @Test func picturesAreEnlargedPixelByPixel() throws {
        let picture = try Picture(.black, []).rendered()
        let sheet = try ContactSheet.image([.init(inputs: [], text: "nothing on black", output: picture)])
        let black = Background.black.pixel.bytes
        let count = stride(from: 0, to: sheet.pixels.count, by: 3).filter { Array(sheet.pixels[$0..<$0 + 3]) == black }
            .count
        #expect(count == picture.pixels.count / 3 * 9)
        #expect(throws: ImageError.self) { try ContactSheet.image([]) }
    }
}
