import Imaging
import Testing

@testable import ShapesWorld

@Suite struct PrimerTests {
    private func middle(_ image: Image, _ place: Place) -> [UInt8] {
        let (row, column) = (place.row * Picture.fieldSide + 8, place.column * Picture.fieldSide + 8)
        let start = (row * Picture.side + column) * 3
        return Array(image.pixels[start..<start + 3])
    }

    @Test func everyFieldOfTheChartDiffersAndFieldsShowOneOfThem() throws {
        var random = SeededRandom(seed: 4)
        for _ in 0..<20 {
            let picture = Picture.random(objects: 1, &random)
            let chart = try Primer.chart.rendered(picture)
            #expect(Set(Place.allCases.map { middle(chart, $0) }).count == Place.allCases.count)
            let fields = try Primer.fields.rendered(picture)
            for place in Place.allCases {
                let isShown = place == picture.objects[0].object.place
                #expect((middle(fields, place) == middle(chart, place)) == isShown)
            }
        }
    }

    @Test func tilesShowTheObjectInEveryField() throws {
        var random = SeededRandom(seed: 5)
        for _ in 0..<20 {
            let picture = Picture.random(objects: 1, &random)
            let scene = try #require(SceneReader.read(Primer.tiles.rendered(picture)).scene)
            #expect(scene.background == picture.background && scene.objects.map(\.place) == Place.allCases)
            let object = picture.objects[0].object
            #expect(scene.objects.allSatisfy { $0.kind == object.kind && $0.size == object.size })
        }
    }

    @Test func lessonsAskAboutWhatIsSeenOrSaid() throws {
        var random = SeededRandom(seed: 6)
        var readings = 0
        for index in 0..<600 {
            let picture = Picture.random(objects: index % 9 + 1, &random)
            let lesson = Example.lesson(picture, &random)
            let questions = lesson.instruction.filter { $0 == "?" }.count
            #expect((lesson.answer ?? "").split(separator: ";").count >= questions && questions <= 4)
            guard lesson.inputs.isEmpty else { continue }
            readings += 1
            // Whoever is to answer from a sentence must find everything in it.
            for object in picture.objects { #expect(lesson.instruction.contains(object.object.words)) }
            #expect(lesson.instruction.contains(picture.background.rawValue))
        }
        #expect(readings > 20)
    }
}
