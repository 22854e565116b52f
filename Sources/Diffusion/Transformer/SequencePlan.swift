import Layers
import Torch

/// Which rows of a packed batch hold what: each sample is text, then references, then the image.
package struct SequencePlan {
    package let grids: [PatchGrid]
    package let textRanges: [Range<Int>]
    /// For each sample, the rows of each of its references.
    package let referenceRanges: [[Range<Int>]]
    package let imageRanges: [Range<Int>]
    package let places: [AxialPositions.Place]
    /// The different timesteps of the batch, and which of them each sample has.
    package let timesteps: [Float]
    package let timeRows: [Int]

    /// - Throws: `ConfigurationError` for a latent that cannot be cut into patches or too many references.
    package init(_ samples: [Transformer.Sample], _ patchSize: Int) throws {
        for sample in samples where sample.references.count > TransformerConfiguration.maximumReferences {
            throw ConfigurationError(
                "at most \(TransformerConfiguration.maximumReferences) reference images, got \(sample.references.count)"
            )
        }
        let grids = try samples.map { try Patches.grid($0.latent, patchSize) }
        let references = try samples.map { try $0.references.map { try Patches.grid($0, patchSize) } }
        let textLengths = samples.map { $0.text.size(0) }
        self.init(textLengths: textLengths, references: references, grids: grids, timesteps: samples.map(\.timestep))
    }

    package init(
        textLengths: [Int], references: [[PatchGrid]], grids: [PatchGrid], timesteps: [Float]
    ) {
        self.grids = grids
        var start = 0
        func take(_ count: Int) -> Range<Int> {
            defer { start += count }
            return start..<start + count
        }
        var text: [Range<Int>] = []
        var reference: [[Range<Int>]] = []
        var image: [Range<Int>] = []
        for index in grids.indices {
            text.append(take(textLengths[index]))
            reference.append(references[index].map { take($0.count) })
            image.append(take(grids[index].count))
        }
        (textRanges, referenceRanges, imageRanges) = (text, reference, image)
        places = grids.indices.flatMap {
            AxialPositions.places(textLength: textLengths[$0], references: references[$0], image: grids[$0])
        }
        var distinct: [Float] = []
        for timestep in timesteps where !distinct.contains(timestep) { distinct.append(timestep) }
        self.timesteps = distinct
        timeRows = timesteps.map { distinct.firstIndex(of: $0) ?? 0 }
    }

    package var hasReferences: Bool { referenceRanges.contains { !$0.isEmpty } }

    /// The timestep row of each reference.
    package var referenceTimeRows: [Int] {
        zip(timeRows, referenceRanges).flatMap { row, ranges in ranges.map { _ in row } }
    }

    /// The rows of `table` that `ranges` name, end to end.
    package func positions(_ ranges: [Range<Int>], of table: RotaryPositions) throws -> RotaryPositions {
        try RotaryPositions.concatenated(ranges.map { try table.rows($0) })
    }

    /// The image tokens of each sample.
    func images(of joint: PackedTokens) throws -> PackedTokens {
        let sizes = zip(joint.lengths, imageRanges).flatMap { [$0 - $1.count, $1.count] }
        let parts = try joint.tokens.split(sizes, 0)
        return try PackedTokens(stride(from: 1, to: parts.count, by: 2).map { parts[$0] })
    }

    /// Puts the refined parts of each sample next to each other.
    package func join(
        _ text: PackedTokens, _ references: PackedTokens?, _ noise: PackedTokens
    ) throws -> PackedTokens {
        let (texts, noises) = (try text.sequences(), try noise.sequences())
        var remaining = try references?.sequences()[...] ?? []
        var parts: [Tensor] = []
        for index in grids.indices {
            let count = referenceRanges[index].count
            parts += [texts[index]] + remaining.prefix(count) + [noises[index]]
            remaining = remaining.dropFirst(count)
        }
        let lengths = grids.indices.map { imageRanges[$0].upperBound - textRanges[$0].lowerBound }
        return PackedTokens(try Tensor.concatenated(parts, 0), lengths: lengths)
    }
}
