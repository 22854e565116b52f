import Imaging
import OmniGen2

/// Looks at every sample of a mixture without training on it.
package struct DataCheck {
    /// What was found of one kind of task.
    package struct Statistics: Equatable, Sendable {
        package var samples = 0
        /// How many samples have 0, 1, 2 ... references.
        package var references: [Int: Int] = [:]
        /// How many results have a size, by "width x height".
        package var sizes: [PictureSize: Int] = [:]
    }

    /// What was found.
    package struct Report: Sendable {
        package var samples = 0
        /// Samples that cannot be trained on, one line each.
        package var problems: [String] = []
        /// Samples that can, but probably should not.
        package var warnings: [String] = []
        package var statistics: [String: Statistics] = [:]
    }

    private let options: DataOptions
    private var report = Report()
    /// Where each result was seen first.
    private var outputs: [String: String] = [:]
    /// Sizes of pictures, or what is wrong with them.
    private var pictures: [String: Result<PictureSize, ImageError>] = [:]

    /// Pictures of so many samples are read on all cores, then the samples are looked at in their order.
    private static let samplesAtOnce = 1024

    private init(_ options: DataOptions) { self.options = options }

    /// - Parameter progress: is told the samples that were looked at, and how many there are.
    /// - Throws: `CancellationError`, and what the mixture throws.
    package static func run(
        _ options: DataOptions, progress: @Sendable (Int, Int) -> Void = { _, _ in }
    ) async throws -> Report {
        var check = DataCheck(options)
        let mixture = try DataMixture(path: options.path) { check.report.warnings.append($0) }
        let total = mixture.parts.reduce(0) { $0 + $1.file.count }
        for part in mixture.parts {
            for start in stride(from: 0, to: part.file.count, by: samplesAtOnce) {
                try Task.checkCancellation()
                let samples = (start..<min(start + samplesAtOnce, part.file.count)).map { index in
                    Result { () throws(SampleError) in try part.file[index] }
                }
                try await check.readPictures(of: samples)
                for sample in samples {
                    check.look(at: sample)
                    progress(check.report.samples, total)
                }
            }
        }
        return check.report
    }

    /// Reads the pictures that are not known yet.
    private mutating func readPictures(of samples: [Result<TrainingSample, SampleError>]) async throws {
        var wanted: Set<String> = []
        for case .success(let sample) in samples where sample.inputImages.count <= GenerationRequest.maximumReferences {
            for path in sample.inputImages + [sample.outputImage].compactMap({ $0 }) where pictures[path] == nil {
                wanted.insert(path)
            }
        }
        pictures.merge(try await PictureSizes.read(wanted)) { known, _ in known }
    }

    private mutating func look(at sample: Result<TrainingSample, SampleError>) {
        report.samples += 1
        do throws(SampleError) {
            try look(at: sample.get())
        } catch {
            report.problems.append("\(error)")
        }
    }

    private mutating func look(at sample: TrainingSample) throws(SampleError) {
        if sample.instruction.allSatisfy(\.isWhitespace) { report.warnings.append("\(sample.origin): no instruction") }
        try sample.requireReferencesFit()
        for (index, path) in sample.inputImages.enumerated() {
            let limit = options.maximumInputPixels(of: sample.inputImages.count)
            try requireSize(path, "input_images[\(index)]", limit, sample)
        }
        var size: PictureSize?
        if let output = sample.outputImage {
            size = try requireSize(output, "output_image", options.maximumOutputPixels, sample)
        }
        if let output = sample.outputImage, let first = outputs.updateValue(sample.origin, forKey: output) {
            outputs[output] = first
            report.warnings.append("\(sample.origin): output_image is that of \(first)")
        }
        report.statistics[sample.taskType, default: Statistics()].samples += 1
        report.statistics[sample.taskType]?.references[sample.inputImages.count, default: 0] += 1
        if let size { report.statistics[sample.taskType]?.sizes[size, default: 0] += 1 }
    }

    /// The size of a picture that can be read and is large enough.
    @discardableResult
    private func requireSize(
        _ path: String, _ name: String, _ maximumPixels: Int, _ sample: TrainingSample
    ) throws(SampleError) -> PictureSize {
        let size: PictureSize
        switch pictures[path] ?? PictureSizes.read(path) {
        case .success(let found): size = found
        case .failure(let error): throw SampleError(origin: sample.origin, reason: "\(name): \(error)")
        }
        let fitted = size.fitted(maxPixels: maximumPixels, maxSide: options.maximumSide, multiple: 16)
        guard fitted.width > 0, fitted.height > 0 else {
            throw SampleError(
                origin: sample.origin, reason: "\(name): \(path) of \(size.width)x\(size.height) is too small or narrow"
            )
        }
        return size
    }
}

extension DataOptions {
    /// The largest reference of a sample with so many.
    package func maximumInputPixels(of count: Int) -> Int {
        maximumInputPixels[min(max(count, 1), maximumInputPixels.count) - 1]
    }
}
