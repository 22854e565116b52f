import Diffusion
import Layers
import OmniGen2
import Torch

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Encodes every sample of a mixture once, and writes them to a folder that `EncodedFolder` opens.
@Engine
package struct DataEncoding {
    /// What has been done.
    package struct Progress: Sendable {
        package let samples: Int
        package let total: Int
        package let leftOut: Int
    }

    private let options: TrainingOptions
    private let model: ModelFolder
    private let encoder: SampleEncoder
    private let mixture: DataMixture<SampleFile>
    /// A shard is closed when it has so many samples, or takes so much memory.
    private let shardSamples: Int
    private static let shardBytes = 256 << 20
    /// Samples between two reports.
    private static let reportInterval = 256

    /// - Parameters:
    ///   - options: of the run; its number type is that of the folder.
    ///   - batchSize: pictures and prompts that are computed together.
    package init(
        _ options: TrainingOptions, _ model: ModelFolder, _ mixture: DataMixture<SampleFile>, device: Device,
        batchSize: Int, shardSamples: Int = 4096
    ) throws {
        (self.options, self.model, self.mixture, self.shardSamples) = (options, model, mixture, shardSamples)
        encoder = try SampleEncoder(model, options.data, options.dtype, device, batchSize: batchSize)
    }

    /// Writes the folder. Cancelling the task leaves nothing behind.
    ///
    /// - Parameters:
    ///   - leaveOut: is told of each sample that cannot be read, and why.
    ///   - report: is told now and then how far the work is, and at its end.
    /// - Returns: what was done.
    @discardableResult
    package func callAsFunction(
        to path: String, leaveOut: (SampleError) -> Void, report: (Progress) -> Void
    ) throws -> Progress {
        let folder = try AtomicFolder(path: path)
        try writeDropped(to: folder)
        let total = mixture.parts.reduce(0) { $0 + $1.file.count }
        var progress = Progress(samples: 0, total: total, leftOut: 0)
        var parts: [EncodedDocument.Part] = []
        for part in mixture.parts {
            parts.append(
                try encode(part, parts.count, in: folder) { error in
                    if let error { leaveOut(error) }
                    progress = Progress(
                        samples: progress.samples + 1, total: total,
                        leftOut: progress.leftOut + (error == nil ? 0 : 1))
                    if progress.samples % Self.reportInterval == 0 { report(progress) }
                })
        }
        try folder.write(document(parts), to: EncodedDocument.name)
        try folder.commit()
        report(progress)
        return progress
    }

    /// Encodes a file of samples.
    ///
    /// - Parameter done: is called after each sample, with what is wrong with it.
    private func encode(
        _ part: DataMixture<SampleFile>.Part, _ number: Int, in folder: AtomicFolder, done: (SampleError?) -> Void
    ) throws -> EncodedDocument.Part {
        var shards: [EncodedDocument.Shard] = []
        var builder = ShardBuilder(encoder)
        var leftOut = 0
        for index in 0..<part.file.count {
            try Task.checkCancellation()
            let error = try add(part.file, index, to: &builder)
            if error != nil { leftOut += 1 }
            done(error)
            let isLast = index == part.file.count - 1
            if isLast || builder.count == shardSamples || builder.byteCount >= Self.shardBytes {
                let shard = EncodedDocument.Shard(
                    file: "part-\(number)-shard-\(shards.count).safetensors", samples: builder.count)
                try builder.write(to: "\(folder.temporaryPath)/\(shard.file)")
                shards.append(shard)
                builder = ShardBuilder(encoder)
            }
        }
        func absolute(_ path: String) -> String {
            path.hasPrefix("/") ? path : FileManager.default.currentDirectoryPath + "/" + path
        }
        return EncodedDocument.Part(
            path: absolute(part.file.path), imageFolder: part.file.imageFolder.map(absolute),
            samples: part.file.count, samplesPerEpoch: part.count, leftOut: leftOut, shards: shards)
    }

    /// - Returns: what is wrong with the sample, which is left out then.
    private func add(_ file: SampleFile, _ index: Int, to builder: inout ShardBuilder) throws -> SampleError? {
        let sample: TrainingSample
        do throws(SampleError) {
            sample = try file[index]
        } catch {
            builder.leaveOut(.noSample)
            return error
        }
        do {
            try builder.add(sample)
            return nil
        } catch let error as SampleError {
            builder.leaveOut(.unreadable)
            return error
        }
    }

    private func writeDropped(to folder: AtomicFolder) throws {
        let states = try encoder.states([encoder.tokens(nil)])[0]
        let tensor = SafetensorsWriter.Tensor(
            name: EncodedFolder.droppedName, elementType: ElementType(states.dtype), shape: states.shape,
            withBytes: { try states.withBytes($0) })
        try SafetensorsWriter.write([tensor], to: "\(folder.temporaryPath)/\(EncodedFolder.droppedFile)")
    }

    private func document(_ parts: [EncodedDocument.Part]) throws -> Data {
        let document = EncodedDocument(
            version: EncodedDocument.currentVersion, elementType: ElementType(encoder.dtype).rawValue,
            textFeatures: encoder.textFeatures, autoencoder: try model.configurationDocument(.vae),
            patchSize: encoder.patchSize, batchSize: encoder.batchSize, model: try ModelFingerprint(model),
            reading: EncodedDocument.Reading(options.data), parts: parts)
        let json = JSONEncoder()
        json.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return try json.encode(document) + Data("\n".utf8)
    }
}

extension EncodedFolder {
    /// Checks that a folder may be written.
    ///
    /// - Throws: `GenerationError.output` when something is there that is not to be replaced.
    package static func requireFree(_ path: String, replaces: Bool) throws {
        let manager = FileManager.default
        guard manager.fileExists(atPath: path),
            (try? manager.contentsOfDirectory(atPath: path))?.isEmpty != true
        else { return }
        guard replaces else { throw GenerationError.output("\(path) exists; pass --force to replace it") }
        guard exists(at: path) else {
            throw GenerationError.output("\(path) holds no encoded samples and is not replaced")
        }
    }
}
