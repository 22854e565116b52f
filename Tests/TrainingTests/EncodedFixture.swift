import Foundation
import Imaging
import OmniGen2
import Torch

@testable import Training

/// A small mixture of samples with pictures, and a folder to encode it to.
struct EncodedFixture {
    let folder: String
    var data: DataOptions
    var output: String { folder + "/encoded" }

    static let model = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("Fixtures/goldens/omnigen2-tiny").path

    /// Nine samples: captions with and without an opening, references of several sizes, a line that is none, pictures
    /// that cannot be read.
    static func with<R>(_ body: (EncodedFixture) throws -> R) throws -> R {
        let captions = """
            {"task_type": "t2i", "instruction": "The image shows a", "output_image": "a.png"}
            {"task_type": "t2i", "instruction": "b", "output_image": "nowhere.png"}
            {"task_type": "t2i", "instruction": "The image depicts a longer thing", "output_image": "c.png"}
            {"task_type": "t2i", "instruction": "b", "output_image": "c.png"}
            {"task_type":
            """
        let edits = """
            {"task_type": "edit", "instruction": "c", "input_images": ["a.png", "b.png"], "output_image": "c.png"}
            {"task_type": "edit", "instruction": "d", "input_images": ["c.png"], "output_image": "b.png"}
            {"task_type": "edit", "instruction": "e", "input_images": ["text.png"], "output_image": "b.png"}
            {"task_type": "edit", "instruction": "f", "input_images": ["b.png"], "output_image": "a.png"}
            """
        let mixture = "data: [{path: captions.jsonl, ratio: 0.6}, {path: edits.jsonl, ratio: 0.4}]"
        return try withFiles([
            "captions.jsonl": captions, "edits.jsonl": edits, "mixture.yml": mixture, "text.png": "no picture",
        ]) { folder in
            for (name, width, height) in [("a", 48, 32), ("b", 32, 64), ("c", 48, 32)] {
                let pixels = (0..<width * height * 3).map {
                    UInt8(truncatingIfNeeded: $0 &* 31 &+ width &* height &+ Int(name.utf8.first ?? 0))
                }
                try Image(width: width, height: height, pixels: pixels).write(to: "\(folder)/\(name).png")
            }
            var data = DataOptions(path: "\(folder)/mixture.yml")
            (data.promptDropout, data.referenceDropout) = (0.5, 0.5)
            return try body(EncodedFixture(folder: folder, data: data))
        }
    }

    func options(_ dtype: DType = .float32) -> TrainingOptions {
        var options = TrainingOptions(data: data, schedule: LearningRateSchedule(rate: 1e-3))
        options.computesInBFloat16 = dtype == .bfloat16
        return options
    }

    /// Encodes the mixture in shards of two samples.
    ///
    /// - Returns: the samples that were left out.
    @Engine @discardableResult
    func encode(_ dtype: DType = .float32, batchSize: Int = 1, model: String = model) throws -> [SampleError] {
        let encoding = try DataEncoding(
            options(dtype), ModelFolder(path: model), DataMixture(path: data.path), device: .cpu, batchSize: batchSize,
            shardSamples: 2)
        var leftOut: [SampleError] = []
        try encoding(to: output, leaveOut: { leftOut.append($0) }, report: { _ in })
        return leftOut
    }
}
