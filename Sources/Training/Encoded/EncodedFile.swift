import Layers

/// The encoded samples of one file, by their place in it.
package struct EncodedFile: SampleCollection {
    /// A place in a shard.
    package struct Sample: Sendable {
        let shard: EncodedShard
        let index: Int
        /// For errors.
        let origin: String
    }

    package let count: Int
    private let path: String
    private let shards: [EncodedShard]
    /// The first sample of each shard.
    private let starts: [Int]

    init(_ part: EncodedDocument.Part, _ shards: [EncodedShard]) {
        path = part.path
        count = part.samples
        self.shards = shards
        var start = 0
        starts = part.shards.map { shard in
            defer { start += shard.samples }
            return start
        }
    }

    /// - Throws: `SampleError` where the line was no sample. Where it was one that could not be read, reading it throws, as
    ///   reading its pictures would.
    package subscript(index: Int) -> Sample {
        get throws(SampleError) {
            let shard = shard(of: index)
            let sample = Sample(
                shard: shards[shard], index: index - starts[shard], origin: "\(path): sample \(index + 1)")
            if sample.shard.gap(sample.index) == .noSample { throw sample.leftOut }
            return sample
        }
    }

    /// The last shard that begins at a sample or before it.
    private func shard(of index: Int) -> Int {
        var range = 0..<starts.count
        while range.count > 1 {
            let middle = range.lowerBound + range.count / 2
            range = starts[middle] <= index ? middle..<range.upperBound : range.lowerBound..<middle
        }
        return range.lowerBound
    }
}

extension EncodedFile.Sample {
    var leftOut: SampleError { SampleError(origin: origin, reason: "was left out when the data was encoded") }
}
