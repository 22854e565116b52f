import Diffusion
import Layers
import Torch

/// A safetensors file of encoded samples, mapped into memory. However many samples there are, it has these tensors:
///
/// - `means`, `log_variances` [numbers]: of the posteriors of all pictures, each [C, h, w], end to end;
///   `picture_sizes` [pictures, 2] of int64: h and w.
/// - `picture_starts` [pictures + 1] of int64: where each picture begins in the two.
/// - `states` [tokens, D]: of all texts, end to end; `text_starts` [texts + 1] of int64.
/// - `samples` [samples, 3] of int64: picture to be drawn, text, and text without the opening of a caption. Instead of the
///   picture stands -1 where the line was no sample, -2 where its pictures could not be read.
/// - `references` of int64: pictures that belong to samples, end to end; `reference_starts` [samples + 1] of int64.
///
/// Samples share pictures and texts that are the same.
package final class EncodedShard: Sendable {
    /// Why a sample has been left out.
    enum Gap: Int {
        case noSample = -1
        case unreadable = -2
    }

    static let columns = 3

    let file: SafetensorsFile
    private let dtype: DType
    private let channels: Int
    private let textFeatures: Int
    private let pictureStarts, pictureSizes, textStarts, samples, referenceStarts, references: IntegerTable

    /// - Throws: `SafetensorsError` for a file that is damaged, or is not what the document says.
    init(path: String, samples count: Int, _ dtype: DType, channels: Int, textFeatures: Int) throws {
        file = try SafetensorsFile(path: path)
        (self.dtype, self.channels, self.textFeatures) = (dtype, channels, textFeatures)
        pictureStarts = try IntegerTable(file, "picture_starts")
        pictureSizes = try IntegerTable(file, "picture_sizes")
        textStarts = try IntegerTable(file, "text_starts")
        samples = try IntegerTable(file, "samples")
        referenceStarts = try IntegerTable(file, "reference_starts")
        references = try IntegerTable(file, "references")
        try validate(count)
    }

    private func validate(_ count: Int) throws(SafetensorsError) {
        let numbers = try shape("means", 1)[0]
        let states = try shape("states", 2)
        let pictures = pictureSizes.count / 2
        try require(try shape("log_variances", 1)[0] == numbers, "log_variances", "is not as long as the means")
        try require(states[1] == textFeatures, "states", "has rows of \(states[1]) numbers, not \(textFeatures)")
        try require(pictureStarts.count == pictures + 1, "picture_starts", "is not one longer than picture_sizes")
        try pictureStarts.requireRanges(upTo: numbers)
        for index in 0..<pictures {
            let (height, width) = (pictureSizes[2 * index], pictureSizes[2 * index + 1])
            let isSize = ConfigurationLimits.size.contains(height) && ConfigurationLimits.size.contains(width)
            try require(
                isSize && pictureStarts.range(index).count == channels * height * width, "picture_sizes",
                "picture \(index) is not of the size it takes")
        }
        try textStarts.requireRanges(upTo: states[0])
        try require(samples.count == Self.columns * count, "samples", "does not hold the \(count) samples listed")
        for index in 0..<count where gap(index) == nil {
            let row = (0..<Self.columns).map { samples[Self.columns * index + $0] }
            let isInside = (0..<pictures).contains(row[0]) && row[1...].allSatisfy((0..<textStarts.count - 1).contains)
            try require(isInside, "samples", "sample \(index) lies outside")
        }
        try require(referenceStarts.count == count + 1, "reference_starts", "does not hold \(count) samples")
        try referenceStarts.requireRanges(upTo: references.count)
        for index in 0..<references.count {
            try require((0..<pictures).contains(references[index]), "references", "entry \(index) lies outside")
        }
    }

    /// The shape of a tensor of states or latents.
    private func shape(_ name: String, _ dimensions: Int) throws(SafetensorsError) -> [Int] {
        guard let entry = file.entries[name] else {
            throw SafetensorsError(file: file.path, tensor: name, reason: "is missing")
        }
        try require(
            entry.elementType == ElementType(dtype) && entry.shape.count == dimensions, name,
            "is not of type \(ElementType(dtype).rawValue) with \(dimensions) dimensions")
        return entry.shape
    }

    private func require(_ condition: Bool, _ tensor: String, _ reason: String) throws(SafetensorsError) {
        guard condition else { throw SafetensorsError(file: file.path, tensor: tensor, reason: reason) }
    }

    // MARK: Samples

    /// Why there is no sample at a place; `nil` if there is one.
    func gap(_ index: Int) -> Gap? { Gap(rawValue: samples[Self.columns * index]) }

    /// The picture to be drawn.
    func output(_ index: Int) throws -> Autoencoder.Posterior { try posterior(samples[Self.columns * index]) }

    func references(_ index: Int) throws -> [Autoencoder.Posterior] {
        try referenceStarts.range(index).map { try posterior(references[$0]) }
    }

    /// States of the instruction, [L, D].
    func states(_ index: Int, withoutOpening: Bool) throws -> Tensor {
        let range = textStarts.range(samples[Self.columns * index + (withoutOpening ? 2 : 1)])
        return try copy("states", range.lowerBound * textFeatures, [range.count, textFeatures])
    }

    private func posterior(_ picture: Int) throws -> Autoencoder.Posterior {
        let shape = [1, channels, pictureSizes[2 * picture], pictureSizes[2 * picture + 1]]
        let start = pictureStarts.range(picture).lowerBound
        return Autoencoder.Posterior(
            mean: try copy("means", start, shape), logVariance: try copy("log_variances", start, shape))
    }

    /// A part of a tensor in memory of its own, which is aligned as that of any other tensor.
    private func copy(_ name: String, _ start: Int, _ shape: [Int]) throws -> Tensor {
        guard let entry = file.entries[name], let memory = try file.bytes(of: entry).baseAddress, !shape.contains(0)
        else { return try Tensor.empty(shape, dtype: dtype) }
        return try Tensor.wrapping(memory + start * dtype.byteCount, shape, dtype, owner: file).clone()
    }
}
