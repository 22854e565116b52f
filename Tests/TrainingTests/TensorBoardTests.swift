import Foundation
import Imaging
import Testing

@testable import Training

@Suite struct TensorBoardTests {
    /// RFC 3720, appendix B.4, and the usual check of a polynomial.
    private static let checksums: [([UInt8], UInt32)] = [
        (Array("123456789".utf8), 0xE306_9283), ([], 0), (Array(repeating: 0, count: 32), 0x8A91_36AA),
        (Array(repeating: 0xFF, count: 32), 0x62A8_AB43), (Array(0..<32), 0x46DD_794E),
        (Array((0..<32).reversed()), 0x113F_DB5C),
    ]

    @Test(arguments: checksums)
    func checksumsAreThoseOfCastagnolisPolynomial(bytes: [UInt8], checksum: UInt32) {
        #expect(CRC32C.checksum(bytes) == checksum)
    }

    /// What TensorBoard's own writer makes of these three bytes.
    @Test func aRecordHasTheBytesOfTensorBoards() throws {
        let record = EventRecord.bytes(Array("abc".utf8))
        #expect(record == [3, 0, 0, 0, 0, 0, 0, 0, 176, 153, 73, 14, 97, 98, 99, 110, 87, 241, 33])
        #expect(
            try EventReader.records(record + record + record.dropLast()) == Array(repeating: [97, 98, 99], count: 2))
        var damaged = record
        damaged[13] ^= 1
        #expect(throws: EventReader.Problem.self) { try EventReader.records(damaged) }
    }

    @Test(arguments: [0, 1, 127, 128, 300, Int.max, -1])
    func numbersOfAnySizeAreReadBack(number: Int) throws {
        var message = ProtobufMessage()
        message.add(5, number)
        message.add(16, "é")
        message.add(2, Float(1.5))
        message.add(1, 2.5)
        let fields = try EventReader.fields(message.bytes)
        #expect(fields[5]?.first?.number == UInt64(bitPattern: Int64(number)) && fields[16]?.first?.text == "é")
        #expect(fields[2]?.first?.number == UInt64(Float(1.5).bitPattern))
        #expect(fields[1]?.first?.number == 2.5.bitPattern)
        if number == 300 { #expect(Array(message.bytes.prefix(3)) == [0x28, 0xAC, 0x02]) }
    }

    private static func metrics(_ step: Int, loss: Double) -> StepMetrics {
        StepMetrics(
            step: step, loss: loss, gradientNorm: 2, rate: 1e-3, seconds: 0.5, skipped: 3, measures: ["accuracy": 0.25])
    }

    private static func sample(_ instruction: String) -> TrainingSample {
        TrainingSample(
            taskType: "t2i", instruction: instruction, inputImages: [], outputImage: "x", outputText: nil, origin: "d:1"
        )
    }

    @Test func aRunThatGoesOnShowsEachStepOnce() throws {
        try withFiles([:]) { folder in
            let logs = "\(folder)/logs"
            let image = try Image(width: 2, height: 1, pixels: [1, 2, 3, 4, 5, 6])
            let first = try TensorBoardLog(folder: logs, firstStep: 1)
            for step in 1...5 { try first.write(Self.metrics(step, loss: Double(step))) }
            try first.write([SampleResult(Self.sample("a"), .picture(image))], step: 2)
            try first.write([SampleResult(Self.sample("a"), .picture(image))], step: 4)
            // The crash fell into a record.
            let name = try #require(try FileManager.default.contentsOfDirectory(atPath: logs).first)
            try RunFile.append([9, 0, 0, 0, 0, 0, 0, 0, 1, 2], to: "\(logs)/\(name)")

            let second = try TensorBoardLog(folder: logs, firstStep: 4)
            for step in 4...6 { try second.write(Self.metrics(step, loss: Double(step) + 0.5)) }
            try second.write([SampleResult(Self.sample("b"), .answer("yes"))], step: 6)

            let shown = try EventReader.shown(logs)
            #expect(shown["loss"]?.map(\.step) == Array(1...6))
            #expect(shown["loss"]?.map(\.scalar) == [1, 2, 3, 4.5, 5.5, 6.5])
            #expect(shown["accuracy"]?.map(\.scalar) == Array(repeating: 0.25, count: 6))
            #expect(
                Set(shown.keys) == [
                    "loss", "grad_norm", "lr", "seconds_per_step", "skipped", "accuracy", "samples/0",
                ])
            #expect(shown["samples/0"]?.map(\.step) == [2, 6] && shown["samples/0"]?[1].text == "b\n\nyes")
            let png = try #require(shown["samples/0"]?[0].picture)
            #expect(try Image.decode(png) == image)
        }
    }
}
