import Diffusion
import Imaging
import OmniGen2
import Torch

/// The pictures of a shard: each once, encoded together with others of its size.
struct PictureTable {
    /// Mean and logarithm of the variance, each [C, h, w].
    private struct Moments {
        let mean, logVariance: Tensor
    }

    private let encoder: SampleEncoder
    /// Numbers of all means.
    private(set) var numberCount = 0
    private var places: [PictureReader.Request: Int] = [:]
    private var moments: [Moments?] = []
    /// Places and pictures that wait for others of their size.
    private var waiting: [PictureSize: [(place: Int, image: Image)]] = [:]

    init(_ encoder: SampleEncoder) { self.encoder = encoder }

    /// The places of pictures, which are read where they are not known yet.
    ///
    /// - Throws: what `read` throws; none of the pictures is taken in then.
    mutating func add(
        _ requests: [PictureReader.Request], read: (PictureReader.Request) throws -> Image
    ) throws -> [Int] {
        var images: [PictureReader.Request: Image] = [:]
        for request in requests where places[request] == nil && images[request] == nil {
            images[request] = try read(request)
        }
        return try requests.map { request in
            if let place = places[request] { return place }
            let place = moments.count
            places[request] = place
            moments.append(nil)
            if let image = images[request] { try add(image, at: place) }
            return place
        }
    }

    private mutating func add(_ image: Image, at place: Int) throws {
        let size = PictureSize(image)
        numberCount += encoder.latentCount(size)
        waiting[size, default: []].append((place, image))
        if waiting[size]?.count == encoder.batchSize { try encodeWaiting(size) }
    }

    private mutating func encodeWaiting(_ size: PictureSize) throws {
        guard let batch = waiting.removeValue(forKey: size) else { return }
        let pixels = try batch.map { try PixelTensors.tensor($0.image) }
        let posterior = try encoder.posterior(Tensor.concatenated(pixels, 0))
        let (means, variances) = try (posterior.mean.to(.cpu).contiguous(), posterior.logVariance.to(.cpu).contiguous())
        for (index, entry) in batch.enumerated() {
            moments[entry.place] = try Moments(
                mean: means.selected(0, index), logVariance: variances.selected(0, index))
        }
    }

    /// Encodes what still waits.
    mutating func finish() throws {
        for size in waiting.keys.sorted(by: { ($0.width, $0.height) < ($1.width, $1.height) }) {
            try encodeWaiting(size)
        }
    }

    var means: [Tensor] { moments.compactMap { $0?.mean } }
    var logVariances: [Tensor] { moments.compactMap { $0?.logVariance } }
}
