import Hub
import Imaging
import OmniGen2

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// What a PNG of ours says about the sources it was made of.
struct EditingRecord: Codable, Equatable {
    var sources: [SourceFile] = []
    var mask: SourceFile?
    var aligns = true
    var keepsExactSize = false
    var maxInputSide = GenerationRequest(prompt: "").maxInputSide
    var referenceLatents = GenerationRequest.ReferenceLatents.sample

    /// Reads the pictures; says when one is not what it was, or lost its transparency.
    func load(into request: inout GenerationRequest, warn: (String) -> Void) throws {
        request.references = try sources.map { try $0.picture(warn: warn) }
        request.mask = try mask?.picture(warn: warn)
        request.alignsToReference = aligns
        request.keepsExactSize = keepsExactSize
        request.maxInputSide = maxInputSide
        request.referenceLatents = referenceLatents
    }
}

/// A file and the hash of its bytes when it was used.
struct SourceFile: Codable, Equatable {
    let path: String
    let sha256: String

    /// - Throws: `CommandError` when there is no such file.
    init(reading path: String) throws {
        self.path = path
        sha256 = try Self.hash(path)
    }

    private static func hash(_ path: String) throws -> String {
        guard let bytes = FileManager.default.contents(atPath: path) else {
            throw CommandError(.noInput, "\(path): no such file, or it cannot be read")
        }
        return bytes.withUnsafeBytes { contentHash($0) }
    }

    func picture(warn: (String) -> Void) throws -> Image {
        if try Self.hash(path) != sha256 { warn("\(path) is not what it was when the picture was made") }
        let picture = try StillPicture(path: path)
        if picture.hadTransparency { warn("\(path) is partly transparent: composited on white") }
        return picture.image
    }
}
