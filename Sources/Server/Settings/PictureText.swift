import Imaging
import OmniGen2

/// What pictures say about how they were made.
package struct PictureText: Sendable {
    /// As clients know the model; where it lies is not theirs to know.
    package var modelName: String
    /// What stands in for parts of it; of their paths only the last components are told.
    package var files: ModelFiles
    package var precision: OmniGen2.Precision
    package var quantization: OmniGen2.Quantization?

    package init(
        modelName: String, files: ModelFiles = ModelFiles(), precision: OmniGen2.Precision,
        quantization: OmniGen2.Quantization?
    ) {
        (self.modelName, self.precision, self.quantization) = (modelName, precision, quantization)
        self.files = files.withoutFolders
    }

    /// In the words that most tools read, and as `omnigen2 generate --from` and `edit --from` do.
    ///
    /// - Parameters:
    ///   - index: which of a job's pictures it is.
    ///   - editing: the pictures that it was made from.
    func entries(
        of image: Image, _ index: Int, _ settings: PictureSettings, _ editing: EditingRecord?
    ) throws -> [(key: String, value: String)] {
        let model = files.coverEveryPart ? ModelLocation.none : modelName
        var record = GenerationRecord(settings.request, model: model, dtype: precision)
        if !files.isEmpty { record.files = files }
        (record.width, record.height) = (image.width, image.height)
        (record.quantization, record.editing, record.index) = (quantization, editing, index)
        // The preset is not named: what it stands for is, and the weights are rounded as the server's are.
        if !settings.adapters.isEmpty {
            record.adapters = settings.adapters.map { Adapter(path: $0.name, scale: $0.scale) }
        }
        return [("parameters", settings.infotext(image, model: modelName)), try record.entry()]
    }
}

extension ModelFiles {
    fileprivate var withoutFolders: ModelFiles {
        func name(_ path: String?) -> String? { path?.split(separator: "/").last.map(String.init) }
        var files = self
        files.transformer = name(transformer)
        files.vae = name(vae)
        files.mllm = name(mllm)
        files.processor = name(processor)
        return files
    }
}

extension EditingRecord {
    /// Pictures have no names here, but numbers, as under a job's address.
    ///
    /// - Returns: `nil` where there are none.
    init?(_ request: GenerationRequest, _ inputs: PictureInputs) {
        guard !inputs.images.isEmpty else { return nil }
        self.init()
        sources = inputs.images.enumerated().map { SourceFile(path: "input-\($0.offset)", sha256: nil) }
        mask = inputs.mask.map { _ in SourceFile(path: "mask", sha256: nil) }
        (aligns, keepsExactSize) = (request.alignsToReference, request.keepsExactSize)
        (maxInputSide, referenceLatents) = (request.maxInputSide, request.referenceLatents)
    }
}
