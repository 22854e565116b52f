import Layers

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// A `.jsonl` or `.json` file of samples, one object a line. Only where lines begin is held in memory: a set of millions
/// of samples costs eight bytes each.
package final class SampleFile: SampleCollection {
    package let path: String
    /// Where relative paths of pictures begin; `nil` is the folder of the file.
    package let imageFolder: String?
    private let map: MemoryMap
    /// Byte ranges of the lines that are not blank, and their numbers, counted from 1.
    private let lines: [Line]

    private struct Line {
        let start: Int
        let count: UInt32
        let number: UInt32
    }

    /// - Throws: `SafetensorsError` when the file cannot be mapped, `SampleError` for a line of 4 GB.
    package init(path: String, imageFolder: String? = nil) throws {
        self.path = path
        self.imageFolder = imageFolder
        map = try MemoryMap(path: path)
        var lines: [Line] = []
        var (start, number) = (0, 1)
        while start < map.bytes.count {
            let rest = UnsafeRawBufferPointer(rebasing: map.bytes[start...])
            let count = rest.firstIndex(of: UInt8(ascii: "\n")) ?? rest.count
            if rest[..<count].contains(where: { !Self.isBlank($0) }) {
                guard let count = UInt32(exactly: count), let number = UInt32(exactly: number) else {
                    throw SampleError(origin: "\(path):\(number)", reason: "too long")
                }
                lines.append(Line(start: start, count: count, number: number))
            }
            start += count + 1
            number += 1
        }
        self.lines = lines
    }

    /// The files of samples in a folder and its folders, in the order of their names.
    package static func paths(inFolder folder: String) -> [String] {
        let names = (try? FileManager.default.subpathsOfDirectory(atPath: folder)) ?? []
        return names.filter { $0.hasSuffix(".jsonl") || $0.hasSuffix(".json") }.sorted().map { "\(folder)/\($0)" }
    }

    package var count: Int { lines.count }

    /// The sample of a line.
    ///
    /// - Throws: `SampleError` that names file and line.
    package subscript(index: Int) -> TrainingSample {
        get throws(SampleError) {
            let line = lines[index]
            let bytes = UnsafeRawBufferPointer(rebasing: map.bytes[line.start..<line.start + Int(line.count)])
            let base = imageFolder.map { $0 + "/" } ?? path
            return try TrainingSample(json: Array(bytes), file: base, origin: "\(path):\(line.number)")
        }
    }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x0D || byte == 0x09 }
}
