import Diffusion
import Imaging
import Layers
import OmniGen2
import Torch

/// Takes samples and writes them as one shard; `EncodedShard` says how.
struct ShardBuilder {
    private let encoder: SampleEncoder
    private var pictures: PictureTable
    private var texts = TextTable()
    private var samples: [Int] = []
    private var references: [Int] = []
    private var referenceStarts = [0]

    init(_ encoder: SampleEncoder) {
        self.encoder = encoder
        pictures = PictureTable(encoder)
    }

    /// Samples, also those that were left out.
    var count: Int { samples.count / EncodedShard.columns }

    /// About what the tensors take.
    var byteCount: Int {
        (2 * pictures.numberCount + texts.tokenCount * encoder.textFeatures) * encoder.dtype.byteCount
    }

    /// Takes a sample in.
    ///
    /// - Throws: `SampleError` when its pictures cannot be read; it is to be left out then.
    mutating func add(_ sample: TrainingSample) throws {
        try sample.requireReferencesFit()
        let requests = try encoder.pictures.inputRequests(sample) + [encoder.pictures.outputRequest(sample)]
        let places = try pictures.add(requests) { try encoder.pictures.image($0, of: sample) }
        let text = texts.add(try encoder.tokens(sample.instruction))
        let shorter = sample.instructionWithoutOpening
        samples += [
            places[places.count - 1], text,
            shorter == sample.instruction ? text : texts.add(try encoder.tokens(shorter)),
        ]
        references += places.dropLast()
        referenceStarts.append(references.count)
    }

    mutating func leaveOut(_ gap: EncodedShard.Gap) {
        samples += [gap.rawValue, 0, 0]
        referenceStarts.append(references.count)
    }

    /// Encodes what is left to be encoded, and writes the file.
    mutating func write(to path: String) throws {
        try pictures.finish()
        let states = try texts.states(encoder) { try Task.checkCancellation() }
        let type = ElementType(encoder.dtype)
        func numbers(_ name: String, _ tensors: [Tensor], width: Int? = nil) -> SafetensorsWriter.Tensor {
            let count = tensors.reduce(0) { $0 + $1.count }
            return SafetensorsWriter.Tensor(
                name: name, elementType: type, shape: width.map { [count / max($0, 1), $0] } ?? [count],
                withBytes: { body in for tensor in tensors { try tensor.withBytes(body) } })
        }
        func integers(_ name: String, _ values: [Int], width: Int? = nil) -> SafetensorsWriter.Tensor {
            SafetensorsWriter.Tensor(
                name: name, elementType: .int64, shape: width.map { [values.count / $0, $0] } ?? [values.count],
                withBytes: { body in
                    try values.map { Int64($0).littleEndian }.withUnsafeBytes { try body($0) }
                })
        }
        func starts(_ counts: [Int]) -> [Int] {
            counts.reduce(into: [0]) { $0.append($0[$0.count - 1] + $1) }
        }
        let means = pictures.means
        try SafetensorsWriter.write(
            [
                numbers("means", means), numbers("log_variances", pictures.logVariances),
                numbers("states", states, width: encoder.textFeatures),
                integers("picture_starts", starts(means.map(\.count))),
                integers("picture_sizes", means.flatMap { [$0.size(1), $0.size(2)] }, width: 2),
                integers("text_starts", starts(states.map { $0.size(0) })),
                integers("samples", samples, width: EncodedShard.columns), integers("references", references),
                integers("reference_starts", referenceStarts),
            ], to: path)
    }
}
