import Imaging
import OmniGen2
import Torch

/// Sizes of pictures that can be decoded whole.
enum PictureSizes {
    typealias Found = Result<PictureSize, ImageError>

    /// Decodes a picture.
    static func read(_ path: String) -> Found {
        Result { () throws(ImageError) in PictureSize(try Image(contentsOf: path)) }
    }

    /// Decodes pictures on all cores; no more of them are in memory at a time than there are cores.
    ///
    /// - Throws: `CancellationError` when the task is cancelled.
    static func read(_ paths: Set<String>) async throws -> [String: Found] {
        let cores = Processor.logicalThreadCount()
        return try await withThrowingTaskGroup(of: (path: String, found: Found).self) { group in
            var sizes: [String: Found] = [:]
            var running = 0
            for path in paths {
                if running == cores, let size = try await group.next() {
                    sizes[size.path] = size.found
                    running -= 1
                }
                group.addTask {
                    try Task.checkCancellation()
                    return (path, read(path))
                }
                running += 1
            }
            for try await size in group { sizes[size.path] = size.found }
            return sizes
        }
    }
}
