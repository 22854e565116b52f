import Foundation
import Imaging
import Testing

@testable import ShapesWorld

@Suite struct ExampleTests {
    @Test func aSentenceSaysEverything() {
        var random = SeededRandom(seed: 1)
        for index in 0..<2000 {
            let example = Example.drawing(objects: index % 3 + 1, &random)
            let text = example.instruction.lowercased()
            for object in example.output?.scene.objects ?? [] {
                #expect(text.contains(object.words), "\(text)")
                #expect(text.contains(object.place.rawValue) || text.contains("directly"), "\(text)")
            }
            #expect(text.contains(example.output?.background.rawValue ?? "?"), "\(text)")
        }
    }

    @Test func thereAreAtLeastTwelveSentencesAndAllDiffer() {
        let objects = [
            SceneObject(Kind(.circle, .red), .large, .top), SceneObject(Kind(.square, .blue), .small, .center),
        ]
        let texts = Set(SceneSentence.allCases.map { $0.text(objects, .white) })
        #expect(texts.count == SceneSentence.allCases.count && texts.count >= 12)
    }

    /// A relation names the field of an object that is told by its neighbour.
    @Test func neighborsLieWhereTheSentenceSays() {
        for place in Place.allCases {
            for side in Side.allCases {
                guard let other = side.neighbor(of: place) else { continue }
                #expect(Side(of: place, to: other) == side && side.holds(other, seenFrom: place))
            }
        }
        #expect(Side.above.neighbor(of: .top) == nil && Side.left.neighbor(of: .center) == .left)
    }

