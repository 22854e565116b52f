import Hashing

/// The content hash by which the hub names a file, and the running state of computing it.
///
/// A file in large file storage is named by its SHA-256, any other by git's object id: the SHA-1 of `blob N\0` and
/// the N bytes.
struct Checksum {
    enum Expected: Sendable, Equatable {
        case sha256(String)
        case gitBlob(String)

        var hexadecimal: String {
            switch self {
            case .sha256(let text), .gitBlob(let text): text
            }
        }
    }

    private var state: DigestState

    init(kind: Expected, size: Int) {
        switch kind {
        case .sha256: state = DigestState(.sha256)
        case .gitBlob:
            state = DigestState(.sha1)
            Array("blob \(size)\0".utf8).withUnsafeBytes { state.update($0) }
        }
    }

    mutating func update(_ bytes: UnsafeRawBufferPointer) { state.update(bytes) }

    /// Lower-case hexadecimal digest of all bytes so far.
    var hexadecimal: String { state.digest.hexadecimal }
}
