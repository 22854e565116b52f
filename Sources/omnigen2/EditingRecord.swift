import Imaging
import OmniGen2

/// What a PNG of ours says about the sources it was made of.
struct EditingRecord: Codable, Equatable {
    var sources: [SourceFile] = []
    var mask: SourceFile?
    var aligns = true
    var keepsExactSize = false
    var maxInputSide = GenerationRequest(prompt: "").maxInputSide
    var referenceLatents = GenerationRequest.ReferenceLatents.sample

    /// Whether the sources decide the size of the result.
    var decidesSize: Bool { keepsExactSize || (aligns && sources.count == 1) }

    /// Reads the pictures.
    ///
    /// - Parameter warn: is told when a file is not what it was, is there twice, or is not read whole.
    /// - Throws: `CommandError` or `ImageError` for the first file that cannot be read.
    func load(into request: inout GenerationRequest, warn: (String) -> Void) throws {
        for (index, source) in sources.enumerated() {
            let isRepeated = sources[..<index].contains { $0.sha256 == source.sha256 }
            if isRepeated { warn("\(source.path) is given twice; both count as sources") }
        }
        request.references = try sources.map { try $0.picture(warn: warn) }
        request.mask = try mask?.picture(warn: warn)
        request.alignsToReference = aligns
        request.keepsExactSize = keepsExactSize
        request.maxInputSide = maxInputSide
        request.referenceLatents = referenceLatents
    }
}

/// A file, as it was named, and the hash of its bytes when it was used.
struct SourceFile: Codable, Equatable {
    let path: String
    let sha256: String

    /// - Throws: `CommandError` when there is no such file.
    init(reading path: String) throws {
        self.path = path
        sha256 = try StillPicture.contentHash(of: path)
    }

    func picture(warn: (String) -> Void) throws -> Image {
        let picture = try StillPicture(path: path)
        if picture.contentHash != sha256 { warn("\(path) is not what it was when the picture was made") }
        for loss in picture.losses { warn(loss) }
        return picture.image
    }
}