    @Test func anEditChangesWhatItSaysAndNothingElse() {
        var random = SeededRandom(seed: 2)
        for index in 0..<3000 {
            let picture = Picture.random(objects: index % 3 + 1, &random)
            let name = Edit.Name.allCases[index % 5]
            guard let edit = Edit(name, of: picture, &random) else { continue }
            let result = edit.applied(to: picture)
            #expect(result.scene != picture.scene && (1...3).contains(result.objects.count))
            #expect(Set(result.objects.map(\.object.kind)).count == result.objects.count)
            #expect(Set(result.objects.map(\.object.place)).count == result.objects.count)
            let before = Dictionary(uniqueKeysWithValues: picture.objects.map { ($0.object.place, $0) })
            for kept in edit.keptObjects(of: picture) {
                #expect(before[kept.object.place]?.offset == kept.offset)
                if name != .recolor { #expect(before[kept.object.place]?.object == kept.object) }
            }
            #expect((name == .background) == (result.background != picture.background))
        }
    }

    @Test func answersAreTrue() {
        var random = SeededRandom(seed: 3)
        for index in 0..<3000 {
            let scene = Picture.random(objects: index % 3 + 1, &random).scene
            for topic in Question.Topic.allCases {
                let question = Question(topic, about: scene, &random)
                #expect(!question.answer.isEmpty && question.text.hasSuffix("?"))
                if question.text.hasPrefix("how many objects") {
                    #expect(question.answer == ["none", "one", "two", "three"][scene.objects.count])
                }
                if topic == .place, let object = scene.objects.first(where: { question.text.contains($0.name) }) {
                    #expect(question.answer == object.place.rawValue)
                }
            }
        }
    }

    @Test func smallPurpleOnGrayIsFaint() {
        func picture(_ size: ObjectSize, _ background: Background) -> Picture {
            Picture(background, [.init(SceneObject(Kind(.cross, .purple), size, .top))])
        }
        #expect(picture(.small, .gray).hasFaintObject)
        #expect(!picture(.large, .gray).hasFaintObject && !picture(.small, .white).hasFaintObject)
    }

    @Test func drillsSayWhatIsSo() throws {
        let picture = Picture(
            .gray,
            [(Kind(.cross, .red), Place.topLeft), (Kind(.circle, .blue), .top), (Kind(.square, .green), .bottomRight)]
                .map { .init(SceneObject($0.0, .small, $0.1)) })
        let truths: Set = [
            "where is the red cross, seen from the blue circle? left",
            "where is the red cross, seen from the green square? top left",
            "where is the blue circle, seen from the red cross? right",
            "where is the blue circle, seen from the green square? top left",
            "where is the green square, seen from the red cross? bottom right",
            "where is the green square, seen from the blue circle? bottom right",
        ]
        var random = SeededRandom(seed: 6)
        var (said, answers) = (Set<String>(), [String: Int]())
        for _ in 0..<400 {
            let bearing = try #require(Drill.bearing.example(of: picture, &random))
            said.insert("\(bearing.instruction.lowercased()) \(bearing.answer ?? "")")
            for drill in [Drill.readout, .search] {
                let example = try #require(drill.example(of: picture, &random))
                let object = try #require(picture.scene.objects.first { example.instruction.contains($0.name) })
                #expect(example.answer == object.place.rawValue)
            }
            let side = try #require(Drill.side.example(of: picture, &random))
            #expect(side.instruction.contains("left of") == ["yes", "no"].contains(side.answer))
            let comparison = try #require(Drill.comparison.example(of: picture, &random))
            let said = comparison.instruction.lowercased().split(separator: "?").map {
                $0.trimmingCharacters(in: .whitespaces)
            }
            let given = (comparison.answer ?? "").components(separatedBy: "; ")
            #expect(said.count == given.count)
            for (text, answer) in zip(said, given) {
                #expect(Self.isTrue(text, of: picture.scene) == (answer == "yes"), "\(text): \(answer)")
                answers[answer, default: 0] += 1
            }
        }
        #expect(said == truths)
        let (yes, no) = (answers["yes"] ?? 0, answers["no"] ?? 0)
        #expect(Set(answers.keys) == ["yes", "no"] && abs(yes - no) < (yes + no) / 5)
        let alone = Picture.random(objects: 1, &random)
        #expect(Drill.comparison.example(of: alone, &random) == nil)
    }

    /// Of "is the red cross left of the blue circle".
    private static func isTrue(_ text: String, of scene: Scene) -> Bool {
        let named = scene.objects.compactMap { object in text.range(of: object.name).map { (object, $0.lowerBound) } }
            .sorted { $0.1 < $1.1 }.map(\.0)
        guard named.count == 2, let side = Side.allCases.first(where: { text.contains(" \($0.words) ") }) else {
            return false
        }
        let (rows, columns) = (named[0].place.row - named[1].place.row, named[0].place.column - named[1].place.column)
        return switch side {
        case .left: columns < 0
        case .right: columns > 0
        case .above: rows < 0
        case .below: rows > 0
        }
    }

    @Test func trainingNeverShowsWhatIsHeldOut() throws {
        #expect(Kind.heldOut.count >= Kind.all.count / 10)
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("shapes-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        var counts = TrainingSet.Counts()
        (counts.scenes, counts.edits, counts.compositions) = ([60, 60, 60], 200, 100)
        (counts.primers, counts.crowds, counts.askedScenes, counts.drills) = (60, 60, 60, 60)
        try TrainingSet.write(to: folder, counts, seed: 5, negativePrompt: "blurry") { _ in }
        var pictures = 0
        for path in try FileManager.default.subpathsOfDirectory(atPath: folder)
        where path.hasPrefix("pictures/") && path.hasSuffix(".png") {
            let scene = try #require(try SceneReader.read(Image(contentsOf: "\(folder)/\(path)")).scene, "\(path)")
            #expect(scene.objects.allSatisfy { !Kind.heldOut.contains($0.kind) })
            pictures += 1
        }
        #expect(pictures > 400)
        let drills = Drill.allCases.map(\.rawValue)
        let names = ["draw-1", "draw-2", "draw-3", "faint", "edit", "compose", "describe", "crowd"]
        for name in Primer.allCases.map(\.rawValue) + names + drills {
            let text = try String(contentsOfFile: "\(folder)/\(name).jsonl", encoding: .utf8)
            #expect(text.count > 1000)
            for kind in Kind.heldOut { #expect(!text.contains(kind.name), "\(name): \(kind.name)") }
        }
        #expect(throws: ShapesError.self) {
            try TrainingSet.write(to: folder, counts, seed: 5, negativePrompt: "blurry") { _ in }
        }
    }

    @Test func examplesOfASeedAreTheSameAndMoreBeginWithFewer() {
        for task in ShapesTask.allCases {
            let few = ExampleSet.examples(task, count: 12, seed: 7)
            let many = ExampleSet.examples(task, count: 30, seed: 7)
            #expect(few.map(\.instruction) == many.prefix(12).map(\.instruction))
            #expect(few.map(\.output?.scene) == many.prefix(12).map(\.output?.scene))
            let others = ExampleSet.examples(task, count: 12, seed: 8)
            #expect(few.map(\.instruction) != others.map(\.instruction))
            for example in ExampleSet.examples(task, count: 30, seed: 7, heldOut: true) {
                let kinds = (example.inputs + (example.output.map { [$0] } ?? [])).flatMap {
                    $0.objects.map(\.object.kind)
                }
                #expect(kinds.contains { Kind.heldOut.contains($0) })
            }
        }
    }

    @Test func theJudgeSeesWhatIsWrong() throws {
        var random = SeededRandom(seed: 9)
        for index in 0..<200 {
            let example = Example.editing(Edit.Name.allCases[index % 5], objects: 2, &random)
            let output = try #require(example.output)
            #expect(Judge.judge(try output.rendered(), example).isRight)
            // The input is never the result.
            let judgement = Judge.judge(try example.inputs[0].rendered(), example)
            #expect(!judgement.isRight && judgement.fault != nil)
        }
        let question = Example.describing(.count, Picture.random(objects: 2, &random), &random)
        #expect(Judge.judge(" \(question.answer ?? "") \n", question).isRight && !Judge.judge("many", question).isRight)
    }

    /// An object that was to stay, but lies elsewhere in its field.
    @Test func theJudgeSeesThatAnObjectHasMoved() throws {
        var random = SeededRandom(seed: 10)
        let still = Picture.PlacedObject(SceneObject(Kind(.circle, .red), .small, .left), Offset(x: -2, y: 0))
        let other = Picture.PlacedObject(SceneObject(Kind(.square, .blue), .small, .right))
        let picture = Picture(.white, [still, other])
        let example = Example.editing(.remove(other.object), picture, &random)
        var moved = Picture(.white, [still])
        #expect(Judge.judge(try moved.rendered(), example).isRight)
        moved.objects[0].offset.x = 2
        #expect(Judge.judge(try moved.rendered(), example).fault?.contains("has moved") == true)
    }
}
