import Imaging
import OmniGen2

extension EditingRecord {
    /// Reads the pictures.
    ///
    /// - Parameter warn: is told when a file is not what it was, is there twice, or is not read whole.
    /// - Throws: `CommandError` or `ImageError` for the first file that cannot be read.
    func load(into request: inout GenerationRequest, warn: (String) -> Void) throws {
        for (index, source) in sources.enumerated() {
            let isRepeated = sources[..<index].contains { $0.sha256 == source.sha256 }
            if isRepeated, source.sha256 != nil { warn("\(source.path) is given twice; both count as sources") }
        }
        request.references = try sources.map { try $0.picture(warn: warn) }
        request.mask = try mask.map { try $0.read(StillPicture(mask: $0.path), warn: warn) }
        request.alignsToReference = aligns
        request.keepsExactSize = keepsExactSize
        request.maxInputSide = maxInputSide
        request.referenceLatents = referenceLatents
    }
}

extension SourceFile {
    /// - Throws: `CommandError` when there is no such file.
    init(reading path: String) throws { self.init(path: path, sha256: try StillPicture.contentHash(of: path)) }

    func picture(warn: (String) -> Void) throws -> Image { try read(StillPicture(path: path), warn: warn) }

    /// - Parameter picture: what is there under its name now.
    fileprivate func read(_ picture: StillPicture, warn: (String) -> Void) -> Image {
        if let sha256, picture.contentHash != sha256 { warn("\(path) is not what it was when the picture was made") }
        for loss in picture.losses { warn(loss) }
        return picture.image
    }
}
