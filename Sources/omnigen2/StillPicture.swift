import Imaging

/// A picture file given by the user; moving pictures are refused by name.
struct StillPicture {
    let image: Image
    /// Whether some of it was transparent, and is white now.
    let hadTransparency: Bool

    private static let videoExtensions = ["mp4", "m4v", "mov", "webm", "mkv", "avi"]

    /// - Throws: `CommandError` when there is no such file, or it is a video or a GIF; `ImageError` when it is damaged.
    init(path: String) throws {
        if Self.videoExtensions.contains(where: { path.lowercased().hasSuffix(".\($0)") }) {
            throw Self.refusal(path, "a video")
        }
        do {
            let file = try PictureFile(contentsOf: path)
            (image, hadTransparency) = (file.image, file.hadTransparency)
        } catch {
            throw Self.explained(error, path)
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
