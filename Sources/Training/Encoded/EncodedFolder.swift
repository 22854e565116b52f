import Diffusion
import Layers
import OmniGen2
import Torch

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// A folder that `omnigen2 data encode` wrote: samples as the transformer reads them, in shards, and a document about them.
package struct EncodedFolder: Sendable {
    static let droppedFile = "dropped.safetensors"
    static let droppedName = "states"

    package let path: String
    package let mixture: DataMixture<EncodedFile>
    let document: EncodedDocument
    let dtype: DType
    let autoencoder: AutoencoderConfiguration

    /// Whether a folder holds encoded samples.
    package static func exists(at path: String) -> Bool {
        FileManager.default.fileExists(atPath: "\(path)/\(EncodedDocument.name)")
    }

    /// Opens every shard; their samples are read from the mapped files when they are needed.
    ///
    /// - Throws: `TrainingError.data` for a document that cannot be read, `SafetensorsError` for a damaged shard.
    package init(path: String) throws {
        let document = try Self.document(path)
        func wrong(_ reason: String) -> TrainingError {
            TrainingError.data(path: "\(path)/\(EncodedDocument.name)", reason: reason)
        }
        guard let dtype = ElementType(rawValue: document.elementType).flatMap(DType.init), dtype.isFloatingPoint else {
            throw wrong("unknown element type \(document.elementType)")
        }
        let autoencoder: AutoencoderConfiguration
        do {
            autoencoder = try document.autoencoder.decoded(AutoencoderConfiguration.self)
        } catch {
            throw wrong("its autoencoder cannot be read: \(error)")
        }
        let parts = try document.parts.map { part in
            let samples = part.shards.map(\.samples)
            // Larger numbers would not be counted but overflow.
            guard samples.allSatisfy((1...1 << 32).contains), samples.count <= 1 << 20,
                samples.reduce(0, +) == part.samples,
                (0...part.samples).contains(part.samplesPerEpoch), part.shards.allSatisfy({ !$0.file.contains("/") })
            else { throw wrong("the shards of \(part.path) do not hold its samples") }
            let shards = try part.shards.map {
                try EncodedShard(
                    path: "\(path)/\($0.file)", samples: $0.samples, dtype, channels: autoencoder.latentChannels,
                    textFeatures: document.textFeatures)
            }
            return DataMixture<EncodedFile>.Part(file: EncodedFile(part, shards), count: part.samplesPerEpoch)
        }
        (self.path, self.document, self.dtype, self.autoencoder) = (path, document, dtype, autoencoder)
        mixture = DataMixture(parts: parts)
    }

    private static func document(_ folder: String) throws -> EncodedDocument {
        struct Version: Decodable {
            let version: Int
        }
        let path = "\(folder)/\(EncodedDocument.name)"
        guard let data = FileManager.default.contents(atPath: path) else {
            throw TrainingError.data(path: path, reason: "cannot be read")
        }
        let version = try? JSONDecoder().decode(Version.self, from: data).version
        if let version, version != EncodedDocument.currentVersion {
            throw TrainingError.data(
                path: path, reason: "is of version \(version), this program reads \(EncodedDocument.currentVersion)")
        }
        do {
            return try JSONDecoder().decode(EncodedDocument.self, from: data)
        } catch {
            throw TrainingError.data(path: path, reason: "cannot be read: \(error)")
        }
    }

    /// Checks that the samples are those that a run from pictures would read. Weights of the autoencoder and of the
    /// language model are compared, not loaded.
    ///
    /// - Parameter report: is told what differs without harm, and what cannot be compared.
    /// - Throws: `TrainingError.data` for samples of another model or other options.
    func requireFit(
        _ model: ModelFolder, _ options: DataOptions, _ dtype: DType, report: (String) -> Void
    ) throws {
        func wrong(_ reason: String) -> TrainingError { TrainingError.data(path: path, reason: reason) }
        if let difference = document.reading.difference(from: EncodedDocument.Reading(options)) {
            throw wrong(difference)
        }
        let transformer = try model.transformerConfiguration()
        guard transformer.textFeatureSize == document.textFeatures, transformer.patchSize == document.patchSize,
            transformer.inChannels == autoencoder.latentChannels
        else { throw wrong("was encoded for a transformer of other sizes than that of \(model.path)") }
        let (different, missing) = try document.model.comparison(with: model)
        guard different.isEmpty else {
            let parts = different.joined(separator: ", ")
            throw wrong("was encoded with another model: its \(parts) is not that of \(model.path)")
        }
        if !missing.isEmpty {
            let parts = missing.joined(separator: ", ")
            report("\(model.path) has no \(parts): whether \(path) was encoded with them is not known")
        }
        if dtype != self.dtype {
            report("\(path) was encoded in \(document.elementType), the run computes in \(ElementType(dtype).rawValue)")
        }
    }

    /// The files the samples were encoded from, to draw some of them again; nil where they are no longer there.
    ///
    /// - Parameter report: is told so.
    package func originals(report: (String) -> Void) -> DataMixture<SampleFile>? {
        do {
            return DataMixture(
                parts: try document.parts.map { part in
                    let file = try SampleFile(path: part.path, imageFolder: part.imageFolder)
                    return DataMixture<SampleFile>.Part(file: file, count: min(file.count, part.samplesPerEpoch))
                })
        } catch {
            report("no samples will be drawn: what \(path) was encoded from cannot be read: \(error)")
            return nil
        }
    }

    /// States of a prompt that was dropped, [L, D].
    func droppedStates() throws -> Tensor {
        let file = try SafetensorsFile(path: "\(path)/\(Self.droppedFile)")
        guard let states = try CheckpointSource.tensor(Self.droppedName, in: file), states.shape.count == 2,
            states.size(1) == document.textFeatures
        else {
            throw SafetensorsError(
                file: file.path, tensor: Self.droppedName, reason: "is not [tokens, \(document.textFeatures)]")
        }
        return try states.clone()
    }
}
