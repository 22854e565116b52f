import Hashing
import Imaging

/// A picture file given by the user; moving pictures are refused by name.
struct StillPicture {
    let image: Image
    /// SHA-256 of the file's bytes.
    let contentHash: String
    /// What of the file is not in the picture, in one line each that names the file.
    let losses: [String]

    private static let videoExtensions = ["mp4", "m4v", "mov", "webm", "mkv", "avi"]

    /// - Throws: `CommandError` when there is no such file, or it is a video or a GIF; `ImageError` when it is damaged.
    init(path: String) throws {
        let bytes = try Self.bytes(of: path)
        contentHash = Self.hash(bytes)
        do {
            let file = try PictureFile(decoding: bytes, of: path)
            image = file.image
            losses =
                (file.hadTransparency ? ["\(path) is partly transparent: composited on white"] : [])
                + (file.hadWideSamples ? ["\(path) has 16 bits a sample: the high 8 are used"] : [])
        } catch {
            throw Self.explained(error, path)
        }
    }

    /// A mask, of which transparency says what may change, where there is some.
    ///
    /// - Throws: as of a picture.
    init(mask path: String) throws {
        let bytes = try Self.bytes(of: path)
        contentHash = Self.hash(bytes)
        losses = []
        do {
            image = try Image.mask(decoding: bytes)
        } catch {
            throw Self.explained(.inFile(path: path, error), path)
        }
    }

    /// SHA-256 of a file's bytes, before it is decoded.
    ///
    /// - Throws: `CommandError` when there is no such file, or it is a video.
    static func contentHash(of path: String) throws -> String { hash(try bytes(of: path)) }

    private static func hash(_ bytes: [UInt8]) -> String { Digest(.sha256, of: bytes).hexadecimal }

    private static func bytes(of path: String) throws -> [UInt8] {
        if videoExtensions.contains(where: { path.lowercased().hasSuffix(".\($0)") }) { throw refusal(path, "a video") }
        do {
            return try ImageFile.read(path)
        } catch {
            throw explained(error, path)
        }
    }

    private static func explained(_ error: ImageError, _ path: String) -> any Error {
        switch error {
        case .inFile(_, .unknownFormat(let start)): movingKind(start).map { refusal(path, $0) } ?? error
        case .fileSystem: CommandError(.noInput, "\(error)")
        default: error
        }
    }

    private static func refusal(_ path: String, _ kind: String) -> any Error {
        CommandError(.badData, "\(path): \(kind) is not supported; give a PNG, JPEG or WebP picture")
    }

    private static func movingKind(_ start: [UInt8]) -> String? {
        if start.starts(with: Array("GIF8".utf8)) { return "a GIF" }
        let isVideo =
            start.dropFirst(4).starts(with: Array("ftyp".utf8)) || start.starts(with: [0x1A, 0x45, 0xDF, 0xA3])
        return isVideo ? "a video" : nil
    }
}
