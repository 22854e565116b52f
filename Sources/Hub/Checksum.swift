import Crypto

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

    private enum State {
        case sha256(SHA256)
        case gitBlob(Insecure.SHA1)
    }

    private var state: State

    init(kind: Expected, size: Int) {
        switch kind {
        case .sha256: state = .sha256(SHA256())
        case .gitBlob:
            var hash = Insecure.SHA1()
            hash.update(data: Array("blob \(size)\0".utf8))
            state = .gitBlob(hash)
        }
    }

    mutating func update(_ bytes: UnsafeRawBufferPointer) {
        switch state {
        case .sha256(var hash):
            hash.update(bufferPointer: bytes)
            state = .sha256(hash)
        case .gitBlob(var hash):
            hash.update(bufferPointer: bytes)
            state = .gitBlob(hash)
        }
    }

    /// Lower-case hexadecimal digest of all bytes so far.
    var hexadecimal: String {
        switch state {
        case .sha256(let hash): Self.text(hash.finalize())
        case .gitBlob(let hash): Self.text(hash.finalize())
        }
    }

    private static func text(_ digest: some Sequence<UInt8>) -> String {
        digest.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}

/// The SHA-256 of bytes, in hexadecimal.
package func contentHash(_ bytes: UnsafeRawBufferPointer) -> String {
    var hash = SHA256()
    hash.update(bufferPointer: bytes)
    return hash.finalize().map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
}
